/**
 * The attacks on every ready-made network of the usual kinds, small: labels, pictures, a falling objective; and their
 * files.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { gradInversion, inferLabels, rog } from '../../src/attacks/index.js';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { resample } from '../../src/core/resample.js';
import type { Model, NdArray } from '../../src/core/types.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import {
  alexnet,
  lenet5,
  loadWeights,
  mobilenetV2,
  resnet18,
  resnet34,
  saveWeights,
  vgg11,
  vit,
  withModes,
} from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';

/** [network, images in the batch] */
const cases: readonly (readonly [string, Model, number])[] = [
  ['lenet5, one channel', lenet5({ imageShape: [28, 28, 1] }), 2],
  ['alexnet', alexnet({ imageShape: [64, 64, 3], width: 1 / 16 }), 1],
  ['vgg11', vgg11({ width: 1 / 16 }), 1],
  ['resnet18, evaluation', resnet18({ width: 1 / 8, batchNorm: 'eval' }), 2],
  ['resnet18, training', resnet18({ width: 1 / 8 }), 4],
  ['resnet34, training', resnet34({ imageShape: [48, 48, 3], width: 1 / 16 }), 2],
  ['mobilenetV2, training', mobilenetV2({ imageShape: [48, 48, 3], width: 1 / 8 }), 4],
  ['vit', vit({ imageShape: [16, 16, 3], width: 16, depth: 2, heads: 2 }), 2],
  ['lenet5, normalized pictures', lenet5({ normalize: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] } }), 1],
];
const folder = temporaryFolder();

for (const [name, model, count] of cases)
  test(`rog on ${name}: labels are read, pictures come out, the objective falls`, async () => {
    const [height, width, channels] = model.imageShape;
    const images = resample(ndarray([count, 4, 4, channels], uniformStream(6)), [height, width], 'bilinear');
    const labels = Int32Array.from({ length: count }, (_, i) => 2 * i);
    const observed = observe(model, await clientUpdate(model, { images, labels }));
    assert.equal((await inferLabels(observed)).labels.length, count);
    const found = await rog(observe(model, await clientUpdate(model, { images, labels }), { labels }), {
      iterations: 40,
      method: 'matching',
    });
    assert.deepEqual(found.images.shape, [count, height, width, channels]);
    assert.ok(found.images.data.every((value) => value >= 0 && value <= 1));
    const [first] = found.history;
    assert.ok(Number.isFinite(first!.objective) && first!.objective > 0);
    assert.ok(found.objective < first!.objective, `${found.objective} from ${first!.objective}`);
  });

for (const model of [resnet18({ width: 1 / 16 }), vit({ imageShape: [8, 8, 3], width: 8, depth: 1, heads: 2 })])
  test(`saveWeights and loadWeights of ${model.name}: parameters and running statistics`, async () => {
    const path = join(folder, `${model.name}.safetensors`);
    const own = { ...model, buffers: model.buffers?.map((b, k) => ({ ...b, data: b.data.map((v) => v + k) })) };
    await saveWeights(path, own);
    const loaded = await loadWeights(path, {
      ...model,
      parameters: model.parameters.map((p) => ({ ...p, data: p.data.map(() => 0) })),
    });
    assert.deepEqual(loaded.parameters, own.parameters);
    assert.deepEqual(loaded.buffers, own.buffers);
  });

test('labels of a single image are read off every network, biased head or not', async () => {
  for (const [name, model] of cases) {
    const alone = name.includes('training') ? withModes(model, { batchNorm: 'eval' }) : model;
    const images = ndarray([1, ...model.imageShape], uniformStream(9));
    const observed = observe(alone, await clientUpdate(alone, { images, labels: Int32Array.of(3) }));
    if (/vit|lenet5/.test(name)) continue; // features of either sign: nothing proves a label
    assert.deepEqual([...(await inferLabels(observed)).labels], [3], name);
  }
});

test('gradInversion: the batch-norm term is small at the true pictures if the client sent its statistics', async () => {
  const model = resnet18({ width: 1 / 16 });
  const labels = Int32Array.of(0, 1, 2);
  const images = resample(ndarray([3, 4, 4, 3], uniformStream(6)), [32, 32], 'bilinear');
  const update = await clientUpdate(model, { images, labels });
  const at = async (statistics: 'sent' | 'withheld', pictures: NdArray) => {
    const observed = observe(model, update, { labels, statistics });
    const options = { objective: 'l2', prior: 'tv', weight: 0, statistics: 1, simulate: 'direction', labels } as const;
    const closure = await attackClosure(observed, options);
    return (await closure.evaluate(pictures).finally(closure.dispose)).objective;
  };
  const gray = ndarray(images.shape, uniformStream(7));
  assert.ok((await at('sent', images)) < 0.05, `${await at('sent', images)}`);
  assert.ok((await at('sent', gray)) > 1);
  assert.ok((await at('withheld', images)) > 1, "the model's own statistics are not the batch's");
  const found = await gradInversion(observe(model, update, { labels, statistics: 'sent' }), {
    iterations: 4,
    seeds: 2,
    batchNorm: 0.1,
  });
  assert.equal(found.settings.batchNorm, 'BN_exact');
  const plain = observe(lenet5(), await clientUpdate(lenet5(), { images, labels }), { labels });
  assert.throws(
    () => gradInversion(plain, { batchNorm: 0.1 }),
    /needs the statistics of batch-norm layers, got "lenet5, which has none"/,
  );
});
