import assert from 'node:assert/strict';
import test from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { datasetOf } from '../../src/data/dataset.js';
import { scenes } from '../../src/data/scenes/index.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { uniformQuantizer } from '../../src/obfuscation/index.js';

const layers = [
  { kind: 'conv', filters: 4, size: 5, stride: 4 },
  { kind: 'relu' },
  { kind: 'dense', units: 32 },
  { kind: 'relu' },
  { kind: 'dense', units: 10 },
] as const;

test('the prior weighs with the resolution, in matching and the closed form; a given weight stays', async () => {
  await start();
  const weights: Record<string, unknown[]> = {};
  for (const size of [32, 64]) {
    const batch = datasetOf(scenes({ size })).batch({ size: 2, seed: 1, labels: 'distinct' });
    const model = network({ name: 'small', imageShape: [size, size, 3], classes: 10, seed: 1, layers });
    const obfuscation = uniformQuantizer({ bits: 3 });
    const seen = observe(model, await clientUpdate(model, batch), { obfuscation, labels: batch.labels });
    for (const method of ['matching', 'closed-form'] as const) {
      const { settings } = await rog(seen, { method, iterations: 5 });
      weights[method] = [...(weights[method] ?? []), settings.weight];
    }
    assert.equal((await rog(seen, { method: 'matching', iterations: 5, weight: 0.01 })).settings.weight, 0.01);
  }
  for (const [small, large] of Object.values(weights) as [number, number][])
    assert.ok(Math.abs(large / small - 2) < 1e-12, `${small} ${large}`);
});
