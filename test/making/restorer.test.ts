import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { fitBlur, spread } from '../../src/making/restorer-blur.js';
import { restorerData } from '../../src/making/restorer-data.js';
import { type Pair, readPairs } from '../../src/making/restorer-pair-file.js';
import { HELD_OUT, makePairs } from '../../src/making/restorer-pairs.js';
import { trainRestorer } from '../../src/making/restorer-training.js';

const small = () => openDataset('scenes', { size: 16 });

test('fitBlur finds the mixture of blurs that spread applied', () => {
  const blur = [0.3, -0.2, 0.5, 0.1, 0.15, 0.05];
  const images = [1, 2, 3].map((seed) => ndarray([1, 16, 16, 3], uniformStream(seed)));
  const pairs = images.map((image) => [image, { shape: image.shape, data: spread(image, blur) }] as const);
  fitBlur(pairs).forEach((value, k) => {
    assert.ok(Math.abs(value - blur[k]!) < 0.02, `${k}: ${value}`);
  });
});

test('spread: a gray picture keeps its mean', () => {
  const gray = ndarray([1, 8, 8, 3], 0.5);
  assert.ok(spread(gray, [0.2, 0.3, 0.1, 0.4, 0, 0]).every((value) => Math.abs(value - 0.5) < 1e-6));
});

test('makePairs: a killed run goes on to the same bytes; each image is nearest its raw one; a flip', async () => {
  await start({ threads: 1 });
  const data = await small();
  const folder = mkdtempSync(join(tmpdir(), 'roglab-'));
  try {
    const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
    assert.equal(await makePairs(data, { path: whole, jobs: 2, seed: 174 }), 8);
    // killed amid the second job's second record
    writeFileSync(killed, readFileSync(whole).subarray(0, Math.floor(5.5 * (12 + 16 * 16 * 3 + 32))));
    await makePairs(data, { path: killed, jobs: 2, seed: 174 });
    assert.deepEqual(readFileSync(killed), readFileSync(whole));
    const pairs = await readPairs(whole, 16 * 16 * 3);
    assert.equal(pairs.length, 8);
    for (const { image, label } of pairs)
      assert.equal(label, data.batch({ split: 'train', indices: [image] }).labels[0]);
    const bytes = readFileSync(whole);
    for (const at of [0, 5, 8, 10, 12, 400, 779, 780, 811, 4 * 812 + 3, bytes.length - 1]) {
      writeFileSync(
        killed,
        Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte)),
      );
      const refused = new RegExp(`: pair ${Math.floor(at / 812)} of .*killed must be as it was written, by its sha256`);
      await assert.rejects(readPairs(killed, 16 * 16 * 3), refused, `byte ${at}`);
      await assert.rejects(makePairs(data, { path: killed, jobs: 3 }), refused, `byte ${at}`);
    }
    await assert.rejects(makePairs(data, { path: whole, part: 0, parts: 2, jobs: 3 }), /another part of the jobs/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Pairs that darken; every setting's image count above the least for a fit. */
const madeUpPairs = async (count: number): Promise<Pair[]> => {
  const data = await small();
  return Array.from({ length: count }, (_, i) => {
    const image = i % 5 === 0 ? data.sizes.train - 1 - i : i * 3;
    const { data: pixels } = data.images('train', [image]);
    const { labels } = data.batch({ split: 'train', indices: [image] });
    return { image, label: labels[0]!, setting: 0, raw: Uint8Array.from(pixels, (value) => Math.round(200 * value)) };
  });
};

test('restorerData: the seed decides a batch; held-out images are never in one; raw follows its image', async () => {
  const dataset = await small();
  const pairs = await madeUpPairs(40);
  const data = restorerData(dataset, pairs);
  assert.equal(data.held.length, 8);
  assert.ok(data.held.every(({ image }) => image >= dataset.sizes.train - HELD_OUT));
  assert.deepEqual(data.batch(8, 3), data.batch(8, 3));
  const [raw, truth, labels] = data.batch(64, 4);
  assert.deepEqual(
    [raw.shape, truth.shape, labels.shape],
    [
      [64, 16, 16, 3],
      [64, 16, 16, 3],
      [64, 11],
    ],
  );
  const unknown = Array.from({ length: 64 }, (_, i) => labels.data[i * 11 + 10]!).reduce((a, b) => a + b);
  assert.ok(unknown > 5 && unknown < 30, `${unknown} of 64 without a label`);
  // all pairs darken by 200 / 255, so do measured and transplanted samples
  const worst = raw.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (truth.data[i]! * 200) / 255)), 0);
  assert.ok(worst < 0.02, `${worst}`);
});

test('restorerData refuses to train on nothing', async () => {
  const dataset = await small();
  assert.throws(() => restorerData(dataset, []), /needs pairs of training images, got 0/);
});

test('trainRestorer: a few steps undo most of a darkening, on held-out pairs too', async () => {
  await start({ threads: 1 });
  const dataset = await small();
  const { history } = await trainRestorer(dataset, {
    pairs: await madeUpPairs(40),
    epochs: 2,
    samples: 192,
    seed: 1,
    phases: [{ share: 1, weight: 0, rate: 3e-3, until: 1 }],
  });
  const { validation, losses } = history.at(-1)!;
  assert.ok(losses.loss! < history[0]!.losses.loss!);
  assert.ok(
    validation['one image from 3 bits restored dB']! > validation['one image from 3 bits raw dB']! + 3,
    JSON.stringify(validation),
  );
});
