import assert from 'node:assert/strict';
import test from 'node:test';
import { rog } from '../../src/attacks/index.js';
import type { Reconstruction } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { score } from '../../src/studies/index.js';
import { ZOO } from '../../src/studies/zoo.js';

test('rog: pictures behind deep batch norm in training mode, which explain nothing, are made paler', async () => {
  const scenes = await openDataset('scenes', { size: 16 });
  const model = ZOO['resnet18-train']({ imageShape: [16, 16, 3], classes: 10, seed: 1 });
  const batch = scenes.batch({ size: 4, seed: 31 });
  const update = await clientUpdate(model, batch);
  const seen = observe(model, update, { obfuscation: parseObfuscation('qsgd:3'), labels: batch.labels, seed: 3 });
  const reached = async (result: Reconstruction): Promise<number> => {
    const { psnr } = await score(batch, result, { lpips: false });
    return psnr.reduce((sum, value) => sum + value, 0) / psnr.length;
  };
  const chosen = await rog(seen, { iterations: 50 });
  const race = chosen.settings.race as { candidate: string; yardstick: number }[];
  assert.match(race.at(-1)!.candidate, /contrast/);
  assert.ok(race.at(-1)!.yardstick <= race.at(-2)!.yardstick);
  const few = (await rog(seen, { iterations: 2 })).settings.race as { candidate: string }[];
  assert.ok(
    few.every(({ candidate }) => !/contrast/.test(candidate)),
    'too few closures to weigh anything',
  );
  const alone = await reached(await rog(seen, { iterations: 50, method: 'matching' }));
  assert.ok((await reached(chosen)) > alone + 1, `${await reached(chosen)} dB, ${alone} of matching alone`);
});
