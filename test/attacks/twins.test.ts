import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { imageAt } from '../../src/core/arrays.js';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';

test('rog: two images with the same label do not stay equal, and the seed decides how they start', async () => {
  await start();
  const data = await openDataset('scenes', { size: 16 });
  const layers = [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10 }] as const;
  const model = network({ name: 'small', imageShape: data.imageShape, layers, seed: 3 });
  const { images } = data.batch({ size: 2, seed: 1 });
  const observed = observe(model, await clientUpdate(model, { images, labels: Int32Array.of(4, 4) }), {
    labels: [4, 4],
  });
  const [a, b] = [await rog(observed, { iterations: 20 }), await rog(observed, { iterations: 20, seed: 2 })];
  const twins = imageAt(a.images, 0).data.map((v, i) => Math.abs(v - imageAt(a.images, 1).data[i]!));
  assert.ok(Math.max(...twins) > 0.05, `largest difference ${Math.max(...twins)}`);
  assert.notDeepEqual(a.images.data, b.images.data);
});
