import { sizeOf } from '../core/arrays.js';
import { kernelGradients, type Tensor, type Tensor4D, tf, unfolded } from '../engine/index.js';
import type { Use } from '../models/index.js';

/** What the examples' gradients of one parameter are needed for, without keeping them. */
export interface Contribution {
  /** |g_i|^2, [n] */
  readonly squares: Tensor;
  /** sum_i w_i g_i, of the parameter's shape; w is [n]. */
  readonly weighted: (w: Tensor) => Tensor;
}

/**
 * The examples' gradients of a parameter from how it enters a value y and from the errors e_i = d loss_i / d y:
 * rows a_i of inputs and e_i of errors give g_i = a_i^T e_i, whose norm is |a_i| |e_i| for one row, sum (a_i a_i^T *
 * e_i e_i^T) for several (the gram form, Goodfellow 2015; Rochette et al. 2019; Li et al. 2022 "ghost norm"), or that
 * of g_i itself where it is small.
 * @param shape of the parameter
 */
export function contribution(use: Use, error: Tensor, shape: readonly number[], examples: number): Contribution {
  const table: { readonly [K in Use['kind']]: (use: Extract<Use, { readonly kind: K }>) => Contribution } = {
    product: ({ input }) => ofRows(perExample(input, examples), perExample(error, examples), shape),
    convolution: ({ input, how }) => {
      const [kh, kw, channels, filters] = shape as [number, number, number, number];
      const places = error.shape[1]! * error.shape[2]!;
      if (how.groups === 1 && prefersGram(places, kh * kw * channels, filters)) {
        const rows = tf.reshape(unfolded(input, [kh, kw], how), [examples, places, kh * kw * channels]);
        return ofRows(rows, tf.reshape(error, [examples, places, filters]), shape);
      }
      return ofKernels(kernelGradients(input, error as Tensor4D, shape, how), shape);
    },
    factor: ({ input }) => ofEach(overLeading(tf.mul(input(), error), shape, examples), shape),
    summand: () => ofEach(overLeading(error, shape, examples), shape),
  };
  return (table[use.kind] as (use: Use) => Contribution)(use);
}

/** Rows of one example after those of the other: [n, rows, width]. */
const perExample = (x: Tensor, examples: number): Tensor => tf.reshape(x, [examples, -1, x.shape.at(-1)!]);

/** Sums over the axes along which a parameter is repeated: [n, entries]. */
function overLeading(x: Tensor, shape: readonly number[], examples: number): Tensor {
  const rows = tf.reshape(x, [examples, -1, sizeOf(shape)]);
  return rows.shape[1] === 1 ? tf.reshape(rows, [examples, -1]) : tf.sum(rows, 1);
}

/** Reading and writing one entry costs about as much as this many products. */
const ENTRY = 16;

/** Whether products of pairs of rows are cheaper than forming each example's gradient. */
const prefersGram = (rows: number, inputs: number, outputs: number): boolean =>
  rows * rows * (inputs + outputs) < ENTRY * inputs * outputs;

function ofRows(a: Tensor, e: Tensor, shape: readonly number[]): Contribution {
  const [examples, rows, inputs] = a.shape as [number, number, number];
  const outputs = e.shape[2]!;
  if (rows > 1 && !prefersGram(rows, inputs, outputs))
    return ofEach(tf.reshape(tf.matMul(a, e, true), [examples, inputs * outputs]), shape);
  const flat = (x: Tensor): Tensor => tf.reshape(x, [examples * rows, -1]);
  return {
    squares:
      rows === 1
        ? tf.mul(tf.sum(tf.square(a), [1, 2]), tf.sum(tf.square(e), [1, 2]))
        : tf.relu(tf.sum(tf.mul(tf.matMul(a, a, false, true), tf.matMul(e, e, false, true)), [1, 2])),
    weighted: (w) => tf.reshape(tf.matMul(flat(a), flat(tf.mul(e, tf.reshape(w, [-1, 1, 1]))), true), [...shape]),
  };
}

/** From the gradients of kernels, [kh, kw, in, n, out]. */
const ofKernels = (gradients: Tensor, shape: readonly number[]): Contribution => ({
  squares: tf.sum(tf.square(gradients), [0, 1, 2, 4]),
  weighted: (w) => tf.reshape(tf.sum(tf.mul(gradients, tf.reshape(w, [-1, 1])), 3), [...shape]),
});

/** From the gradients themselves, [n, entries]. */
const ofEach = (gradients: Tensor, shape: readonly number[]): Contribution => ({
  squares: tf.sum(tf.square(gradients), 1),
  weighted: (w) => tf.reshape(tf.matMul(tf.reshape(w, [1, -1]), gradients), [...shape]),
});
