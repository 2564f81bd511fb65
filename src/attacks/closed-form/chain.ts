import { hidesScale } from '../../core/evidence.js';
import { type Matrix, mapped, transpose } from '../../core/linear-algebra.js';
import { type Activations, activations, deviation, deviations, gated, sentBack } from './activation-estimates.js';
import { featureSolver } from './feature-solver.js';
import { type Guess, guessFrom } from './guess.js';
import { type Head, hiddenLayers, type InnerLayer } from './head.js';
import { refineMasks } from './masks.js';
import { posterior } from './normal-posterior.js';

/** What the dense layers say at given features: of the last hidden layer, and the errors that reach the first. */
export interface Passed extends Activations {
  /** Back-propagated errors of the first dense layer's units [B, units]. */
  readonly delta: Matrix;
}

/** The way through a head and back, ready for several rounds. */
export interface Chain {
  /**
   * @param cosine assumed of the features [B, D] to the true ones
   * @param refine whether the layers' own updates are heard about which units are active
   */
  readonly through: (features: Matrix, cosine: number, refine: boolean) => Promise<Passed>;
  readonly dispose: () => void;
}

/**
 * Forward, features give a guess of every hidden layer's inputs. Backward from the last layer, each layer's update is
 * linear in its inputs, the activations of the layer before it: they correct the guess, tell which units were active,
 * and so the errors one layer earlier,
 *
 *     G_k = H_{k-1}^T delta_k,   delta_{k-1} = (delta_k W_k^T) o [H_{k-1} > 0].
 */
export async function chainOf(head: Head, labels: Int32Array): Promise<Chain> {
  const hidden = hiddenLayers(head);
  const inner = hidden.slice(1);
  const solvers = await Promise.all(inner.map((first) => featureSolver({ first, nonNegative: true }, labels.length)));
  const heard = async (k: number, back: Matrix, odds: Matrix, inputs: Matrix, refine: boolean): Promise<Matrix> =>
    gated(back, refine ? await refineMasks(hidden[k]!, back, odds, inputs) : odds);
  return {
    dispose: () => {
      for (const { dispose } of solvers) dispose();
    },
    through: async (features, cosine, refine) => {
      const guesses: Guess[] = [];
      const inputs = [features];
      for (const layer of hidden) {
        const guess = await guessFrom({ first: layer }, inputs.at(-1)!, cosine);
        guesses.push(guess);
        inputs.push(mapped(guess.inputs, (z) => layer.factor * Math.max(0, z)));
      }
      let k = hidden.length - 1;
      const found = await activations(head, labels, guesses[k]!);
      const back = mapped(
        await sentBack(found.errors, { ...head.last, factor: head.factor }),
        (value) => value / labels.length,
      );
      let delta = await heard(k, back, found.odds, inputs[k]!, refine);
      for (; k > 0; k--) {
        const odds = await oddsBehind(
          hidden[k - 1]!,
          hidden[k]!,
          solvers[k - 1]!.solve,
          delta,
          guesses[k - 1]!,
          inputs[k]!,
        );
        delta = await heard(
          k - 1,
          await sentBack(delta, { ...hidden[k]!, factor: hidden[k - 1]!.factor }),
          odds,
          inputs[k - 1]!,
          refine,
        );
      }
      return { ...found, delta };
    },
  };
}

/** Log-odds that the units before a layer are active [B, units], from the layer's update and their guess. */
async function oddsBehind(
  { factor }: InnerLayer,
  { observed, evidence }: InnerLayer,
  solve: (delta: Matrix, start: Matrix) => Promise<Matrix>,
  delta: Matrix,
  { inputs, spread }: Guess,
  start: Matrix,
): Promise<Matrix> {
  if (hidesScale(evidence)) return inputs;
  const solved = await solve(delta, start);
  const unsure = deviations(transpose(delta), await deviation(evidence, observed));
  return mapped(inputs, (z, b, u) => {
    const seen = solved.data[b * solved.columns + u]!;
    return posterior(z, spread[b]!, seen / factor, unsure[b]! / factor).odds;
  });
}
