import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  functionOf,
  gramNorm,
  type Matrix,
  mapped,
  matrix,
  matrixOf,
  moments,
  orthonormal,
  product,
  rowsOf,
  solve,
  transpose,
} from '../../src/core/linear-algebra.js';
import { normalStream } from '../../src/core/random.js';

const random = (rows: number, columns: number, seed: number): Matrix =>
  mapped(matrix(rows, columns), normalStream(seed));
const near = (a: Matrix, b: Matrix, within = 1e-10): void => {
  assert.deepEqual([a.rows, a.columns], [b.rows, b.columns]);
  a.data.forEach((value, i) => {
    assert.ok(Math.abs(value - b.data[i]!) < within, `${i}: ${value}, ${b.data[i]}`);
  });
};
const identity = (n: number): Matrix => mapped(matrix(n, n), (_, i, j) => Number(i === j));

test('rowsOf is the memory of the matrix, matrixOf its inverse', () => {
  const a = random(3, 2, 1);
  near(matrixOf(rowsOf(a)), a, 1e-300);
  rowsOf(a)[2]![1] = 7;
  assert.equal(a.data[5], 7);
});

test('moments: mean and covariance by hand, over n and over n - 1; vectors of an iterator are read twice', () => {
  const vectors = [[1, 2], [3, 2], [5, 8]]; // biome-ignore format: a table
  const { mean, covariance } = moments(vectors);
  assert.deepEqual([...mean], [3, 4]);
  near(covariance, matrix(2, 2, [8 / 3, 4, 4, 8]));
  near(moments(vectors, 1).covariance, matrix(2, 2, [4, 6, 6, 12]));
  const reused = new Float64Array(2);
  const streamed = {
    *[Symbol.iterator]() {
      for (const vector of vectors) {
        reused.set(vector);
        yield reused;
      }
    },
  };
  near(moments(streamed).covariance, covariance);
});

test('orthonormal: Q^T Q = I and the same span, also of columns that are nearly one', () => {
  const a = random(9, 4, 2);
  for (let i = 0; i < 9; i++) a.data[i * 4 + 3] = a.data[i * 4]! + 1e-7 * a.data[i * 4 + 3]!;
  const q = orthonormal(a);
  near(product(transpose(q), q), identity(4), 1e-9);
  near(product(q, product(transpose(q), a)), a, 1e-9);
});

test('orthonormal: a column that depends on those before it becomes 0, by the share that is left', () => {
  const a = random(5, 3, 3);
  for (let i = 0; i < 5; i++) a.data[i * 3 + 1] = 2 * a.data[i * 3]!;
  assert.deepEqual([...rowsOf(transpose(orthonormal(a, 1e-10)))[1]!], [0, 0, 0, 0, 0]);
  assert.ok(rowsOf(transpose(orthonormal(a, 1e-10)))[2]!.some((x) => x !== 0));
  near(orthonormal(matrix(2, 2)), matrix(2, 2));
});

test('functionOf: the square root squared, and the inverse against solve', () => {
  const a = random(5, 5, 4);
  const positive = mapped(product(a, transpose(a)), (x, i, j) => x + Number(i === j));
  const root = functionOf(positive, Math.sqrt);
  near(product(root, root), positive, 1e-9);
  near(
    functionOf(positive, (x) => 1 / x),
    solve(positive, identity(5)),
    1e-9,
  );
});

test('gramNorm: the largest of a diagonal, and one per cent', () => {
  assert.ok(Math.abs(gramNorm(matrix(2, 3, [3, 0, 0, 0, 2, 0])) - 1.01 * 9) < 1e-6);
});
