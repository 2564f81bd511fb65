/** Rules of sums, means, extremes, softmax and products of matrices. */
import * as tf from '../tfjs.js';
import { constant } from './constant.js';
import { type Attributes, type Rule, rule } from './rule.js';

const axesOf = (axis: number | number[] | null, x: tf.Tensor) =>
  axis === null || axis === undefined ? x.shape.map((_, i) => i) : tf.util.parseAxisParam(axis, x.shape);

/** dy with the reduced axes back, of length 1. */
const keep = (dy: tf.Tensor, x: tf.Tensor, axes: number[]) =>
  tf.reshape(
    dy,
    x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
  );

const spread = (dy: tf.Tensor, x: tf.Tensor, axes: number[], scale: number) =>
  tf.mul(
    keep(dy, x, axes),
    constant(() => tf.fill(x.shape, scale)),
  );

/** Rule of a maximum or minimum over axes: dy is shared equally between the places that reach it, as in PyTorch. */
const extreme = (reduce: typeof tf.max, axisName: string): Rule =>
  rule(['x'], (dy, [x], attributes) => ({
    x: () => {
      const axes = axesOf(attributes[axisName], x);
      const share = constant(() => {
        const reached = tf.cast(tf.equal(x, reduce(x, axes, true)), 'float32');
        return tf.div(reached, tf.sum(reached, axes, true));
      });
      return tf.mul(keep(dy, x, axes), share);
    },
  }));

/** The gradients of op(a) op(b), where op transposes or not, are again products of that kind. */
function matMulGradient(dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor, { transposeA, transposeB }: Attributes) {
  const towardsA = transposeA ? () => tf.matMul(b, dy, transposeB, true) : () => tf.matMul(dy, b, false, !transposeB);
  const towardsB = transposeB ? () => tf.matMul(dy, a, true, transposeA) : () => tf.matMul(a, dy, !transposeA, false);
  return { a: () => sumBatch(towardsA(), a.shape), b: () => sumBatch(towardsB(), b.shape) };
}

/** Sums over the leading axes along which a matrix was broadcast. */
function sumBatch(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return axes.length > 0 ? tf.reshape(tf.sum(gradient, axes), shape) : gradient;
}

export const reductions: Record<string, Rule> = {
  Sum: rule(['x'], (dy, [x], { axis }) => ({ x: () => spread(dy, x, axesOf(axis, x), 1) })),
  Mean: rule(['x'], (dy, [x], { axis }) => {
    const axes = axesOf(axis, x);
    return { x: () => spread(dy, x, axes, 1 / axes.reduce((n, i) => n * x.shape[i]!, 1)) };
  }),
  Max: extreme(tf.max, 'reductionIndices'),
  Min: extreme(tf.min, 'axis'),
  Cumsum: rule([], (dy, _, { axis, exclusive, reverse }) => ({ x: () => tf.cumsum(dy, axis, exclusive, !reverse) })),
  Softmax: rule(['logits'], (dy, [logits], { dim }) => ({
    logits: () => {
      const y = tf.softmax(logits, dim);
      return tf.mul(tf.sub(dy, tf.sum(tf.mul(dy, y), dim, true)), y);
    },
  })),
  BatchMatMul: rule(['a', 'b'], (dy, [a, b], attributes) => matMulGradient(dy, a, b, attributes)),
};
