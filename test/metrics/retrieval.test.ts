import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { start } from '../../src/engine/index.js';
import { frechetDistance, mse, retrievalRank, taggerFeatures } from '../../src/metrics/index.js';

const rows = (...values: number[][]) => ndarray([values.length, values[0]!.length], Float32Array.from(values.flat()));

test('retrievalRank: nearest first, by hand; ties count half', () => {
  const candidates = rows([0, 0], [3, 4], [6, 8], [3, 4]);
  // distances of [0, 0]: 0, 5, 10, 5
  assert.deepEqual(retrievalRank(rows([0, 0]), candidates, [0]), [1]);
  assert.deepEqual(retrievalRank(rows([0, 0]), candidates, [1]), [2.5]);
  assert.deepEqual(retrievalRank(rows([0, 0]), candidates, [2]), [4]);
  // of [6, 7]: 9.2, 4.2, 1, 4.2
  assert.deepEqual(retrievalRank(rows([6, 7], [0, 1]), candidates, [0, 2]), [4, 4]);
});

test('retrievalRank: chance is the middle on average', () => {
  const uniform = uniformStream(1);
  const [found, candidates] = [ndarray([200, 6], uniform), ndarray([101, 6], uniform)];
  const ranks = retrievalRank(
    found,
    candidates,
    Array.from({ length: 200 }, (_, i) => i % 101),
  );
  const mean = ranks.reduce((a, b) => a + b) / 200;
  assert.ok(Math.abs(mean - 51) < 7, String(mean));
});

test('retrievalRank: refuses what does not fit', () => {
  assert.throws(() => retrievalRank(rows([1]), rows([1, 2]), [0]), /features must be \[n, d\] and \[m, d\]/);
  assert.throws(() => retrievalRank(rows([1]), rows([1]), [1]), /positions lie in 0\.\.0, got 1/);
  assert.throws(() => retrievalRank(rows([1]), rows([1]), [0, 0]), /there must be 1 positions, got 2/);
});

test('frechetDistance: 0 for equal sets; means and variances by hand; symmetric', () => {
  const a = rows([0, 0], [2, 0], [0, 4], [2, 4]);
  assert.ok(Math.abs(frechetDistance(a, a)) < 1e-9);
  const moved = rows([3, 0], [5, 0], [3, 4], [5, 4]);
  assert.ok(Math.abs(frechetDistance(a, moved) - 9) < 1e-9);
  // standard deviations doubled in the first axis: (2 s - s)^2 with s^2 = 4 / 3
  const wide = rows([-1, 0], [3, 0], [-1, 4], [3, 4]);
  assert.ok(Math.abs(frechetDistance(a, wide) - 4 / 3) < 1e-9);
  assert.ok(Math.abs(frechetDistance(a, wide) - frechetDistance(wide, a)) < 1e-9);
  assert.throws(() => frechetDistance(a, rows([1, 2])), /n, m >= 2/);
});

test('taggerFeatures: one row per image, each by itself; other sizes are resized', async () => {
  await start();
  const images = ndarray([3, 32, 32, 3], uniformStream(7));
  const found = await taggerFeatures(images);
  assert.deepEqual(found.shape, [3, 160]);
  const second = { shape: [1, 32, 32, 3], data: images.data.slice(3072, 6144) };
  assert.deepEqual((await taggerFeatures(second)).data, found.data.slice(160, 320));
  assert.deepEqual((await taggerFeatures(ndarray([1, 64, 64, 3], 0.5))).shape, [1, 160]);
  await assert.rejects(taggerFeatures(ndarray([1, 32, 32, 1])), /images must be \[n, height, width, 3\]/);
});

test('retrievalRank and pictures refuse shapes that do not fit, whichever it is', () => {
  const flat = ndarray([6], 0.5);
  const message = /retrievalRank: features must be \[n, d\] and \[m, d\]/;
  assert.throws(() => retrievalRank(flat, rows([1, 2]), [0]), message);
  assert.throws(() => retrievalRank(rows([1, 2]), flat, [0]), message);
  assert.throws(() => retrievalRank(rows([1, 2]), rows([1, 2, 3]), [0]), message);
  assert.throws(() => retrievalRank(rows([1, 2]), ndarray([2, 2, 1], 0.5), [0]), message);
  const short = { shape: [1, 2, 2, 3], data: new Float32Array(11) };
  const empty = { shape: [1, 0, 2, 3], data: new Float32Array(0) };
  for (const images of [short, empty]) assert.throws(() => mse(images, images), /mse: images of shape .* need values/);
});
