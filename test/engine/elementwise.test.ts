import { test } from 'node:test';
import { type Tensor, tf } from '../../src/engine/index.js';
import { forEachEngine } from '../engines.js';
import { type Array64, checkDerivatives, spaced } from './derivatives.js';
import { erf, map, zip } from './reference.js';

const [seluScale, seluAlpha] = [1.0507009873554805, 1.6732632423543772];
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

type Unary = [name: string, op: (x: Tensor) => Tensor, f: (x: number) => number, low?: number, high?: number];
const unary: Unary[] = [
  ['neg', tf.neg, (x) => -x],
  ['exp', tf.exp, Math.exp],
  ['expm1', tf.expm1, Math.expm1],
  ['log', tf.log, Math.log, 0.3, 2],
  ['log1p', tf.log1p, Math.log1p, -0.5, 2],
  ['sqrt', tf.sqrt, Math.sqrt, 0.3, 2],
  ['rsqrt', tf.rsqrt, (x) => 1 / Math.sqrt(x), 0.3, 2],
  ['square', tf.square, (x) => x * x],
  ['reciprocal', tf.reciprocal, (x) => 1 / x, 0.4, 2],
  ['sin', tf.sin, Math.sin],
  ['cos', tf.cos, Math.cos],
  ['atan', tf.atan, Math.atan],
  ['erf', tf.erf, erf],
  ['sigmoid', tf.sigmoid, sigmoid, -3, 3],
  ['logSigmoid', tf.logSigmoid, (x) => Math.log(sigmoid(x)), -3, 3],
  ['tanh', tf.tanh, Math.tanh, -2, 2],
  ['softplus', tf.softplus, (x) => Math.log1p(Math.exp(x)), -3, 3],
  ['relu', tf.relu, (x) => Math.max(0, x)],
  ['relu6', tf.relu6, (x) => Math.min(6, Math.max(0, x)), -3, 9],
  ['leakyRelu(0.2)', (x) => tf.leakyRelu(x, 0.2), (x) => (x > 0 ? x : 0.2 * x)],
  ['elu', tf.elu, (x) => (x > 0 ? x : Math.expm1(x))],
  ['selu', tf.selu, (x) => seluScale * (x > 0 ? x : seluAlpha * Math.expm1(x))],
  ['abs', tf.abs, Math.abs],
  ['clipByValue', (x) => tf.clipByValue(x, -0.4, 0.5), (x) => Math.min(0.5, Math.max(-0.4, x))],
  ['pow(x, 2.5)', (x) => tf.pow(x, 2.5), (x) => x ** 2.5, 0.3, 2],
  ['silu', (x) => tf.mul(x, tf.sigmoid(x)), (x) => x * sigmoid(x), -3, 3],
  ['log(1 + exp)', (x) => tf.log(tf.add(1, tf.exp(x))), (x) => Math.log1p(Math.exp(x)), -3, 3],
  ['x sign(x) step(x)', (x) => tf.mul(x, tf.mul(tf.sign(x), tf.step(x))), (x) => Math.max(0, x)],
  [
    'where(x > 0.2, x^2, exp(x))',
    (x) => tf.where(tf.greater(x, 0.2), tf.square(x), tf.exp(x)),
    (x) => (x > 0.2 ? x * x : Math.exp(x)),
  ],
];

type Binary = [name: string, op: (a: Tensor, b: Tensor) => Tensor, f: (a: number, b: number) => number, low?: number];
const binary: Binary[] = [
  ['add', tf.add, (a, b) => a + b],
  ['sub', tf.sub, (a, b) => a - b],
  ['mul', tf.mul, (a, b) => a * b],
  ['div', tf.div, (a, b) => a / b, 0.4],
  ['pow', tf.pow, (a, b) => a ** b, 0.4],
  ['squaredDifference', tf.squaredDifference, (a, b) => (a - b) ** 2],
  ['maximum', tf.maximum, Math.max],
  ['minimum', tf.minimum, Math.min],
  ['prelu', (a, b) => tf.prelu(a, b), (a, b) => (a > 0 ? a : a * b)],
];

forEachEngine((engine, setup) => {
  for (const [name, op, f, low = -1, high = 1] of unary)
    test(`${name} on ${engine}: value, gradient, gradient of gradient`, async () => {
      await setup();
      await checkDerivatives(op, map(f), [spaced([3, 5], 1, low, high)]);
    });

  for (const [name, op, f, low = -1] of binary)
    test(`${name} on ${engine}, with broadcasting: value, gradient, gradient of gradient`, async () => {
      await setup();
      const [a, b] = [spaced([2, 3, 4], 2, low, 2), spaced([3, 1], 3, low, 1.95)];
      await checkDerivatives(op, zip(f), [a, b]);
      await checkDerivatives(op, zip(f), [a, spaced([2, 3, 4], 4, low, 1.9)]);
      if (name !== 'prelu') await checkDerivatives(op, zip(f), [b, a] as Array64[]);
    });
});
