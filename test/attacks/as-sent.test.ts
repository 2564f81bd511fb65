import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSent } from '../../src/attacks/choose/as-sent.js';
import { rog } from '../../src/attacks/index.js';
import { isExact } from '../../src/core/evidence.js';
import { mean } from '../../src/core/numbers.js';
import type { Layer, Obfuscation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { psnr } from '../../src/metrics/index.js';
import { network } from '../../src/models/index.js';
import { bf16, fp16, topK, uniformQuantizer } from '../../src/obfuscation/index.js';

const data = await openDataset('scenes', { size: 16 });
const batch = data.batch({ size: 1, seed: 2, split: 'test' });
const conv = (filters: number, stride: number): Layer => ({ kind: 'conv', filters, size: 5, stride });

async function seen(layers: readonly Layer[], obfuscation: Obfuscation) {
  const all: readonly Layer[] = [...layers, { kind: 'dense', units: 10 }];
  const model = network({ name: 'small', imageShape: [16, 16, 3], classes: 10, seed: 5, layers: all });
  return observe(model, await clientUpdate(model, batch), { obfuscation, labels: batch.labels });
}

const kinked = [conv(12, 2), { kind: 'relu' }, conv(12, 1), { kind: 'relu' }] as const;
const smooth = [conv(12, 2), { kind: 'sigmoid' }, conv(12, 1), { kind: 'sigmoid' }] as const;
const dense = [{ kind: 'dense', units: 32 }, { kind: 'relu' }] as const;

test('rounding that is as good as none is taken for none, behind kinks alone', async () => {
  for (const phi of [bf16(), fp16(), uniformQuantizer({ bits: 12 })])
    assert.ok(asSent(await seen(kinked, phi)).obfuscation.evidence.every(isExact), phi.name);
  for (const phi of [uniformQuantizer({ bits: 6 }), topK({ sparsity: 0.5 })]) {
    const coarse = await seen(kinked, phi);
    assert.equal(asSent(coarse), coarse, phi.name);
  }
  for (const layers of [smooth, dense]) {
    const fine = await seen(layers, bf16());
    assert.equal(asSent(fine), fine);
  }
});

test('a smooth network keeps the bounds of rounding, however fine: finer rounding hides no more', async () => {
  const nearness = async (phi: Obfuscation): Promise<number> => {
    const { images, settings } = await rog(await seen(smooth, phi));
    assert.equal(settings.objective, 'interval');
    return mean(psnr(batch.images, images));
  };
  const [coarse, fine, finest] = [
    await nearness(uniformQuantizer({ bits: 6 })),
    await nearness(bf16()),
    await nearness(uniformQuantizer({ bits: 12 })),
  ];
  const said = `6 bits ${coarse.toFixed(1)}, bf16 ${fine.toFixed(1)}, 12 bits ${finest.toFixed(1)} dB`;
  assert.ok(fine > coarse + 1 && finest > coarse + 1, said);
});
