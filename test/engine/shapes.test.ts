import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pixelShuffle, type Tensor, tf } from '../../src/engine/index.js';
import { forEachEngine } from '../engines.js';
import { type Array64, array64, checkDerivatives, spaced } from './derivatives.js';
import { build, get } from './reference.js';

const at = (x: Array64, ...index: number[]) =>
  index.every((i, d) => i >= 0 && i < x.shape[d]!) ? get(x, ...index) : 0;

/** Inputs are [2, 3, 4]. */
const cases: [name: string, op: (x: Tensor) => Tensor, reference: (x: Array64) => Array64][] = [
  ['reshape', (x) => tf.reshape(x, [6, 4]), (x) => array64([6, 4], x.data)],
  ['expandDims', (x) => tf.expandDims(x, 1), (x) => array64([2, 1, 3, 4], x.data)],
  ['cast and clone', (x) => tf.clone(tf.cast(x, 'float32')), (x) => x],
  ['transpose', (x) => tf.transpose(x, [2, 0, 1]), (x) => build([4, 2, 3], ([k, i, j]) => get(x, i!, j!, k!))],
  ['reverse', (x) => tf.reverse(x, [1]), (x) => build([2, 3, 4], ([i, j, k]) => get(x, i!, 2 - j!, k!))],
  [
    'slice',
    (x) => tf.slice(x, [0, 1, 2], [2, 2, 1]),
    (x) => build([2, 2, 1], ([i, j, k]) => get(x, i!, j! + 1, k! + 2)),
  ],
  [
    'pad',
    (x) =>
      tf.pad(x, [
        [0, 1],
        [2, 0],
        [1, 1],
      ]),
    (x) => build([3, 5, 6], ([i, j, k]) => at(x, i!, j! - 2, k! - 1)),
  ],
  ['tile', (x) => tf.tile(x, [1, 2, 3]), (x) => build([2, 6, 12], ([i, j, k]) => get(x, i!, j! % 3, k! % 4))],
  [
    'concat',
    (x) => tf.concat([x, tf.square(x)], 1),
    (x) => build([2, 6, 4], ([i, j, k]) => get(x, i!, j! % 3, k!) ** (j! < 3 ? 1 : 2)),
  ],
  [
    'stack',
    (x) => tf.stack([x, tf.square(x)], 0),
    (x) => array64([2, 2, 3, 4], [...x.data, ...x.data.map((v) => v * v)]),
  ],
  [
    'unstack',
    (x) => {
      const [a, b] = tf.unstack(x, 0);
      return tf.mul(a!, b!);
    },
    (x) => build([3, 4], ([j, k]) => get(x, 0, j!, k!) * get(x, 1, j!, k!)),
  ],
  [
    'split',
    (x) => {
      const [a, b] = tf.split(x, [1, 3], 2);
      return tf.mul(a!, b!);
    },
    (x) => build([2, 3, 3], ([i, j, k]) => get(x, i!, j!, 0) * get(x, i!, j!, k! + 1)),
  ],
  [
    'addN',
    (x) => tf.addN([x, tf.square(x), x]),
    (x) =>
      array64(
        x.shape,
        x.data.map((v) => 2 * v + v * v),
      ),
  ],
  [
    'batchNorm with batch statistics',
    (x) => {
      const { mean, variance } = tf.moments(x, [0, 1]);
      return tf.batchNorm(x, mean, variance, tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([4, 3, 2, 1]), 0.1);
    },
    (x) => {
      const column = (k: number) => Array.from({ length: 6 }, (_, i) => x.data[i * 4 + k]!);
      const mean = (values: number[]) => values.reduce((s, v) => s + v, 0) / values.length;
      const centre = [0, 1, 2, 3].map((k) => mean(column(k)));
      const spread = [0, 1, 2, 3].map((k) => mean(column(k).map((v) => (v - centre[k]!) ** 2)));
      return build(
        x.shape,
        ([i, j, k]) => ((get(x, i!, j!, k!) - centre[k!]!) / Math.sqrt(spread[k!]! + 0.1)) * (4 - k!) + k! + 1,
      );
    },
  ],
];

forEachEngine((engine, setup) => {
  for (const [name, op, reference] of cases)
    test(`${name} on ${engine}: value, gradient, gradient of gradient`, async () => {
      await setup();
      await checkDerivatives(op, reference, [spaced([2, 3, 4], 31)]);
    });

  test(`a tensor used on several paths on ${engine} (residual sums) keeps all its gradients`, async () => {
    await setup();
    await checkDerivatives(
      (x, y) => {
        const sum = tf.add(x, y);
        return tf.add(tf.mul(sum, tf.add(sum, x)), tf.addN([y, x, tf.clone(sum), sum]));
      },
      (x, y) =>
        build(x.shape, ([i, j]) => {
          const [a, b] = [get(x, i!, j!), get(y, i!, j!)];
          return (a + b) * (2 * a + b) + 3 * (a + b);
        }),
      [spaced([2, 3], 33), spaced([2, 3], 34)],
    );
  });

  test(`pixelShuffle on ${engine} orders channels as PyTorch, with its derivatives`, async () => {
    await setup();
    await checkDerivatives(
      (x) => pixelShuffle(x, 2),
      (x) => build([1, 4, 6, 2], ([b, i, j, c]) => get(x, b!, i! >> 1, j! >> 1, c! * 4 + (i! % 2) * 2 + (j! % 2))),
      [spaced([1, 2, 3, 8], 32)],
    );
    assert.throws(
      () => pixelShuffle(tf.zeros([1, 2, 2, 6]), 2),
      /pixelShuffle: the number of channels must be a multiple of 4, got 6/,
    );
  });
});
