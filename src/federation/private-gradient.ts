import { checkOptions, number } from '../core/options.js';
import { normalStream } from '../core/random.js';
import type { ClientPrivacy, Model, NamedArray, NdArray } from '../core/types.js';
import { compile, crossEntropy, type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { forward } from '../models/index.js';
import { checkIndependent } from './independent.js';

/** Sums of clipped per-example gradients, over any number of examples. Dispose it when done. */
export interface ClippedGradients {
  /**
   * sum_i g_i min(1, C / ||g_i||), one array per parameter, and the sum of the losses; `targets` one-hot, [n, classes].
   */
  readonly run: (
    weights: readonly NdArray[],
    images: NdArray,
    targets: NdArray,
    clip: number,
  ) => Promise<{ sum: Float32Array[]; loss: number }>;
  readonly engine: string;
  readonly dispose: () => void;
}

/** Examples per compiled step: their gradients stay inside it, only the sum comes out. */
const GROUP = 8;

/** The bound holds in spite of float32 rounding of norm and product. */
const MARGIN = 1 - 1e-5;

/**
 * g_i min(1, C / ||g_i||) summed over the examples, g_i the gradient of example i's cross-entropy over all parameters:
 * the clipping of DP-SGD at example level (Abadi et al. 2016, algorithm 1; Fed-CDP, Wei et al. 2021). One traced step
 * holds a group of examples.
 */
export async function clippedGradients(model: Model, threads?: number): Promise<ClippedGradients> {
  checkIndependent('privacy', model, 'each example has a gradient of its own');
  const logits = forward(model);
  const [height, width, channels] = model.imageShape;
  const shape = [GROUP, height, width, channels];
  const one = (x: Tensor, y: Tensor, mask: Tensor, clip: Tensor, weights: Tensor[], i: number): Tensor[] => {
    const row = (t: Tensor): Tensor => tf.slice(t, [i], [1]);
    const { value, grads } = tf.valueAndGrads((...w: Tensor[]) => crossEntropy(logits(w, row(x)), row(y) as Tensor2D))(
      weights,
    );
    const norm = tf.sqrt(tf.addN(grads.map((g) => tf.sum(tf.square(g)))));
    const share = tf.mul(
      tf.reshape(row(mask), []),
      tf.minimum(1, tf.div(tf.reshape(clip, []), tf.maximum(norm, 1e-30))),
    );
    return [tf.mul(value, tf.reshape(row(mask), [])), ...grads.map((g) => tf.mul(g, share))];
  };
  const step = await compile(
    (x: Tensor, y: Tensor, mask: Tensor, clip: Tensor, ...weights: Tensor[]) => {
      const examples = Array.from({ length: GROUP }, (_, i) => one(x, y, mask, clip, weights, i));
      return examples[0]!.map((_, k) => tf.addN(examples.map((example) => example[k]!)));
    },
    [zeros(shape), zeros([GROUP, model.classes]), zeros([GROUP]), zeros([1]), ...model.parameters],
    { name: `clipped gradients of ${model.name}`, ...(threads && { threads }) },
  );
  const size = height * width * channels;
  const run: ClippedGradients['run'] = async (weights, images, targets, clip) => {
    const sum = model.parameters.map(({ data }) => new Float32Array(data.length));
    let loss = 0;
    for (let from = 0; from < targets.shape[0]!; from += GROUP) {
      const count = Math.min(GROUP, targets.shape[0]! - from);
      const x = padded(images, from, count, size, shape);
      const y = padded(targets, from, count, model.classes, [GROUP, model.classes]);
      const mask = { shape: [GROUP], data: Float32Array.from({ length: GROUP }, (_, i) => (i < count ? 1 : 0)) };
      const bound = { shape: [1], data: Float32Array.of(clip * MARGIN) };
      const [value, ...parts] = await step.run(x, y, mask, bound, ...weights);
      loss += value!.data[0]!;
      parts.forEach(({ data }, k) => {
        const into = sum[k]!;
        for (let i = 0; i < into.length; i++) into[i]! += data[i]!;
      });
    }
    return { sum, loss };
  };
  return { run, engine: step.engine, dispose: step.dispose };
}

const zeros = (shape: readonly number[]): NdArray => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

/** Rows from..from+count of an array, followed by zeros. */
function padded({ data }: NdArray, from: number, count: number, size: number, shape: readonly number[]): NdArray {
  const out = zeros(shape);
  out.data.set(data.subarray(from * size, (from + count) * size));
  return out;
}

/**
 * (sum + noiseMultiplier C n) / expected, n standard normal: the private mean gradient. One draw per entry, in order.
 */
export function noised(
  sum: readonly Float32Array[],
  { clip, noiseMultiplier }: ClientPrivacy,
  expected: number,
  seed: number,
): Float32Array[] {
  const next = normalStream(seed);
  const sigma = noiseMultiplier * clip;
  return sum.map((values) => values.map((value) => (value + (sigma > 0 ? sigma * next() : 0)) / expected));
}

/** Checked settings of example-level privacy. */
export function checkPrivacy(where: string, privacy: ClientPrivacy): ClientPrivacy {
  checkOptions(`${where} privacy`, privacy, ['clip', 'noiseMultiplier']);
  number(where, 'privacy.clip', privacy.clip, 0, Number.POSITIVE_INFINITY, true);
  number(where, 'privacy.noiseMultiplier', privacy.noiseMultiplier, 0, Number.POSITIVE_INFINITY);
  return privacy;
}

/** Arrays with the names and shapes of a model's parameters. */
export const named = (model: Pick<Model, 'parameters'>, arrays: readonly Float32Array[]): NamedArray[] =>
  model.parameters.map(({ name, shape }, k) => ({ name, shape, data: arrays[k]! }));
