import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossEntropy, type Tensor, tf } from '../../src/engine/index.js';
import { forEachEngine } from '../engines.js';
import { type Array64, array64, checkDerivatives, spaced } from './derivatives.js';
import { build, get, logSoftmax, map, mean, rows } from './reference.js';

const scalar = (value: number) => array64([], [value]);
const total = ({ data }: Array64) => data.reduce((sum, x) => sum + x, 0);
const fold =
  (f: (row: number[]) => number) =>
  (x: Array64): Array64 =>
    array64([x.shape[0]!], rows(x).map(f));
const logSumExp = (row: number[]) => Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
const transpose = (x: Array64) => build([x.shape[1]!, x.shape[0]!], ([i, j]) => get(x, j!, i!));
const matMul = (a: Array64, b: Array64) =>
  build([a.shape[0]!, b.shape[1]!], ([i, j]) =>
    Array.from({ length: a.shape[1]! }, (_, k) => get(a, i!, k) * get(b, k, j!)).reduce((sum, x) => sum + x, 0),
  );

const cases: [name: string, op: (x: Tensor) => Tensor, reference: (x: Array64) => Array64][] = [
  ['sum', (x) => tf.sum(x), (x) => scalar(total(x))],
  ['sum over the last axis', (x) => tf.sum(x, -1), fold((row) => row.reduce((s, v) => s + v, 0))],
  [
    'sum over the first axis, kept',
    (x) => tf.sum(x, 0, true),
    (x) =>
      build([1, x.shape[1]!], ([, j]) =>
        Array.from({ length: x.shape[0]! }, (_, i) => get(x, i, j!)).reduce((s, v) => s + v, 0),
      ),
  ],
  ['mean', (x) => tf.mean(x), (x) => scalar(mean([...x.data]))],
  ['mean over an axis', (x) => tf.mean(x, 1), fold(mean)],
  ['max', (x) => tf.max(x, 1), fold((row) => Math.max(...row))],
  ['min', (x) => tf.min(x, 1), fold((row) => Math.min(...row))],
  ['logSumExp', (x) => tf.logSumExp(x, 1), fold(logSumExp)],
  ['softmax', (x) => tf.softmax(x), (x) => map(Math.exp)(logSoftmax(x))],
  ['logSoftmax', (x) => tf.logSoftmax(x), logSoftmax],
  ['norm', (x) => tf.norm(x), (x) => scalar(Math.sqrt(total(map((v) => v * v)(x))))],
  [
    'cumsum',
    (x) => tf.cumsum(x, 1),
    (x) =>
      build(x.shape, ([i, j]) =>
        rows(x)
          [i!]!.slice(0, j! + 1)
          .reduce((s, v) => s + v, 0),
      ),
  ],
  ['variance', (x) => tf.moments(x, 1).variance, fold((row) => mean(row.map((v) => (v - mean(row)) ** 2)))],
];

forEachEngine((engine, setup) => {
  for (const [name, op, reference] of cases)
    test(`${name} on ${engine}: value, gradient, gradient of gradient`, async () => {
      await setup();
      await checkDerivatives(op, reference, [spaced([3, 4], 5)]);
      await checkDerivatives(op, reference, [spaced([1, 5], 6)]);
    });

  test(`matMul on ${engine}, every transposition: value, gradient, gradient of gradient`, async () => {
    await setup();
    for (const [rows, inner, columns] of [
      [3, 4, 2],
      [9, 4, 2],
      [1, 2, 7],
    ] as const)
      for (const [ta, tb] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ] as const) {
        const a = spaced(ta ? [inner, rows] : [rows, inner], 7);
        const b = spaced(tb ? [columns, inner] : [inner, columns], 8);
        await checkDerivatives(
          (x, y) => tf.matMul(x, y, ta, tb),
          (x, y) => matMul(ta ? transpose(x) : x, tb ? transpose(y) : y),
          [a, b],
        );
      }
  });

  test(`matMul on ${engine}, a batch of products and a shared matrix: value, gradient, second gradient`, async () => {
    await setup();
    const product = (x: Array64, y: Array64) =>
      build([2, 3, 2], ([n, i, j]) =>
        [0, 1, 2, 3].reduce(
          (sum, k) => sum + get(x, n!, i!, k) * y.data[(y.shape[0] === 2 ? n! : 0) * 8 + k * 2 + j!]!,
          0,
        ),
      );
    for (const batch of [2, 1])
      await checkDerivatives((x, y) => tf.matMul(x, y), product, [spaced([2, 3, 4], 10), spaced([batch, 4, 2], 11)]);
  });

  test(`crossEntropy on ${engine} is -log softmax at the label, averaged, with its derivatives`, async () => {
    await setup();
    const labels = [2, 0, 1];
    await checkDerivatives(
      (x) => crossEntropy(x, tf.oneHot(tf.tensor1d(labels, 'int32'), 4)),
      (x) => scalar(-mean(labels.map((label, i) => get(logSoftmax(x), i, label)))),
      [spaced([3, 4], 9, -4, 4)],
    );
  });

  test(`crossEntropy on ${engine} stays finite at logits of 1000`, async () => {
    await setup();
    const value = tf.tidy(() => crossEntropy(tf.tensor2d([[1000, -1000]]), tf.tensor2d([[0, 1]])));
    assert.equal(value.dataSync()[0], 2000);
    value.dispose();
  });

  test(`max on ${engine} shares its gradient between ties, as PyTorch's amax`, async () => {
    await setup();
    const gradient = tf.grad((x) => tf.max(x))(tf.tensor1d([1, 3, 3, 2]));
    assert.deepEqual([...gradient.dataSync()], [0, 0.5, 0.5, 0]);
  });

  test(`abs on ${engine} has gradient 0 at 0, as PyTorch's`, async () => {
    await setup();
    assert.deepEqual(
      [
        ...tf
          .grad((x) => tf.sum(tf.abs(x)))(tf.tensor1d([-2, 0, 3]))
          .dataSync(),
      ],
      [-1, 0, 1],
    );
  });

  test(`sum and mean of 2 million entries on ${engine} are accurate to 1e-6`, async () => {
    await setup();
    const n = 2_000_003;
    const data = Float32Array.from({ length: n }, (_, i) => 0.1 + (i % 7) * 0.01);
    const exact = data.reduce((sum, x) => sum + x, 0);
    const [x, matrix] = [tf.tensor1d(data), tf.tensor2d(data.subarray(0, 2_000_000), [1000, 2000])];
    const before = tf.memory().numTensors;
    const near = (actual: Tensor, expected: number) => {
      assert.ok(Math.abs(actual.dataSync()[0]! / expected - 1) < 1e-6, `${actual.dataSync()[0]} is not ${expected}`);
      actual.dispose();
    };
    near(tf.sum(x), exact);
    near(tf.mean(x), exact / n);
    near(
      tf.sum(matrix, [0, 1], true),
      data.subarray(0, 2_000_000).reduce((sum, v) => sum + v, 0),
    );
    assert.equal(tf.memory().numTensors, before);
    tf.dispose([x, matrix]);
  });
});
