import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { normalStream } from '../../src/core/random.js';
import { datasetOf } from '../../src/data/dataset.js';
import { type Dataset, openDataset } from '../../src/data/index.js';
import { network, shippedModel } from '../../src/models/index.js';
import { oneCycle, testAccuracy, trainClassifier } from '../../src/training/index.js';
import { root, shared } from '../fixtures.js';

/** Noise with a bright third: at the top, in the middle or at the bottom. */
const thirds: Dataset = datasetOf({
  name: 'thirds',
  source: 'made up',
  classNames: ['top', 'middle', 'bottom'],
  imageShape: [12, 12, 3],
  sizes: { train: 700, test: 150 },
  labelAt: (split, index) => (index + (split === 'test' ? 1 : 0)) % 3,
  writeImage: (split, index, out, offset) => {
    const random = normalStream(index + (split === 'test' ? 10_000 : 0));
    const label = (index + (split === 'test' ? 1 : 0)) % 3;
    for (let i = 0; i < 432; i++) {
      const bright = Math.floor(i / 144) === label ? 0.15 : 0;
      out[offset + i] = Math.min(1, Math.max(0, 0.4 + bright + 0.2 * random()));
    }
  },
});

const small = network({
  name: 'small',
  imageShape: [12, 12, 3],
  classes: 3,
  layers: [
    { kind: 'conv', filters: 6, size: 3, bias: false },
    { kind: 'relu' },
    { kind: 'conv', filters: 12, size: 3 },
    { kind: 'maxPool', size: 4 },
    { kind: 'relu' },
    { kind: 'dense', units: 3, bias: true },
  ],
});

test("trainClassifier learns, keeps frozen weights, and gives a network as accurate as its curve's end", async () => {
  const options = { epochs: 3, batchSize: 32, heldOut: 60, schedule: oneCycle(0.05), augment: { shift: 1 } };
  const { model, fitted, validationAccuracy } = await trainClassifier(small, thirds, {
    ...options,
    frozen: ['conv0/kernel'],
  });
  assert.ok((await testAccuracy(model, thirds)) > 0.95);
  assert.equal(fitted.history.at(-1)!.validation.accuracy, validationAccuracy);
  assert.deepEqual(model.parameters[0], small.parameters[0]);
  assert.notDeepEqual(model.parameters[1]!.data, small.parameters[1]!.data);
  assert.equal(fitted.steps, 3 * 20);
  await assert.rejects(
    trainClassifier(small, thirds, { ...options, frozen: ['conv1/kernel'] }),
    /frozen must be one of conv0\/kernel/,
  );
  await assert.rejects(
    trainClassifier(small, thirds, { ...options, heldOut: 690 }),
    /the train split is too small, got 700/,
  );
});

const cifar10 = [process.env.ROGLAB_DATA, shared('cifar10'), join(root, '../cifar10')].find(
  (folder) => folder && existsSync(join(folder, 'test_batch.bin')),
);
const shipped = existsSync(join(root, 'data/weights/tagger.safetensors'));
const skip = !shipped ? 'no tagger weights' : !cifar10 && 'no CIFAR-10: set ROGLAB_DATA to its folder';

test('the shipped networks reach the accuracies of their cards on 600 CIFAR-10 test images, within 3 sigma', {
  skip,
}, async () => {
  const all = await openDataset(`cifar10:${cifar10}`);
  const some: Dataset = { ...all, sizes: { ...all.sizes, test: 600 } };
  for (const name of ['tagger', 'trunk', 'trunk-loss'] as const) {
    const card = JSON.parse(readFileSync(join(root, `data/weights/${name}.json`), 'utf8'));
    const wanted = card.scores.testAccuracy;
    const got = await testAccuracy(await shippedModel(name), some);
    assert.ok(Math.abs(got - wanted) < 3 * Math.sqrt((wanted * (1 - wanted)) / 600), `${name}: ${got}, not ${wanted}`);
  }
});
