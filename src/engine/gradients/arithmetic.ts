/** Rules of arithmetic between two tensors, with broadcasting. */
import * as tf from '../tfjs.js';
import { constant } from './constant.js';
import { type Rule, rule } from './rule.js';

type Slope = (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** Sums dy over the axes along which `shape` was broadcast. Never dy itself: tfjs disposes what it adds up. */
export function unbroadcast(dy: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, dy.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(dy, axes) : dy, shape);
}

const binary = (towardsA: Slope, towardsB: Slope): Rule =>
  rule(['a', 'b'], (dy, [a, b]) => ({
    a: () => unbroadcast(towardsA(dy, a, b), a.shape),
    b: () => unbroadcast(towardsB(dy, a, b), b.shape),
  }));

/** Rule of a choice between a and b: dy goes where a was taken. */
const choice = (takesA: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Rule => {
  const mask = (a: tf.Tensor, b: tf.Tensor) => tf.cast(takesA(a, b), 'float32');
  return binary(
    (dy, a, b) =>
      tf.mul(
        dy,
        constant(() => mask(a, b)),
      ),
    (dy, a, b) =>
      tf.mul(
        dy,
        constant(() => tf.sub(1, mask(a, b))),
      ),
  );
};

export const arithmetic: Record<string, Rule> = {
  Add: binary(
    (dy) => dy,
    (dy) => dy,
  ),
  Sub: binary(
    (dy) => dy,
    (dy) => tf.neg(dy),
  ),
  Multiply: binary(
    (dy, _, b) => tf.mul(dy, tf.cast(b, 'float32')),
    (dy, a) => tf.mul(dy, tf.cast(a, 'float32')),
  ),
  RealDiv: binary(
    (dy, _, b) => tf.div(dy, b),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b))),
  ),
  SquaredDifference: binary(
    (dy, a, b) => tf.mul(tf.mul(2, dy), tf.sub(a, b)),
    (dy, a, b) => tf.mul(tf.mul(2, dy), tf.sub(b, a)),
  ),
  Pow: binary(
    (dy, a, b) => tf.mul(dy, tf.mul(b, tf.pow(a, tf.sub(b, 1)))),
    (dy, a, b) => {
      // 0 ** b is flat in b; log is taken of 1 there so that no infinity enters.
      const positive = constant(() => tf.cast(tf.greater(a, 0), 'float32'));
      const safe = tf.add(
        tf.mul(a, positive),
        constant(() => tf.sub(1, positive)),
      );
      return tf.mul(dy, tf.mul(tf.pow(a, b), tf.log(safe)));
    },
  ),
  Maximum: choice((a, b) => tf.greaterEqual(a, b)),
  Minimum: choice((a, b) => tf.lessEqual(a, b)),
  AddN: { save: 'all', gradient: (dy, saved) => Object.fromEntries(saved.map((_, i) => [i, () => tf.clone(dy)])) },
  Select: rule(['condition', 't'], (dy, [condition, t]) => {
    const mask = () => tf.cast(condition.rank === t.rank ? condition : leading(condition, t.rank), 'float32');
    return {
      condition: () => tf.zeros(condition.shape),
      t: () => tf.mul(dy, constant(mask)),
      e: () =>
        tf.mul(
          dy,
          constant(() => tf.sub(1, mask())),
        ),
    };
  }),
  Prelu: rule(['x', 'alpha'], (dy, [x, alpha]) => {
    const mask = constant(() => tf.step(x));
    const below = constant(() => tf.sub(1, mask));
    return {
      x: () => tf.mul(dy, tf.add(mask, tf.mul(below, alpha))),
      alpha: () => unbroadcast(tf.mul(dy, tf.mul(below, x)), alpha.shape),
    };
  }),
};

/** A condition over the first axis only, with the rank of the values. */
const leading = (condition: tf.Tensor, rank: number) =>
  tf.reshape(condition, [...condition.shape, ...Array(rank - condition.rank).fill(1)]);
