import { ndarray, oneHot } from '../../core/arrays.js';
import { hidesScale } from '../../core/evidence.js';
import type { Evidence, NdArray, Observation } from '../../core/types.js';
import { compile, type Tensor, type Tensor4D, tf } from '../../engine/index.js';
import { localSteps } from '../../federation/index.js';
import { numbersOf, readNumbers } from '../closure.js';
import { OBJECTIVES, type ObjectiveName } from '../objectives.js';
import { PRIORS } from '../priors.js';

/** How well pictures explain an observed update. */
export interface Measured {
  /** The yardstick: `unexplained` + 0.03 `roughness`. Less is better. */
  readonly value: number;
  /** Mean share of the tensors that the pictures do not explain, 0 to 1; large tensors count more, by the log of their length. */
  readonly unexplained: number;
  /** The share of each tensor; NaN where phi left nothing to compare. */
  readonly shares: readonly number[];
  /** Colour total variation of the pictures, a mean per pixel. */
  readonly roughness: number;
  /** sum |g - q|^2 / sum |q|^2 over all tensors, as the shares take the two. */
  readonly squares: number;
  /** An objective of gradient matching at the pictures, without a prior. */
  readonly objective: number;
}

/** Measures pictures against one observation. Dispose it when the attack is done. */
export interface Yardstick {
  readonly measure: (images: NdArray) => Promise<Measured>;
  readonly dispose: () => void;
}

/** Between two explanations equally good, the smoother one is likelier a picture. */
const ROUGHNESS = 0.03;

/**
 * One yardstick for the pictures of all attacks, by what the server knows: the client is simulated on them, and per tensor the
 * share of the received update q that their update g does not explain, under what phi left known,
 *
 *     intervals    |relu(|g - q| - half-width)| / |q|
 *     noise        sqrt((|g - q|^2 - n sigma^2)+ / (|q|^2 - n sigma^2)); nothing where the noise drowns the tensor
 *     signs        sum relu(-g q) / sum |g|
 *     no scale     sqrt(1 - cos(g, q)^2)
 *
 * Every tensor counts, so neither one huge dense layer nor the convolutions alone decide.
 * @param objective whose value at the pictures is told besides
 */
export async function yardstick(
  observation: Observation,
  labels: Int32Array,
  objective: ObjectiveName,
): Promise<Yardstick> {
  const { model, tensors, client, obfuscation } = observation;
  const simulate = localSteps(model, client);
  const count = tensors.length;
  const evaluate = (x: Tensor, y: Tensor, numbers: Tensor, ...rest: Tensor[]): Tensor[] => {
    const [observed, parameters] = [rest.slice(0, count), rest.slice(count)];
    const { about } = readNumbers(numbers, count);
    const { delta } = simulate(parameters, x, y);
    const parts = delta.map((g, k) =>
      compared(g, observed[k]!, obfuscation.evidence[k]!, about.tolerance[k]!, about.zeroTolerance[k]!),
    );
    return [OBJECTIVES[objective](delta, observed, about), PRIORS.colorTv(x as Tensor4D), ...parts];
  };
  const targets = oneHot('rog', labels, model.classes);
  const numbers = numbersOf(observation, 0);
  const blank = ndarray([client.batchSize, ...model.imageShape]);
  const step = await compile(evaluate, [blank, targets, numbers, ...tensors], {
    constants: model.parameters,
    name: `yardstick of ${model.name}`,
  });
  return {
    dispose: step.dispose,
    measure: async (images) => {
      const [value, tv, ...parts] = (await step.run(images, targets, numbers, ...tensors)).map(({ data }) => data);
      const shares = parts.map((part, k) => shareOf(part, tensors[k]!.data.length, obfuscation.evidence[k]!));
      const unexplained = weightedMean(
        shares,
        tensors.map(({ data }) => Math.log(1 + data.length)),
      );
      const roughness = tv![0]!;
      const sum = (at: 0 | 1): number => parts.reduce((total, part) => total + part[at]!, 0);
      const squares = sum(0) / (sum(1) || 1);
      return {
        ...{ value: unexplained + ROUGHNESS * roughness, unexplained, shares, roughness, squares },
        objective: value![0]!,
      };
    },
  };
}

/** [what is left over, what it is a share of], of squares except after signs. */
function compared(g: Tensor, q: Tensor, evidence: Evidence, tolerance: Tensor, zeroTolerance: Tensor): Tensor {
  if (evidence.signOnly) return tf.stack([tf.sum(tf.relu(tf.neg(tf.mul(g, tf.sign(q))))), tf.sum(tf.abs(g))]);
  const squares = tf.sum(tf.square(q));
  if (hidesScale(evidence)) {
    const along = tf.square(tf.sum(tf.mul(g, q)));
    return tf.stack([tf.sub(squares, tf.div(along, tf.add(tf.sum(tf.square(g)), 1e-30))), squares]);
  }
  const away = tf.abs(tf.sub(g, q));
  if (evidence.noise > 0) return tf.stack([tf.sum(tf.square(away)), squares]);
  const dropped = tf.cast(tf.equal(q, 0), 'float32');
  const [kept, zero] = [bound(evidence.tolerance, tolerance), bound(evidence.zeroTolerance, zeroTolerance)];
  const width = tf.add(tf.mul(tf.sub(1, dropped), kept), tf.mul(dropped, zero));
  return tf.stack([tf.sum(tf.square(tf.relu(tf.sub(away, width)))), squares]);
}

/** A half-width as a tensor, where it is unbounded one that no entry exceeds. */
const bound = (value: number, told: Tensor): Tensor => (Number.isFinite(value) ? told : tf.scalar(1e30));

/** The part as a share between 0 and 1; NaN: the tensor says nothing. */
function shareOf(
  [left, whole]: ArrayLike<number> & Iterable<number>,
  entries: number,
  { noise, signOnly }: Evidence,
): number {
  const power = entries * noise * noise;
  // what the noise alone could be mistaken for: three standard deviations of its power
  const signal = whole! - power;
  if (!(signal > 3 * noise * noise * Math.sqrt(2 * entries))) return Number.NaN;
  const share = Math.max(0, left! - power) / signal;
  return Math.min(1, signOnly ? share : Math.sqrt(share));
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const known = values.flatMap((value, k) => (Number.isNaN(value) ? [] : [k]));
  const whole = known.reduce((sum, k) => sum + weights[k]!, 0);
  return whole > 0 ? known.reduce((sum, k) => sum + weights[k]! * values[k]!, 0) / whole : 0;
}
