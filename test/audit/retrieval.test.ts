import assert from 'node:assert/strict';
import { test } from 'node:test';
import { galleryOf, kappaOf, ranksOf, retrievalBaseline } from '../../src/audit/kappa.js';
import { openDataset } from '../../src/data/index.js';

const data = await openDataset('scenes', { size: 16 });
const batches = [3, 4].map((seed) => data.batch({ split: 'test', size: 2, seed }));
const gallery = await galleryOf(data, batches);

test('galleryOf: the private pictures first, each picture once, and so many that a rank says something', () => {
  const [count, width] = gallery.pixels.shape as [number, number];
  const rows = Array.from({ length: count }, (_, i) => gallery.pixels.data.slice(i * width, (i + 1) * width));
  assert.equal(new Set(rows.map(String)).size, count);
  assert.ok(count >= 64, `${count}`);
  assert.deepEqual(gallery.starts, [0, 2]);
  assert.deepEqual([...rows[2]!], [...batches[1]!.images.data.slice(0, width)]);
});

test('ranksOf: the picture itself is first, one half as bright where counting puts it', () => {
  for (const [k, { images }] of batches.entries()) {
    assert.deepEqual(ranksOf(images, gallery, k), [1, 1]);
    const dark = { ...images, data: images.data.map((x) => x / 2) };
    const [count, width] = gallery.pixels.shape as [number, number];
    const apart = (i: number, j: number): number =>
      dark.data
        .subarray(i * width, (i + 1) * width)
        .reduce((sum, x, p) => sum + (x - gallery.pixels.data[j * width + p]!) ** 2, 0);
    const nearer = [0, 1].map((i) => {
      const own = apart(i, 2 * k + i);
      return 1 + Array.from({ length: count }, (_, j) => apart(i, j)).filter((one) => one < own).length;
    });
    assert.deepEqual(ranksOf(dark, gallery, k), nearer);
    assert.ok(Math.max(...nearer) > 1);
  }
});

test('kappaOf: the share of guesses by label that reach a rank, never below blind guessing', async () => {
  const baseline = await retrievalBaseline(data, batches, gallery);
  assert.ok(baseline.ranks.length > 4 && baseline.ranks.every((rank, i, all) => i === 0 || all[i - 1]! <= rank));
  const middle = baseline.ranks[Math.floor(baseline.ranks.length / 2)]!;
  assert.ok(kappaOf(baseline, middle) >= 0.5);
  assert.equal(kappaOf({ by: 'pixels', candidates: 100, ranks: [1, 3, 50, 90] }, 3), 0.5);
  assert.equal(kappaOf({ by: 'pixels', candidates: 100, ranks: [90, 95] }, 3), 0.03);
  assert.equal(kappaOf({ by: 'pixels', candidates: 100, ranks: [] }, 100), 1);
});
