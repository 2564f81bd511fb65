/** Rules of elementwise functions. Where tfjs saves the output, these compute it again from the input, on the tape. */
import * as tf from '../tfjs.js';
import { constant } from './constant.js';
import { type Rule, rule } from './rule.js';

/** d f(x) = f'(x) dy */
const elementwise = (derivative: (x: tf.Tensor, attributes: { alpha: number }) => tf.Tensor): Rule =>
  rule(['x'], (dy, [x], attributes) => ({ x: () => tf.mul(dy, derivative(x, attributes)) }));

const zero: Rule = rule(['x'], (_, [x]) => ({ x: () => tf.zeros(x.shape) }));

/** 1 where x > 0, else 0; a constant. */
const positive = (x: tf.Tensor) => constant(() => tf.step(x));

/** exp(min(x, 0)): the derivative of elu, smooth on each side. */
const expNegative = (x: tf.Tensor) => tf.exp(tf.neg(tf.relu(tf.neg(x))));

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

export const activations: Record<string, Rule> = {
  Neg: rule([], (dy) => ({ x: () => tf.neg(dy) })),
  Exp: elementwise((x) => tf.exp(x)),
  Expm1: elementwise((x) => tf.exp(x)),
  Log: elementwise((x) => tf.reciprocal(x)),
  Log1p: elementwise((x) => tf.reciprocal(tf.add(1, x))),
  Sqrt: elementwise((x) => tf.mul(0.5, tf.rsqrt(x))),
  Rsqrt: elementwise((x) => tf.mul(-0.5, tf.div(tf.rsqrt(x), x))),
  Square: elementwise((x) => tf.mul(2, x)),
  Reciprocal: elementwise((x) => tf.neg(tf.reciprocal(tf.square(x)))),
  Sin: elementwise((x) => tf.cos(x)),
  Cos: elementwise((x) => tf.neg(tf.sin(x))),
  Atan: elementwise((x) => tf.reciprocal(tf.add(1, tf.square(x)))),
  Erf: elementwise((x) => tf.mul(2 / Math.sqrt(Math.PI), tf.exp(tf.neg(tf.square(x))))),
  Sigmoid: elementwise((x) => {
    const y = tf.sigmoid(x);
    return tf.mul(y, tf.sub(1, y));
  }),
  Tanh: elementwise((x) => tf.sub(1, tf.square(tf.tanh(x)))),
  Softplus: elementwise((x) => tf.sigmoid(x)),
  Elu: elementwise(expNegative),
  Selu: elementwise((x) => {
    const mask = positive(x);
    const below = constant(() => tf.mul(SELU_SCALE * SELU_ALPHA, tf.sub(1, mask)));
    return tf.add(tf.mul(SELU_SCALE, mask), tf.mul(below, expNegative(x)));
  }),
  Relu: elementwise(positive),
  Relu6: elementwise((x) => constant(() => tf.sub(tf.step(x), tf.step(tf.sub(x, 6))))),
  LeakyRelu: elementwise((x, { alpha }) => constant(() => tf.add(tf.mul(1 - alpha, tf.step(x)), alpha))),
  Abs: elementwise((x) => constant(() => tf.sign(x))),
  Sign: zero,
  Step: zero,
  Floor: zero,
  Ceil: zero,
  Round: zero,
  LogicalNot: zero,
  ZerosLike: zero,
  OnesLike: zero,
  ClipByValue: rule(['x'], (dy, [x], { clipValueMin: low, clipValueMax: high }) => {
    const inside = () => tf.logicalAnd(tf.greaterEqual(x, low), tf.lessEqual(x, high));
    return {
      x: () =>
        tf.mul(
          dy,
          constant(() => tf.cast(inside(), 'float32')),
        ),
    };
  }),
  ...Object.fromEntries(
    ['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr'].map((kernel) => [
      kernel,
      rule(['a', 'b'], (_, [a, b]) => ({ a: () => tf.zeros(a.shape), b: () => tf.zeros(b.shape) })),
    ]),
  ),
};
