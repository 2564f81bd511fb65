import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import type { ImageShape, Layer, Model } from '../../src/core/types.js';
import { start, tf, toTensor } from '../../src/engine/index.js';
import { forward, loadWeights, mapLayers, network } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

/** Networks and files of PyTorch, by test/golden/torch-clients.py. */
const cases = JSON.parse(readFileSync(join(root, 'test/golden/torch-clients.json'), 'utf8')) as {
  name: string;
  layers: Layer[];
  imageShape: ImageShape;
  classes: number;
  images: number[];
  logits: number[];
  before: string;
}[];
const folder = temporaryFolder();

const inEvaluation = (layers: readonly Layer[]): Layer[] =>
  mapLayers(layers, (layer) => (layer.kind === 'batchNorm' ? { ...layer, mode: 'eval' } : layer));

async function answers(model: Model, images: readonly number[]): Promise<number[]> {
  await start({ compiled: 'off' });
  const x = ndarray([3, ...model.imageShape], Float32Array.from(images));
  return tf.tidy(() => [...forward(model)(model.parameters.map(toTensor), toTensor(x)).dataSync()]);
}

for (const [k, { name, layers, imageShape, classes, images, logits, before }] of cases.entries())
  test(`loadWeights: a file of PyTorch gives the network's answers: ${name}`, async () => {
    const path = join(folder, `${k}`);
    writeFileSync(path, Buffer.from(before, 'base64'));
    const blank = network({ name: 'net', layers: inEvaluation(layers), imageShape, classes, seed: 5 });
    const found = await answers(await loadWeights(path, blank), images);
    found.forEach((value, i) => {
      assert.ok(Math.abs(value - logits[i]!) < 1e-5 * (1 + Math.abs(logits[i]!)), `logit ${i}: ${value}, ${logits[i]}`);
    });
  });

test('loadWeights: another network is refused at the first tensor that does not fit', async () => {
  const [first] = cases;
  const path = join(folder, 'other');
  writeFileSync(path, Buffer.from(first!.before, 'base64'));
  const other = (layers: readonly Layer[]) =>
    network({ name: 'net', layers, imageShape: first!.imageShape, classes: 4 });
  const wider = first!.layers.map((layer) =>
    layer.kind === 'dense' && layer.units === 12 ? { ...layer, units: 13 } : layer,
  );
  await assert.rejects(
    loadWeights(path, other(wider)),
    /tensor 4 must be dense6\/kernel with PyTorch's shape \[13,16\], got "fc1.weight \[12,16\]"/,
  );
  await assert.rejects(
    loadWeights(path, other(first!.layers.slice(-1))),
    /the network takes 2 tensors, got "10 in the file"/,
  );
});
