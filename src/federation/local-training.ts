import { oneHot } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { deriveSeed, permutation, uniformStream } from '../core/random.js';
import type { ClientPrivacy, Model, NamedArray, NdArray } from '../core/types.js';
import { compile, crossEntropy, type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { forward } from '../models/index.js';
import { checkIndependent } from './independent.js';
import { pickImages } from './pick-images.js';
import { zeros } from './picked-rows.js';
import { datasOf, named } from './private-gradient.js';
import { isAccounted } from './private-settings.js';
import { privateStep } from './private-step.js';

/** How every client of a federation trains in a round. */
export interface LocalSettings {
  readonly localSteps: number;
  /** Images per local step; with privacy the expected number. A client with fewer uses all it has. */
  readonly batchSize: number;
  /** Mirror images at random. */
  readonly flip: boolean;
  /** Clip each example's gradient and add noise to every local step (DP-SGD, Fed-CDP, the talk). */
  readonly privacy?: ClientPrivacy;
}

/** One client's round, as plain data. */
export interface LocalTask {
  readonly weights: readonly NamedArray[];
  readonly images: NdArray;
  readonly labels: Int32Array;
  /** Rows of `images` in each local step, see {@link drawBatches}. */
  readonly batches: readonly (readonly number[])[];
  readonly learningRate: number;
  /** Of mirroring and of the noise of example-level privacy. */
  readonly seed: number;
}

/** What the client did: delta = (w0 - w_tau) / learningRate, and its mean loss over the local steps. */
export interface LocalResult {
  readonly tensors: readonly NamedArray[];
  readonly loss: number;
}

/** Trains clients of one model, one after the other. Dispose it when done. */
export interface LocalTrainer {
  readonly run: (task: LocalTask) => Promise<LocalResult>;
  readonly engine: string;
  readonly dispose: () => void;
}

/** One local step: the next weights and the loss at the old ones. */
type Move = (weights: readonly NamedArray[], task: LocalTask, step: number) => Promise<LocalResult>;

/**
 * w_{t+1} = w_t - learningRate * gradient(w_t; mini-batch t), tau times; the update is (w0 - w_tau) / learningRate.
 *
 * With `privacy` the gradient is (sum of clipped gradients + noise) / batchSize, whatever the number drawn. A step
 * runs on one thread, so that the result does not depend on how many clients run side by side.
 */
export async function localTrainer(model: Model, settings: LocalSettings): Promise<LocalTrainer> {
  const { move, engine, dispose } = await (settings.privacy ? privateMove : plainMove)(model, settings);
  const run = async (task: LocalTask): Promise<LocalResult> => {
    let weights = task.weights;
    let loss = 0;
    for (let t = 0; t < task.batches.length; t++) {
      const next = await move(weights, task, t);
      weights = next.tensors;
      loss += next.loss / task.batches.length;
    }
    if (!Number.isFinite(loss))
      throw problem('federate', "a client's loss is no number any more", loss, 'lower the learning rate or the noise');
    const tensors = task.weights.map(({ name, shape, data }, k) => {
      const last = weights[k]!.data;
      return { name, shape, data: data.map((w, i) => (w - last[i]!) / task.learningRate) };
    });
    return { tensors, loss };
  };
  return { run, engine, dispose };
}

interface Mover {
  readonly move: Move;
  readonly engine: string;
  readonly dispose: () => void;
}

async function plainMove(model: Model, { batchSize, flip }: LocalSettings): Promise<Mover> {
  checkIndependent('federate', model, 'clients are averaged without running statistics');
  const logits = forward(model);
  const [height, width, channels] = model.imageShape;
  const [blank, noTargets] = [zeros([batchSize, height, width, channels]), zeros([batchSize, model.classes])];
  const step = await compile(
    (x: Tensor, y: Tensor, rate: Tensor, ...weights: Tensor[]) => {
      const loss = (...w: Tensor[]): tf.Scalar => crossEntropy(logits(w, x), y as Tensor2D);
      const { value, grads } = tf.valueAndGrads(loss)(weights);
      const by = tf.reshape(rate, []);
      return [value, ...weights.map((w, k) => tf.sub(w, tf.mul(grads[k]!, by)))];
    },
    [blank, noTargets, { shape: [1], data: new Float32Array(1) }, ...model.parameters],
    { name: `local step of ${model.name}`, threads: 1 },
  );
  const move: Move = async (weights, { images, labels, batches, learningRate, seed }, t) => {
    const rows = batches[t]!;
    const chosen = pickImages(images, rows, flip, deriveSeed(seed, 'flip', t));
    const x = { ...blank, data: filled(chosen.data, blank.data.length) };
    // A blank row has no target and so no loss; the others count for as much more.
    const targets = oneHot('federate', pick(labels, rows), model.classes).data;
    const share = batchSize / rows.length;
    const weighed = share === 1 ? targets : targets.map((v) => v * share);
    const y = { ...noTargets, data: filled(weighed, noTargets.data.length) };
    const [value, ...next] = await step.run(x, y, { shape: [1], data: Float32Array.of(learningRate) }, ...weights);
    return { loss: value!.data[0]!, tensors: named(model, datasOf(next)) };
  };
  return { move, engine: step.engine, dispose: step.dispose };
}

async function privateMove(model: Model, { batchSize, flip, privacy }: LocalSettings): Promise<Mover> {
  const { run, engine, dispose } = await privateStep(model, privacy!, { batchSize, threads: 1 });
  const move: Move = async (weights, { images, labels, batches, learningRate, seed }, t) => {
    const rows = batches[t]!;
    const chosen = pickImages(images, rows, flip, deriveSeed(seed, 'flip', t));
    const targets = oneHot('federate', pick(labels, rows), model.classes);
    const next = await run(weights, chosen, targets, learningRate, deriveSeed(seed, 'noise', t));
    return { loss: next.loss / Math.max(1, rows.length), tensors: named(model, next.weights) };
  };
  return { move, engine, dispose };
}

const pick = (labels: Int32Array, rows: readonly number[]): Int32Array => Int32Array.from(rows, (row) => labels[row]!);

function filled(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const out = new Float32Array(length);
  out.set(values);
  return out;
}

/**
 * Which of a client's n images take part in each local step: in one seeded order after the other, batchSize at a time,
 * all n where there are fewer. With noise that an epsilon is accounted for: each with probability batchSize / n
 * (Poisson sampling).
 */
export const drawBatches = (n: number, { localSteps, batchSize, privacy }: LocalSettings, seed: number): number[][] =>
  Array.from({ length: localSteps }, (_, t) =>
    (privacy && isAccounted(privacy) ? poisson : roundRobin)(n, batchSize, t, seed),
  );

/** Mini-batch t of an endless row of seeded orders of n images; an order's rest that fills no batch is dropped. */
function roundRobin(n: number, batchSize: number, t: number, seed: number): number[] {
  const size = Math.min(batchSize, n);
  const perOrder = Math.floor(n / size);
  const order = permutation(n, deriveSeed(seed, 'order', Math.floor(t / perOrder)));
  const from = (t % perOrder) * size;
  return order.slice(from, from + size);
}

/** Each of n images with probability batchSize / n. */
function poisson(n: number, batchSize: number, t: number, seed: number): number[] {
  const uniform = uniformStream(deriveSeed(seed, 'sample', t));
  return Array.from({ length: n }, (_, i) => i).filter(() => uniform() < batchSize / n);
}
