import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NdArray } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { root } from '../fixtures.js';

const hash = ({ data }: NdArray): string =>
  createHash('sha256')
    .update(Uint8Array.from(data, (value) => Math.round(value * 255)))
    .digest('hex')
    .slice(0, 16);

test('scenes: the same bits on every machine', async () => {
  for (const [size, expected] of Object.entries({
    16: '36713ed581277775',
    32: '5d0c1bd835462419',
    100: 'f1528e70ea9e3e8f',
  })) {
    const data = await openDataset('scenes', { size: Number(size) });
    assert.equal(hash(data.batch({ size: 10, labels: 'distinct', seed: 1 }).images), expected, `size ${size}`);
  }
});

test('scenes use no function whose bits differ between machines', () => {
  const folder = join(root, 'src/data/scenes');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )) {
    const code = readFileSync(join(folder, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const foreign = /Math\.(?!(?:sqrt|floor|abs|min|max|imul|SQRT1_2)\b)\w+/g;
    assert.deepEqual(code.match(foreign) ?? [], [], file);
  }
});

test('scenes: splits, seeds and positions give different pictures; positions have no end', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const other = await openDataset('scenes', { size: 16, seed: 1 });
  const indices = Array.from({ length: 30 }, (_, i) => i);
  const pictures = [data.images('train', indices), data.images('test', indices), other.images('test', indices)].flatMap(
    ({ data: pixels }) => indices.map((i) => pixels.subarray(i * 768, (i + 1) * 768).join()),
  );
  assert.equal(new Set(pictures).size, 90);
  assert.deepEqual(data.images('test', [5]), data.images('test', [5]));
  assert.equal(data.batch({ indices: [1_000_000] }).images.data.length, 768);
  assert.throws(() => data.images('test', [-1]), /positions in the test split are integers from 0/);
});

test('scenes: a larger size shows the same scene', async () => {
  const [small, large] = [await openDataset('scenes', { size: 32 }), await openDataset('scenes', { size: 64 })];
  const [a, b] = [small.batch({ size: 6 }), large.batch({ size: 6 })];
  assert.deepEqual(a.labels, b.labels);
  let error = 0;
  for (let i = 0; i < a.images.data.length; i++) {
    const [image, y, x, c] = [Math.floor(i / 3072), Math.floor(i / 96) % 32, Math.floor(i / 3) % 32, i % 3];
    const at = (row: number, column: number): number => b.images.data[((image * 64 + row) * 64 + column) * 3 + c]!;
    const mean = (at(2 * y, 2 * x) + at(2 * y, 2 * x + 1) + at(2 * y + 1, 2 * x) + at(2 * y + 1, 2 * x + 1)) / 4;
    error += (mean - a.images.data[i]!) ** 2 / a.images.data.length;
  }
  assert.ok(error < 0.002, `mean squared difference ${error}`);
});

test('scenes: statistics near those of natural images, classes in equal shares', async () => {
  const data = await openDataset('scenes');
  const { images } = data.batch({ size: 150, seed: 3 });
  const count = images.data.length;
  const mean = images.data.reduce((sum, value) => sum + value, 0) / count;
  const variance = images.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  // CIFAR-10: mean 0.48, standard deviation 0.25, correlation of neighbours 0.93, kurtosis of differences 9
  assert.ok(Math.abs(mean - 0.48) < 0.06, `mean ${mean}`);
  assert.ok(Math.abs(Math.sqrt(variance) - 0.25) < 0.04, `deviation ${Math.sqrt(variance)}`);
  let [square, fourth, pairs] = [0, 0, 0];
  for (let i = 0; i + 3 < count; i++) {
    if (Math.floor(i / 3) % 32 === 31) continue;
    const step = (images.data[i + 3]! - images.data[i]!) ** 2;
    square += step;
    fourth += step * step;
    pairs++;
  }
  const correlation = 1 - square / pairs / 2 / variance;
  assert.ok(correlation > 0.9 && correlation < 0.96, `correlation of neighbours ${correlation}`);
  assert.ok((fourth * pairs) / (square * square) > 6, 'differences have heavy tails');
  const shares = new Array(10).fill(0);
  for (const label of (await openDataset('scenes', { size: 16 })).batch({ size: 300 }).labels) shares[label]++;
  assert.ok(Math.min(...shares) >= 15 && Math.max(...shares) <= 48, `30 each expected: ${shares}`);
});

test('scenes: classes are learnable, not trivial: nearest neighbour on raw pixels', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const [known, asked] = [data.batch({ split: 'train', size: 400 }), data.batch({ size: 100 })];
  const right = Array.from(asked.labels).filter((label, i) => {
    let [best, guess] = [Number.POSITIVE_INFINITY, -1];
    known.labels.forEach((candidate, j) => {
      let distance = 0;
      for (let k = 0; k < 768; k++)
        distance += (asked.images.data[i * 768 + k]! - known.images.data[j * 768 + k]!) ** 2;
      if (distance < best) [best, guess] = [distance, candidate];
    });
    return guess === label;
  }).length;
  assert.ok(right > 25 && right < 70, `${right} of 100 right; chance is 10`);
});
