import assert from 'node:assert/strict';
import test from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet } from '../../src/models/index.js';
import { ZOO } from '../../src/studies/zoo.js';

const lenet16 = lenet({ imageShape: [16, 16, 3], seed: 1 });

test('rog: one image behind six convolutions is also read off the head, behind two it is matched', async () => {
  const deep = ZOO.vgg7({ imageShape: [16, 16, 3], classes: 10, seed: 1 });
  const batch = await (await openDataset('scenes', { size: 16 })).batch({ size: 1, seed: 31 });
  const observed = observe(deep, await clientUpdate(deep, batch), { labels: batch.labels });
  const race = (await rog(observed)).settings.race as readonly { candidate: string; yardstick?: number }[];
  assert.ok(race.find(({ candidate }) => candidate === 'closed-form')!.yardstick! < race[0]!.yardstick!);
  const shallow = observe(lenet16, await clientUpdate(lenet16, batch), { labels: batch.labels });
  const other = (await rog(shallow)).settings.race as typeof race;
  assert.equal(other.find(({ candidate }) => candidate === 'closed-form')!.yardstick, undefined);
});
