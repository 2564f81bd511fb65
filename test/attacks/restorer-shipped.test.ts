import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { restoreImages } from '../../src/attacks/restore.js';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream } from '../../src/core/random.js';
import { resample } from '../../src/core/resample.js';
import type { NdArray } from '../../src/core/types.js';
import { type Dataset, openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { featureDistance, psnr } from '../../src/metrics/index.js';
import { root } from '../fixtures.js';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

/** Blurred to two thirds of the resolution, with speckle: what a matched update with few bits looks like. */
function damaged(images: NdArray): NdArray {
  const normal = normalStream(5);
  const blurred = resample(resample(images, [21, 21], 'area'), [32, 32], 'bicubic');
  return ndarray(
    images.shape,
    blurred.data.map((value) => Math.min(1, Math.max(0, value + 0.06 * normal()))),
  );
}

async function gains(data: Dataset): Promise<{ decibels: number; distance: number }> {
  const { images } = data.batch({ split: 'test', size: 24, seed: 3 });
  const raw = damaged(images);
  const restored = await restoreImages(raw, []);
  const [before, after] = [mean(await featureDistance(images, raw)), mean(await featureDistance(images, restored))];
  return { decibels: mean(psnr(images, restored)) - mean(psnr(images, raw)), distance: 1 - after / before };
}

test('the shipped restorer: at most 3 MB, and its card says how it was made and what it reached', () => {
  const card = JSON.parse(readFileSync(join(root, 'data/weights/restorer.json'), 'utf8'));
  assert.ok(card.bytes <= 3e6, `${card.bytes} bytes`);
  for (const key of ['data', 'command', 'recipe', 'seed', 'minutes', 'engine', 'scores', 'sha256', 'curve'])
    assert.ok(card[key] !== undefined, key);
});

test('the shipped restorer, without labels, brings damaged scenes nearer in features, having seen none', async () => {
  await start();
  const { decibels, distance } = await gains(await openDataset('scenes', { size: 32 }));
  assert.ok(decibels > -0.5 && distance > 0.08, `${decibels} dB, ${distance}`);
});

const cifar10 = process.env.ROGLAB_DATA;
test('the shipped restorer brings damaged CIFAR-10 test images nearer to the truth', {
  skip: cifar10 ? false : 'no CIFAR-10: set ROGLAB_DATA',
}, async () => {
  await start();
  const { decibels, distance } = await gains(await openDataset(`cifar10:${cifar10}`));
  assert.ok(decibels > 0.2 && distance > 0.12, `${decibels} dB, ${distance}`);
});
