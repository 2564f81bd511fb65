import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray, oneHot } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { drawBatches } from '../../src/federation/local-training.js';
import { clippedGradients, noised } from '../../src/federation/private-gradient.js';
import { network } from '../../src/models/index.js';
import { gaussianNoise } from '../../src/obfuscation/index.js';
import { forEachEngine } from '../engines.js';

const model = network({
  name: 'small',
  imageShape: [6, 6, 2],
  classes: 3,
  seed: 4,
  layers: [{ kind: 'conv', filters: 3, size: 3 }, { kind: 'sigmoid' }, { kind: 'dense', units: 3 }],
});
const COUNT = 11; // more than one group of the compiled step, and no whole number of them
const images = ndarray([COUNT, 6, 6, 2], uniformStream(2));
const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 3);
const normOf = (arrays: readonly Float32Array[]): number =>
  Math.sqrt(arrays.reduce((sum, data) => sum + data.reduce((part, v) => part + v * v, 0), 0));

forEachEngine((engine, setup) => {
  test(`${engine}: clipped gradients are the examples' own, shortened one by one and summed`, async () => {
    await setup();
    const each = await Promise.all(
      Array.from(labels, (label, i) =>
        clientUpdate(model, {
          images: { shape: [1, 6, 6, 2], data: images.data.slice(72 * i, 72 * (i + 1)) },
          labels: Int32Array.of(label),
        }),
      ),
    );
    const norms = each.map(({ tensors }) => normOf(tensors.map(({ data }) => data)));
    const clip = [...norms].sort((a, b) => a - b)[5]!; // some are cut, some are not
    const clipped = await clippedGradients(model);
    const { sum, loss } = await clipped.run(model.parameters, images, oneHot('test', labels, 3), clip);
    clipped.dispose();
    assert.ok(Math.abs(loss - each.reduce((total, update) => total + update.loss, 0)) < 1e-4);
    sum.forEach((values, k) => {
      values.forEach((value, i) => {
        const wanted = each.reduce(
          (total, { tensors }, e) => total + tensors[k]!.data[i]! * Math.min(1, clip / norms[e]!),
          0,
        );
        assert.ok(Math.abs(value - wanted) < 3e-5 * clip, `${value} and ${wanted}`);
      });
    });
  });
});

test('the clip bound is never exceeded, whatever the example and the bound', async () => {
  const clipped = await clippedGradients(model);
  for (const clip of [1e-3, 0.05, 0.3, 1])
    for (let i = 0; i < COUNT; i++) {
      const one = { shape: [1, 6, 6, 2], data: images.data.slice(72 * i, 72 * (i + 1)) };
      const { sum } = await clipped.run(model.parameters, one, oneHot('test', labels.slice(i, i + 1), 3), clip);
      assert.ok(normOf(sum) <= clip, `${normOf(sum)} of ${clip}`);
    }
  clipped.dispose();
});

test('noised adds sigma C / expected on every entry, to 1 % of the power over a million entries', () => {
  const zero = [new Float32Array(600_000), new Float32Array(400_000)];
  const out = noised(zero, { clip: 0.5, noiseMultiplier: 1.2 }, 20, 3);
  const power = normOf(out) ** 2 / 1e6;
  assert.ok(Math.abs(power / (0.03 * 0.03) - 1) < 0.01, String(power));
  assert.deepEqual(noised(zero, { clip: 0.5, noiseMultiplier: 1.2 }, 20, 3), out);
});

test('clientUpdate with privacy: with a wide bound the plain update; the report says what was added', async () => {
  const settings = { localSteps: 3, learningRate: 0.2 };
  const plain = await clientUpdate(model, { images, labels }, settings);
  const wide = await clientUpdate(
    model,
    { images, labels },
    { ...settings, privacy: { clip: 1e3, noiseMultiplier: 0 } },
  );
  plain.tensors.forEach(({ data }, k) => {
    data.forEach((value, i) => {
      assert.ok(Math.abs(value - wide.tensors[k]!.data[i]!) < 1e-5);
    });
  });
  assert.ok(Math.abs(plain.loss - wide.loss) < 1e-5);
  const privacy = { clip: 0.1, noiseMultiplier: 2 };
  const update = await clientUpdate(model, { images, labels }, { ...settings, privacy, seed: 5 });
  const { obfuscation, client } = observe(model, update);
  assert.deepEqual(client.privacy, privacy);
  const sigma = (2 * 0.1 * Math.sqrt(3)) / COUNT;
  for (const { noise, scaleUnknown } of obfuscation.evidence) {
    assert.ok(Math.abs(noise / sigma - 1) < 1e-6);
    assert.ok(scaleUnknown);
  }
  const more = observe(model, update, { obfuscation: gaussianNoise({ sigma: 1 }) }).obfuscation.evidence[0]!;
  assert.ok(more.scaleUnknown && Math.abs(more.noise / Math.hypot(1, sigma) - 1) < 1e-6);
});

test('drawBatches: every image once per order; Poisson with the rate batchSize / n', () => {
  const plain = { localSteps: 5, batchSize: 4, flip: true };
  const drawn = drawBatches(10, plain, 7);
  assert.ok(drawn.every((rows) => rows.length === 4));
  assert.equal(new Set([...drawn[0]!, ...drawn[1]!]).size, 8);
  assert.deepEqual(
    drawBatches(3, plain, 7).map((rows) => [...rows].sort((a, b) => a - b)),
    Array.from({ length: 5 }, () => [0, 1, 2]),
  );
  const poisson = drawBatches(
    200,
    { localSteps: 500, batchSize: 20, flip: true, privacy: { clip: 1, noiseMultiplier: 1 } },
    7,
  );
  const sizes = poisson.map((rows) => rows.length);
  const mean = sizes.reduce((a, b) => a + b, 0) / 500;
  const variance = sizes.reduce((a, b) => a + (b - mean) ** 2, 0) / 500;
  assert.ok(Math.abs(mean - 20) < 0.8, `mean ${mean}`); // sd of the mean: 0.19
  assert.ok(Math.abs(variance / 18 - 1) < 0.25, `variance ${variance}`); // binomial: 200 * 0.1 * 0.9
});
