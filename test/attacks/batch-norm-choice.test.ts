import assert from 'node:assert/strict';
import test from 'node:test';
import { grayOf } from '../../src/attacks/choose/yardstick.js';
import { rog } from '../../src/attacks/index.js';
import type { ClientSettings } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { score } from '../../src/studies/index.js';
import { ZOO } from '../../src/studies/zoo.js';
import { forEachEngine } from '../engines.js';

const scenes = await openDataset('scenes', { size: 16 });
const normed = (filters: number) => [
  { kind: 'conv', filters, size: 3, stride: 2 } as const,
  { kind: 'batchNorm', mode: 'train' } as const,
  { kind: 'relu' } as const,
];
const model = network({
  name: 'batch-norm',
  imageShape: [16, 16, 3],
  classes: 10,
  seed: 1,
  layers: [...normed(12), ...normed(24), { kind: 'flatten' }, { kind: 'dense', units: 10, bias: true }],
});

test('rog: MobileNetV2 as it trains, whose update of an even gray is infinite, ends no attack', async () => {
  const deep = ZOO.mobilenetV2({ imageShape: [16, 16, 3], classes: 10, seed: 1 });
  assert.ok(new Set(grayOf({ model: deep, client: { batchSize: 2 } as ClientSettings }).data).size > 1);
  const { images, labels } = await scenes.batch({ size: 2, seed: 31 });
  const update = await clientUpdate(deep, { images, labels });
  const seen = observe(deep, update, { obfuscation: parseObfuscation('topk:0.95'), labels });
  const { settings, history } = await rog(seen, { iterations: 50 });
  assert.ok(history.length > 0 && history.every(({ objective }) => Number.isFinite(objective)));
  for (const { yardstick } of settings.race as { yardstick?: number }[])
    assert.ok(yardstick === undefined || Number.isFinite(yardstick));
});

forEachEngine((engine, setup) => {
  test(`rog: batch norm in training mode wants a firmer prior, sent statistics help, ${engine}`, async () => {
    await setup();
    const batch = await scenes.batch({ size: 1, seed: 31 });
    const update = await clientUpdate(model, batch);
    const { labels } = batch;
    const reached = async (phi: string, statistics: 'sent' | 'withheld', options = {}): Promise<number> => {
      const seen = observe(model, update, { obfuscation: parseObfuscation(phi), statistics, labels, seed: 2 });
      return (await score(batch, await rog(seen, { iterations: 80, ...options }))).psnr[0]!;
    };
    const tunedOnLenet = { objective: 'cosine', weight: 0.01 } as const;
    const exact = await reached('none', 'withheld');
    const before = await reached('none', 'withheld', tunedOnLenet);
    assert.ok(exact > before + 2, `${exact} dB, and ${before} by the numbers of LeNet`);
    const [told, untold] = [await reached('quantize:3', 'sent'), await reached('quantize:3', 'withheld')];
    assert.ok(told > untold + 1, `${told} dB with the moments, ${untold} without`);
  });
});
