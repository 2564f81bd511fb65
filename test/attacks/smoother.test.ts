import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { isRough, isSmoother } from '../../src/attacks/choose/smoother.js';
import { rog } from '../../src/attacks/index.js';
import { mean } from '../../src/core/numbers.js';
import { permutation } from '../../src/core/random.js';
import type { Layer, NdArray, Observation, Reconstruction } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { psnr } from '../../src/metrics/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';

const GROUPS: Layer = { kind: 'groupNorm', groups: 8 };
const SEED = 74;

async function seen(
  after: readonly Layer[] = [GROUPS, { kind: 'prelu' }],
  pool: 'maxPool' | 'averagePool' = 'maxPool',
  phi = 'none',
): Promise<{ images: NdArray; observation: Observation }> {
  const layers: Layer[] = [
    { kind: 'conv', filters: 16, size: 3, stride: 2, bias: true },
    ...after,
    { kind: 'conv', filters: 24, size: 3, stride: 1, bias: true },
    ...after,
    { kind: pool, size: 2 },
    { kind: 'dense', units: 10, bias: true },
  ];
  const model = network({ name: 'normed', imageShape: [24, 24, 3], classes: 10, seed: SEED, layers });
  const { images } = (await openDataset('photos', { size: 24 })).batch({ split: 'test', size: 1, seed: SEED });
  const labels = Int32Array.from(permutation(10, SEED + 7).slice(0, 1));
  const update = await clientUpdate(model, { images, labels });
  return { images, observation: observe(model, update, { labels, obfuscation: parseObfuscation(phi) }) };
}

test('rough pictures: exact updates behind kinks, of networks that do not mix the batch', async () => {
  const rough = async (roughness: number, ...asked: Parameters<typeof seen>) =>
    isRough((await seen(...asked)).observation, { roughness });
  assert.deepEqual([await rough(0.21), await rough(0.19)], [true, false]);
  assert.equal(await rough(0.21, [GROUPS, { kind: 'gelu' }], 'averagePool'), false);
  assert.equal(await rough(0.21, [{ kind: 'batchNorm' }, { kind: 'prelu' }]), false);
  assert.equal(await rough(0.21, undefined, undefined, 'quantize:8'), false);
  const rival = (unexplained: number, roughness: number) =>
    isSmoother({ unexplained, roughness }, { unexplained: 0.3, roughness: 0.4 });
  assert.deepEqual([rival(0.31, 0.3), rival(0.33, 0.3), rival(0.29, 0.42)], [true, false, true]);
});

test('rog: rough pictures are matched again with a firm prior, 2 dB nearer; stopped there, it goes on', async () => {
  const { images, observation } = await seen();
  const reached = (result: Reconstruction): number => mean(psnr(images, result.images));
  const whole = await rog(observation);
  const race = whole.settings.race as { candidate: string; closures: number }[];
  assert.equal(race.at(-1)!.candidate, 'matching, firm prior');
  assert.equal(whole.closures, 400);
  const forced = await rog(observation, { method: 'matching' });
  assert.ok(reached(whole) > reached(forced) + 2, `${reached(whole)} dB, matching ${reached(forced)}`);
  const stop = new AbortController();
  const checkpoint = join(mkdtempSync(join(tmpdir(), 'roglab-rough-')), 'search');
  const part = await rog(observation, {
    signal: stop.signal,
    checkpoint,
    onProgress: ({ closure, total }) => {
      assert.ok(total >= closure);
      if (closure === 210) stop.abort();
    },
  });
  assert.deepEqual([part.stopped, part.closures], ['cancelled', 210]);
  assert.deepEqual(part.images, forced.images);
  const resumed = await rog(observation, { checkpoint });
  assert.deepEqual([resumed.stopped, resumed.closures], ['finished', whole.closures]);
  assert.deepEqual(resumed.images, whole.images);
});
