/** What does not depend on a run is computed once, to its last digits; equal products are one. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';
import { avoidOuterProducts } from '../../src/engine/compiled/ir/lowrank.js';
import { inOrder } from '../../src/engine/compiled/ir/node.js';
import { isLargeEntrywise, keptFor } from '../../src/engine/compiled/ir/passes.js';
import { trace } from '../../src/engine/compiled/trace/trace.js';
import { compile, start, type Tensor, type Tensor2D, tf } from '../../src/engine/index.js';

before(() => start({ backend: 'wasm', compiled: 'on' }));

const random = (shape: number[], seed: number): NdArray => {
  const next = uniformStream(seed);
  return ndarray(shape, () => 20 * next() - 10);
};
const [ROWS, COLUMNS] = [40, 60];
const [a, d] = [random([2, ROWS], 1), random([2, COLUMNS], 2)];

/** |a^T d - R|^2 and its gradient in a. */
const apart = (a: Tensor, d: Tensor, received: Tensor): Tensor[] => {
  const distance = (a: Tensor): Tensor =>
    tf.sum(tf.squaredDifference(tf.matMul(a as Tensor2D, d as Tensor2D, true), received));
  const { value, grad } = tf.valueAndGrad(distance)(a);
  return [value, grad];
};

/** Near the truth, where an attack ends: what is left is a ten-millionth of the squares that cancel. */
const noise = random([ROWS, COLUMNS], 3).data.map((value) => value / 2000);
const made = noise.map((_, i) => {
  const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
  return a.data[row]! * d.data[column]! + a.data[ROWS + row]! * d.data[COLUMNS + column]!;
});
const received = ndarray(
  [ROWS, COLUMNS],
  made.map((value, i) => value + noise[i]!),
);

test('compile(f, { fixed }) keeps what cancels: squares of a fixed matrix, summed once, in two halves', async () => {
  const [once, anew] = [
    await compile(apart, [a, d], { fixed: [received], engine: 'compiled' }),
    await compile(apart, [a, d, received], { engine: 'compiled' }),
  ];
  const [got, wanted] = [await once.run(a, d), await anew.run(a, d, received)];
  for (const step of [once, anew]) step.dispose();
  const [value, exact] = [got[0]!.data[0]!, wanted[0]!.data[0]!];
  assert.ok(Math.abs(value / exact - 1) < 1e-6, `${value} for ${exact}`);
  assert.deepEqual(got[1], wanted[1]);
});

test('compile(f, { fixed }) leaves a run no sum over fixed values, and one product with them', () => {
  const { outputs } = trace((...all) => apart(...(all as [Tensor, Tensor, Tensor])), [a, d, received], []);
  const nodes = avoidOuterProducts(outputs);
  const known = keptFor(nodes, (input) => input < 2, ['float32', 'float64']);
  assert.deepEqual(
    known.map(({ op }) => op),
    ['dot'],
  );
  const withReceived = inOrder(nodes).filter(
    ({ op, inputs }) =>
      op === 'matmul' &&
      inputs.some(({ shape }) => shape.join() === `${ROWS},${COLUMNS}` || shape.join() === `${COLUMNS},${ROWS}`),
  );
  assert.equal(withReceived.length, 1);
});

test('compile(f, { fixed }) leaves a run only the reading of fixed entries, where they are many', async () => {
  const outside = (x: Tensor, received: Tensor): Tensor => {
    const kept = tf.cast(tf.notEqual(received, 0), 'float32');
    const width = tf.add(tf.mul(kept, 0.5), tf.mul(tf.sub(1, kept), 0.25));
    return tf.sum(tf.relu(tf.sub(tf.abs(tf.sub(x, received)), width)));
  };
  for (const [rows, count] of [
    [64, 1],
    [4, 0],
  ] as const) {
    const [x, q] = [random([rows, 80], 4), random([rows, 80], 5)];
    const received = { ...q, data: q.data.map((value) => (value > 0 ? value : 0)) };
    const { outputs } = trace((...all) => outside(...(all as [Tensor, Tensor])), [x, received], []);
    assert.equal(keptFor(outputs, (input) => input < 1, ['float32'], isLargeEntrywise).length, count);
    const [once, anew] = [
      await compile(outside as (...all: Tensor[]) => Tensor, [x], { fixed: [received], engine: 'compiled' }),
      await compile(outside as (...all: Tensor[]) => Tensor, [x, received], { engine: 'compiled' }),
    ];
    assert.deepEqual(await once.run(x), await anew.run(x, received));
    for (const step of [once, anew]) step.dispose();
  }
});
