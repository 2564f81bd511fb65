import assert from 'node:assert/strict';
import test from 'node:test';
import { imageAt, ndarray, stackImages } from '../../src/core/arrays.js';
import { permutation, uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';
import { studentT } from '../../src/metrics/confidence-interval.js';
import {
  confidenceInterval,
  match,
  mse,
  score,
  scoreColumns,
  shareInterval,
  ssim,
  summary,
} from '../../src/metrics/index.js';
import { blend, noiseImages } from './images.js';

const total = (cost: number[][], columns: readonly number[]) => columns.reduce((sum, c, r) => sum + cost[r]![c]!, 0);

/** The least total over all assignments, by trying them all. */
function least(cost: number[][], row = 0, used = new Set<number>()): number {
  if (row === cost.length) return 0;
  let best = Number.POSITIVE_INFINITY;
  for (let c = 0; c < cost[0]!.length; c++)
    if (!used.has(c)) best = Math.min(best, cost[row]![c]! + least(cost, row + 1, new Set([...used, c])));
  return best;
}

test('match finds the least total of brute force: square, wide, negative and tied costs', () => {
  const random = uniformStream(12);
  for (let trial = 0; trial < 200; trial++) {
    const rows = 1 + Math.floor(random() * 5);
    const columns = rows + (trial % 3);
    const tied = trial % 2 === 0;
    const cost = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => (tied ? Math.floor(random() * 4) - 2 : random())),
    );
    const found = match(cost);
    assert.equal(new Set(found).size, rows);
    assert.ok(Math.abs(total(cost, found) - least(cost)) < 1e-12, JSON.stringify(cost));
  }
});

test('match undoes a permutation of 128 and takes an empty matrix', () => {
  const order = permutation(128, 7);
  const cost = order.map((to) => Array.from({ length: 128 }, (_, c) => Math.abs(c - to) ** 1.5));
  assert.deepEqual(match(cost), order);
  assert.deepEqual(match([]), []);
});

test('match refuses ragged, non-finite and too narrow matrices', () => {
  assert.throws(() => match([[1, 2], [3]]), /match: cost must be a matrix of finite numbers/);
  assert.throws(() => match([[Number.NaN]]), /finite numbers/);
  assert.throws(() => match([[1], [2]]), /2 rows need at least as many columns, got 1/);
});

test('studentT gives the 0.975 quantiles of the tables', () => {
  const table = {
    1: 12.7062,
    2: 4.3027,
    3: 3.1824,
    4: 2.7764,
    7: 2.3646,
    10: 2.2281,
    23: 2.0687,
    30: 2.0423,
    120: 1.9799,
  };
  for (const [degrees, expected] of Object.entries(table))
    assert.ok(Math.abs(studentT(Number(degrees)) - expected) < 6e-5, `${degrees}: ${studentT(Number(degrees))}`);
  assert.ok(Math.abs(studentT(10_000) - 1.9602) < 6e-5);
});

test("shareInterval: Wilson's, against scipy's binomtest(k, n).proportion_ci(method='wilson')", () => {
  const of = (k: number, n: number) => shareInterval(Array.from({ length: n }, (_, i) => (i < k ? 1 : 0)));
  for (const [k, n, low, high] of [
    [0, 8, 0, 0.3244],
    [3, 4, 0.3006, 0.9544],
    [7, 10, 0.3968, 0.8922],
    [64, 64, 0.9434, 1],
  ] as const) {
    assert.ok(Math.abs(of(k, n).low - low) < 1e-4, `${k} of ${n}: ${of(k, n).low}`);
    assert.ok(Math.abs(of(k, n).high - high) < 1e-4, `${k} of ${n}: ${of(k, n).high}`);
  }
  assert.throws(() => shareInterval([0.5]), /0 and 1/);
  assert.throws(() => shareInterval([]), /one or more/);
});

test('confidenceInterval: mean +- t s / sqrt n', () => {
  const { mean, halfWidth, n } = confidenceInterval([1, 2, 3, 4, 5]);
  assert.equal(mean, 3);
  assert.equal(n, 5);
  assert.ok(Math.abs(halfWidth - 2.7764451 * Math.sqrt(2.5 / 5)) < 1e-6);
  assert.deepEqual(confidenceInterval([7]), { mean: 7, halfWidth: Number.POSITIVE_INFINITY, n: 1 });
  assert.throws(() => confidenceInterval([]), /confidenceInterval: values must be one or more finite numbers/);
  assert.throws(() => confidenceInterval([1, Number.NaN]), /finite numbers/);
});

const truth = noiseImages(1, [5, 12, 12, 3]);
const blurred = blend(truth, noiseImages(2, truth.shape), (x, y) => 0.8 * x + 0.2 * y);
const order = [3, 0, 4, 1, 2];
const shuffled = stackImages(order.map((i) => imageAt(blurred, i)));

test('score matches a shuffled batch and scores every metric by that one assignment', async () => {
  const scores = await score(truth, shuffled);
  assert.deepEqual(
    scores.match.map((r) => order[r]),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(scores.mse, mse(truth, blurred));
  assert.deepEqual(scores.ssim, ssim(truth, blurred));
});

test('score gives NaN where a network does not apply, and summary leaves it out', async () => {
  const scores = await score(truth, shuffled, { tagger: undefined });
  for (const name of ['featureDistance', 'agreement', 'jaccard'] as const) {
    assert.deepEqual(scores[name], new Array(5).fill(Number.NaN));
    assert.deepEqual(summary(scores)[name], { mean: Number.NaN, halfWidth: Number.NaN, n: 0 });
  }
  assert.equal(scores.lpips, undefined);
});

test('score asks the given tagger, whatever the size of the images', async () => {
  const tagger = (images: NdArray) =>
    Array.from({ length: images.shape[0]! }, (_, i) => [
      imageAt(images, i).data[0]! > 0.5 ? 'bright' : 'dark',
      'noise',
    ]);
  const scores = await score(truth, shuffled, { tagger });
  const expected = [0, 1, 2, 3, 4].map((i) => {
    const first = (images: NdArray) => imageAt(images, i).data[0]! > 0.5;
    return first(truth) === first(blurred) ? 1 : 0;
  });
  assert.deepEqual(scores.agreement, expected);
  assert.deepEqual(
    scores.jaccard,
    expected.map((same) => (same ? 1 : 1 / 3)),
  );
});

test("score with match 'none' keeps the order", async () => {
  const scores = await score(truth, shuffled, { match: 'none' });
  assert.deepEqual(scores.match, [0, 1, 2, 3, 4]);
  assert.deepEqual(scores.mse, mse(truth, shuffled));
});

test('summary pools the images of several scores', async () => {
  const [first, second] = [await score(truth, blurred), await score(truth, truth)];
  const pooled = summary([first, second]);
  assert.deepEqual(pooled.psnr, confidenceInterval([...first.psnr, ...second.psnr]));
  assert.equal(pooled.ssim.n, 10);
  assert.deepEqual(summary(first), summary([first]));
  assert.throws(() => summary([]), /summary: give at least one score/);
});

test('scoreColumns names units and the better direction', () => {
  assert.deepEqual(scoreColumns(['psnr', 'lpips']), { psnr: 'PSNR (dB) ↑', lpips: 'LPIPS ↓' });
  assert.throws(() => scoreColumns(['pnsr' as never]), /did you mean "psnr"/);
});

test('score refuses unknown options, wrong counts and empty batches', async () => {
  const refused: [() => Promise<unknown>, RegExp][] = [
    [() => score(truth, blurred, { macth: 'none' } as never), /unknown option "macth"; did you mean "match"\?/],
    [() => score(truth, blurred, { match: 'best' as never }), /match must be one of optimal, none, got "best"/],
    [() => score(truth, blurred, { lpips: 'alexnet' as never }), /lpips must be one of auto, alex, squeeze, vgg/],
    [() => score(truth, imageAt(blurred, 0)), /one reconstruction per private image, .*got \[5, 1\]/],
    [() => score(ndarray([0, 12, 12, 3]), ndarray([0, 12, 12, 3])), /one image at least/],
    [() => score(truth, noiseImages(1, [5, 8, 8, 3])), /must have the shape of the truth/],
  ];
  for (const [attempt, message] of refused) await assert.rejects(attempt(), message);
});
