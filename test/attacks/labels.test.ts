import assert from 'node:assert/strict';
import test from 'node:test';
import { inferLabels } from '../../src/attacks/index.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';

const PHIS = ['none', 'quantize:3', 'qsgd:3', 'topk:0.95', 'sign', 'noise:-10'];

async function inferred(size: number, seed: number, phi: string, labels: 'any' | 'distinct', localSteps = 1) {
  const data = await openDataset('scenes', { size: 16 });
  const batch = data.batch({ size, seed, labels });
  const model = lenet({ imageShape: data.imageShape, seed: 100 + seed });
  const update = await clientUpdate(model, batch, { localSteps });
  const found = await inferLabels(observe(model, update, { obfuscation: parseObfuscation(phi), labels: 'infer' }));
  return { ...found, truth: [...batch.labels].sort((a, b) => a - b) };
}

test('inferLabels: one image, every phi: exact', async () => {
  for (const phi of PHIS)
    for (const seed of [1, 2, 3]) {
      const { labels, truth, confidence } = await inferred(1, seed, phi, 'distinct');
      assert.deepEqual([...labels], truth, phi);
      assert.ok(confidence[0]! > 0 && confidence[0]! <= 1);
    }
});

test('inferLabels: 4 and 8 distinct labels without obfuscation, FedSGD and FedAvg: exact', async () => {
  for (const size of [4, 8])
    for (const localSteps of [1, 5]) {
      const { labels, truth } = await inferred(size, 7, 'none', 'distinct', localSteps);
      assert.deepEqual([...labels], truth, `${size} images, ${localSteps} steps`);
    }
});

test('inferLabels: repeated labels are counted', async () => {
  const { labels, truth, method } = await inferred(8, 3, 'none', 'any');
  assert.ok(new Set(truth).size < 8, 'the batch does repeat a label');
  assert.deepEqual([...labels], truth);
  assert.match(method, /LLG/);
});

test('inferLabels: a network without a dense layer per class is refused, with the way out', async () => {
  const model = network({
    name: 'conv',
    imageShape: [8, 8, 3],
    classes: 4,
    layers: [
      { kind: 'conv', filters: 4, size: 3 },
      { kind: 'adaptiveAveragePool', size: 1 },
    ],
  });
  const images = { shape: [1, 8, 8, 3], data: new Float32Array(192).fill(0.5) };
  const update = await clientUpdate(model, { images, labels: Int32Array.of(1) });
  await assert.rejects(
    inferLabels(observe(model, update)),
    /needs a last dense layer with one output per class.*give the labels to observe/,
  );
});
