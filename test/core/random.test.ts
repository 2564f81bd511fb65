import assert from 'node:assert/strict';
import test from 'node:test';
import { deriveSeed, normalStream, permutation, uniformStream } from '../../src/core/random.js';
import { goldens } from '../fixtures.js';

for (const { from, numbers } of goldens('mulberry32'))
  test(`uniformStream gives the mulberry32 values, ${from}`, () => {
    const { seed, first } = numbers;
    const random = uniformStream(seed);
    assert.deepEqual(
      first.map(() => random()),
      first,
    );
  });

test('normalStream has mean 0, variance 1 and fourth moment 3', () => {
  const normal = normalStream(5);
  const count = 200_000;
  let [m1, m2, m4] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const x = normal();
    m1 += x / count;
    m2 += (x * x) / count;
    m4 += x ** 4 / count;
  }
  assert.ok(Math.abs(m1) < 0.01, `mean ${m1}`);
  assert.ok(Math.abs(m2 - 1) < 0.02, `variance ${m2}`);
  assert.ok(Math.abs(m4 - 3) < 0.15, `fourth moment ${m4}`);
});

test('permutation holds every number once and depends on the seed only', () => {
  assert.deepEqual(
    [...permutation(100, 3)].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  assert.deepEqual(permutation(100, 3), permutation(100, 3));
  assert.notDeepEqual(permutation(100, 3), permutation(100, 4));
});

test('deriveSeed separates neighbouring seeds and labels', () => {
  const seeds = new Set(
    Array.from({ length: 1000 }, (_, i) => deriveSeed(i, 'a')).concat(
      Array.from({ length: 1000 }, (_, i) => deriveSeed(i, 'b')),
    ),
  );
  assert.equal(seeds.size, 2000);
});

test('permutation gives every order, also of two', () => {
  for (const count of [2, 3]) {
    const orders = new Set(Array.from({ length: 60 }, (_, seed) => permutation(count, seed).join()));
    assert.equal(orders.size, count === 2 ? 2 : 6);
  }
});
