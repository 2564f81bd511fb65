import { ndarray } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checked } from '../core/option-table.js';
import type { AttackSteps, NamedArray, Observation, Reconstruction } from '../core/types.js';
import { entranceOf } from '../models/index.js';
import { judged } from './confidence/judge.js';
import { labelsOf } from './infer-labels.js';
import { clamped } from './search/minimise.js';
import { checkNeeds, checkObservation, type Needs } from './search/needs.js';
import { RUN_OPTIONS, type RunOptions } from './search/recipe.js';
import { finish } from './search/run-search.js';

/** What {@link analytic} needs; labels only to name the pictures' classes. */
export const ANALYTIC_NEEDS: Needs = { biasedFirstLayer: true, labels: 'readable' };

/**
 * The analytic leak of a dense layer with bias, z = x W + b, at the entrance of a network: every local step adds
 * sum_b x_b d_br to W's column r and sum_b d_br to b_r, so that
 *
 *     x = dW[:, r] / db[r]        for every neuron r with db[r] != 0.
 *
 * Of a picture that is normalised first, x is the normalised one, and the normalisation is taken off.
 * One image: exact, for any number of local steps, without search. A batch: the quotient of neuron r is the mixture
 * sum_b d_br x_b / sum_b d_br; the mixtures of the neurons with the largest |db| are returned, one per image. Where a
 * ReLU neuron was active for a single image, its mixture is that image.
 * Options are those of every attack and make no difference: nothing is searched.
 * `objective` is the share of dW that the first picture alone does not explain, |dW - x db^T|^2 / |dW|^2.
 * Source: Phong et al. 2017 and 2018; Geiping et al. 2020, proposition 3.1.
 * @throws a network whose first layer is not dense with bias; an update without a gradient in that layer
 * @example
 * const flat = rog.network({ name: 'flat', imageShape: [32, 32, 3], classes: 10, layers: [
 *   { kind: 'dense', units: 20, bias: true }, { kind: 'relu' }, { kind: 'dense', units: 10, bias: true }] });
 * const { images } = await rog.attacks.analytic(rog.observe(flat, await rog.clientUpdate(flat, batch)))
 */
export async function analytic(observation: Observation, options: RunOptions = {}): Promise<Reconstruction> {
  checkObservation('analytic', observation);
  checked('analytic', options, RUN_OPTIONS);
  return finish(judged(observation, quotients(observation)));
}

/** The same as a sequence of no steps, its pictures not judged: for an attack that goes on from them. */
export async function* quotients(observation: Observation): AttackSteps {
  const began = performance.now();
  const { model, tensors, client, labels: known } = observation;
  checkNeeds('analytic', observation, ANALYTIC_NEEDS);
  const [dW, db] = tensors as [NamedArray, NamedArray];
  const neurons = strongest(db.data, client.batchSize);
  if (neurons.length < client.batchSize)
    throw problem('analytic', `needs ${client.batchSize} neurons with a bias gradient other than 0`, neurons.length);

  const columns = neurons.map((r) => quotient(dW, db, r));
  const { gain, shift } = entranceOf(model);
  const pixel = (value: number, i: number): number => (value - shift[i % shift.length]!) / gain[i % gain.length]!;
  if (!columns.every((x) => x.every(Number.isFinite)))
    throw problem('analytic', 'the update must be finite numbers', 'NaN or infinities');
  const images = ndarray(
    [client.batchSize, ...model.imageShape],
    Float32Array.from(columns.flatMap((x) => [...x.map(pixel)])),
  );
  const inferred = known ? undefined : await labelsOf(observation);
  const labels = known ?? inferred!.labels;
  return {
    kind: 'reconstruction',
    attack: 'analytic',
    images: clamped(images),
    labels,
    labelSource: {
      method: inferred?.method ?? 'given',
      confidence: inferred?.confidence ?? Array.from(labels, () => 1),
    },
    objective: unexplained(dW, db, columns[0]!),
    history: [],
    closures: 0,
    seconds: (performance.now() - began) / 1000,
    engine: 'arithmetic',
    settings: { attack: 'analytic', neurons, model: model.name, obfuscation: observation.obfuscation.name },
    stopped: 'finished',
  };
}

/** The neurons with the largest |db|, at most `count`, none with db = 0. */
const strongest = (db: Float32Array, count: number): number[] =>
  Array.from(db, (_, r) => r)
    .filter((r) => db[r] !== 0)
    .sort((a, b) => Math.abs(db[b]!) - Math.abs(db[a]!))
    .slice(0, count);

function quotient({ shape, data }: NamedArray, db: NamedArray, r: number): Float32Array {
  const [inputs, units] = shape as [number, number];
  return Float32Array.from({ length: inputs }, (_, i) => data[i * units + r]! / db.data[r]!);
}

function unexplained({ shape, data }: NamedArray, db: NamedArray, x: Float32Array): number {
  const units = shape[1]!;
  const [left, all] = data.reduce(
    ([rest, total], value, at) => {
      const difference = value - x[Math.floor(at / units)]! * db.data[at % units]!;
      return [rest + difference * difference, total + value * value];
    },
    [0, 0],
  );
  return left / all;
}
