import assert from 'node:assert/strict';
import test from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { openDataset } from '../../src/data/index.js';
import { network } from '../../src/models/index.js';
import { observeCase, score, study } from '../../src/studies/index.js';

const layers = [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10 }] as const;

test('study: a trace scores the pictures on the way, the same as the attack shows, and changes nothing', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const model = network({ name: 'small', imageShape: data.imageShape, layers, seed: 3 });
  const batch = data.batch({ size: 2, seed: 1 });
  const trial = { model, batch, phi: 'none', options: { iterations: 12, seed: 4 } };
  const [plain, traced] = await study([trial, { ...trial, trace: [3, 12] }], { workers: 1 });
  assert.deepEqual(traced!.result.images, plain!.result.images);
  assert.deepEqual(plain!.trail, []);
  assert.deepEqual(
    traced!.trail.map(({ closure }) => closure),
    [3, 12],
  );
  const third: number[] = [];
  await rog(await observeCase(model, batch, { phi: 'none' }), {
    ...trial.options,
    onProgress: async ({ closure, images }) => {
      if (closure === 3) third.push(...images().data);
    },
  });
  const again = await score(batch, { images: { shape: batch.images.shape, data: Float32Array.from(third) } });
  assert.deepEqual(traced!.trail[0]!.scores.psnr, again.psnr);
  assert.ok(traced!.trail[0]!.seconds <= traced!.trail[1]!.seconds);
});

test('study: an attack that takes several closures a step passes a mark by and is caught at the next', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const model = network({ name: 'small', imageShape: data.imageShape, layers, seed: 3 });
  const batch = data.batch({ size: 1, seed: 1 });
  const options = { iterations: 4, seeds: 3 };
  const trial = { model, batch, phi: 'none', attack: 'gradInversion' as const, options, trace: [1, 4, 11] };
  const [done] = await study([trial], { workers: 1 });
  assert.deepEqual(
    done!.trail.map(({ closure }) => closure),
    [3, 6, 12],
  );
  assert.deepEqual(done!.result.images.shape, [1, 16, 16, 3]);
});
