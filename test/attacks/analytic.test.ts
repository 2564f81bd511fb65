import assert from 'node:assert/strict';
import test from 'node:test';
import { quotientError } from '../../src/attacks/choose/quotient-error.js';
import { analytic, rog } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Layer } from '../../src/core/types.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { uniformQuantizer } from '../../src/obfuscation/index.js';

const imageShape = [8, 8, 3] as const;
const dense = (units: number, bias = true): Layer => ({ kind: 'dense', units, bias });
const perceptron = (kind: 'sigmoid' | 'relu') =>
  network({ name: 'perceptron', imageShape, classes: 4, layers: [dense(32), { kind }, dense(4)] });
const picture = (size: number, seed = 1) => ndarray([size, ...imageShape], uniformStream(seed));
const farthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

for (const localSteps of [1, 5])
  test(`analytic: one image, exactly, after ${localSteps} local steps`, async () => {
    const model = perceptron('sigmoid');
    const images = picture(1);
    const update = await clientUpdate(model, { images, labels: Int32Array.of(2) }, { localSteps, learningRate: 0.1 });
    const result = await analytic(observe(model, update));
    assert.ok(farthest(result.images.data, images.data) < 1e-4);
    assert.deepEqual([...result.labels], [2]);
    assert.ok(result.objective < 1e-8, `one image explains the whole gradient: ${result.objective}`);
  });

test('analytic: the picture itself where the network normalises its input, and rog() takes it', async () => {
  const entrance: Layer[] = [
    { kind: 'scale', factor: 2 },
    { kind: 'normalize', mean: [0.9, 1, 1.1], std: [0.4, 0.5, 0.6] },
    { kind: 'flatten' },
  ];
  const layers = [...entrance, dense(32), { kind: 'relu' } as const, dense(4)];
  const model = network({ name: 'normalised', imageShape, classes: 4, layers });
  const images = picture(1);
  const update = await clientUpdate(model, { images, labels: Int32Array.of(2) }, { localSteps: 3, learningRate: 0.1 });
  for (const obfuscation of [undefined, uniformQuantizer({ bits: 12 })]) {
    const seen = observe(model, update, { obfuscation });
    const { images: found } = await analytic(seen);
    const far = farthest(found.data, images.data);
    assert.ok(far < (obfuscation ? 0.03 : 1e-4), `${far}`);
    const error = Math.sqrt(found.data.reduce((sum, x, i) => sum + (x - images.data[i]!) ** 2, 0) / 192);
    const told = quotientError(seen, found);
    assert.ok(told >= error / 2 && told < Math.max(10 * error, 1e-4), `told ${told}, is ${error}`);
  }
  const { settings } = await rog(observe(model, update), { iterations: 60 });
  assert.equal(settings.method, 'analytic');
});

test('analytic: a batch gives mixtures, sum_b d_br x_b / sum_b d_br', async () => {
  const model = perceptron('sigmoid');
  const images = picture(2);
  const labels = Int32Array.of(0, 3);
  const alone = await Promise.all(
    [0, 1].map((b) =>
      clientUpdate(model, {
        images: ndarray([1, ...imageShape], images.data.slice(b * 192, (b + 1) * 192)),
        labels: labels.slice(b, b + 1),
      }),
    ),
  );
  const update = await clientUpdate(model, { images, labels });
  const result = await analytic(observe(model, update, { labels }));
  assert.deepEqual(result.images.shape, [2, ...imageShape]);
  assert.deepEqual(result.labelSource, { method: 'given', confidence: [1, 1] });
  const r = (result.settings.neurons as number[])[0]!;
  const [d0, d1] = alone.map(({ tensors }) => tensors[1]!.data[r]!) as [number, number];
  const mixture = Float32Array.from({ length: 192 }, (_, i) => {
    const value = (d0 * images.data[i]! + d1 * images.data[192 + i]!) / (d0 + d1);
    return Math.min(1, Math.max(0, value));
  });
  assert.ok(farthest(result.images.data.subarray(0, 192), mixture) < 1e-3);
  assert.ok(result.objective > 1e-3, 'one picture does not explain the gradient of two');
});

test('analytic: refuses what has no dense layer with bias at the entrance, and says what to use', async () => {
  const images = picture(1);
  const labels = Int32Array.of(0);
  const plain = network({ name: 'plain', imageShape, classes: 4, layers: [dense(4, false)] });
  const convolutional = lenet({ imageShape: [8, 8, 3] });
  for (const [model, what] of [
    [plain, 'a dense layer without bias'],
    [convolutional, 'a conv layer'],
  ] as const) {
    const observation = observe(model, await clientUpdate(model, { images, labels }));
    await assert.rejects(
      analytic(observation),
      new RegExp(`analytic: the first layer must be dense with bias.*${what}.*use dlg\\(\\) or rog\\(\\)`),
    );
  }
});

test('analytic: refuses an update without a bias gradient', async () => {
  const model = perceptron('relu');
  const update = await clientUpdate(model, { images: picture(1), labels: Int32Array.of(0) });
  const dead = {
    ...update,
    tensors: update.tensors.map((t) => ({ ...t, data: t.shape.length > 1 ? t.data : t.data.map(() => 0) })),
  };
  await assert.rejects(analytic(observe(model, dead)), /analytic: needs 1 neurons with a bias gradient other than 0/);
});
