import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { classGaussians } from '../../src/making/generator-gaussian.js';
import { shippedPart, trainGenerator } from '../../src/making/generator-training.js';
import { generatorBasis, latentSize } from '../../src/models/generator.js';
import { generatorFrom } from '../../src/models/generator-weights.js';
import { trunk } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { SMALL_DESIGN } from '../models/small-generator.js';

const folder = temporaryFolder();
const design = { ...SMALL_DESIGN, classes: 10 };
const indices = Array.from({ length: 60 }, (_, i) => i);
const scenes = () => openDataset('scenes', { size: 16 });

test('classGaussians: mean and covariance of the low frequencies, mirror images included', async () => {
  await start();
  const data = await scenes();
  const [mean, root] = await classGaussians(data, indices, design);
  const { data: basis } = generatorBasis(design);
  const size = latentSize(design);
  const label = data.labels('train', [0])[0]!;
  const own = indices.filter((i) => data.labels('train', [i])[0] === label);
  const rows = own.flatMap((index) => {
    const image = data.images('train', [index]).data;
    const mirror = image.map((_, i) => {
      const [pixel, channel] = [Math.floor(i / 3), i % 3];
      return image[(pixel - (pixel % 16) + 15 - (pixel % 16)) * 3 + channel]!;
    });
    return [image, mirror].map((x) =>
      Array.from({ length: size }, (_, k) => x.reduce((sum, v, i) => sum + (v - 0.5) * basis[k * 768 + i]!, 0)),
    );
  });
  const average = (k: number): number => rows.reduce((sum, row) => sum + row[k]!, 0) / rows.length;
  for (let k = 0; k < size; k++) {
    assert.ok(Math.abs(average(k) - mean!.data[label * size + k]!) < 1e-3);
    for (let j = 0; j < size; j++) {
      const covariance =
        rows.reduce((sum, row) => sum + (row[k]! - average(k)) * (row[j]! - average(j)), 0) / rows.length;
      let found = 0;
      for (let c = 0; c < size; c++)
        found += root!.data[(label * size + k) * size + c]! * root!.data[(label * size + j) * size + c]!;
      assert.ok(Math.abs(covariance - found) < 1e-2 + 1e-3 * Math.abs(covariance), `${k} ${j}: ${covariance} ${found}`);
    }
  }
});

test('trainGenerator: a training stopped and resumed ends with the same bits, running mean included', async () => {
  await start({ threads: 1 });
  const data = await scenes();
  const gaussians = await classGaussians(data, indices, design);
  const judge = trunk({ imageShape: [16, 16, 3], seed: 4 }, 'trunk-loss');
  const options = { judge, gaussians, design, epochs: 2, heldOut: 4, recipe: { batch: 2, samples: 6 }, threads: 1 };
  const whole = await trainGenerator(data, options);
  assert.equal(whole.steps, 9); // a phase has an epoch at least
  assert.ok(whole.history.every(({ losses }) => Object.values(losses).every(Number.isFinite)));
  const checkpoint = join(folder, 'generator.checkpoint');
  const stop = new AbortController();
  const onProgress = ({ step }: { step: number }) => step === 4 && stop.abort();
  const part = await trainGenerator(data, { ...options, checkpoint, signal: stop.signal, onProgress });
  assert.deepEqual([part.stopped, part.steps], ['cancelled', 4]);
  const rest = await trainGenerator(data, { ...options, checkpoint });
  assert.deepEqual(rest.parameters, whole.parameters);
  assert.deepEqual(rest.averaged, whole.averaged);
  assert.notDeepEqual(whole.averaged, whole.parameters);
  generatorFrom([...gaussians, ...shippedPart(whole.averaged!)], data.classNames.slice(0, 10), design);
});
