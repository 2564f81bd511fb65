/** Clients whose labels are smoothed: simulated, checked, and attacked by what takes it into account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedForm, inferLabels, rog } from '../../src/attacks/index.js';
import { checkClient } from '../../src/audit/index.js';
import { ndarray, oneHot } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Layer } from '../../src/core/types.js';
import { applyUpdate, averageUpdates, clientUpdate, observe, simulatedUpdate } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';

const layers: Layer[] = [
  { kind: 'conv', filters: 4, size: 3, stride: 2 },
  { kind: 'sigmoid' },
  { kind: 'dense', units: 12, bias: true },
  { kind: 'relu' },
  { kind: 'dense', units: 6, bias: true },
];
const model = network({ name: 'n', imageShape: [8, 8, 3], classes: 6, layers, seed: 3 });
const images = (count: number) => ndarray([count, 8, 8, 3], uniformStream(7));
const batch = { images: images(4), labels: Int32Array.of(0, 2, 3, 5) };
const labelSmoothing = 0.1;
const near = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
  for (let i = 0; i < a.length; i++)
    assert.ok(Math.abs(a[i]! - b[i]!) < 1e-6 + 1e-4 * Math.abs(b[i]!), `${a[i]}, ${b[i]}`);
};

test('label smoothing: the gradient is (1 - e) that of the labels and e that of all classes alike', async () => {
  const { tensors, client } = await clientUpdate(model, batch, { labelSmoothing });
  assert.equal(client.labelSmoothing, labelSmoothing);
  const { labelSmoothing: _, ...plain } = client;
  const hard = await simulatedUpdate(model, batch.images, oneHot('test', batch.labels, 6), plain);
  const even = await simulatedUpdate(model, batch.images, ndarray([4, 6], 1 / 6), plain);
  tensors.forEach(({ data }, k) => {
    near(
      data,
      hard.delta[k]!.data.map((g, i) => (1 - labelSmoothing) * g + labelSmoothing * even.delta[k]!.data[i]!),
    );
  });
  const clipped = await clientUpdate(model, batch, { labelSmoothing, privacy: { clip: 1e6 } });
  clipped.tensors.forEach(({ data }, k) => {
    near(data, tensors[k]!.data);
  });
});

test('label smoothing: checkClient names it, and that there is none', async () => {
  const rate = { learningRate: 0.1, localSteps: 3 };
  for (const [real, believed, says] of [
    [{ ...rate, labelSmoothing }, rate, /agrees with label smoothing 0\.1$/],
    [rate, { ...rate, labelSmoothing }, /agrees with no label smoothing$/],
    [{ ...rate, labelSmoothing: 0.05 }, { ...rate, labelSmoothing }, /agrees with label smoothing 0\.05$/],
  ] as const) {
    const after = applyUpdate(model, (await clientUpdate(model, batch, real)).tensors, 0.1);
    assert.ok((await checkClient(model, { after, batch, settings: real })).agrees);
    assert.match((await checkClient(model, { after, batch, settings: believed })).sentence, says);
  }
});

test('label smoothing: labels of batches, and of one image of a network that is sure of it', async () => {
  const seen = observe(model, await clientUpdate(model, batch, { labelSmoothing }));
  assert.deepEqual([...(await inferLabels(seen)).labels], [...batch.labels]);
  for (const rule of ['bias', 'counts'] as const)
    assert.deepEqual([...(await inferLabels(seen, { rule })).labels], [...batch.labels], rule);
  const one = { images: images(1), labels: Int32Array.of(4) };
  let sure = model;
  for (let t = 0; t < 40; t++) sure = applyUpdate(sure, (await clientUpdate(sure, one)).tensors, 0.5);
  for (const net of [model, sure]) {
    const { labels } = await inferLabels(observe(net, await clientUpdate(net, one, { labelSmoothing })));
    assert.deepEqual([...labels], [4]);
  }
});

test('label smoothing: the closed form declines, the default simulates it', async () => {
  const seen = observe(model, await clientUpdate(model, batch, { labelSmoothing }), { labels: batch.labels });
  await assert.rejects(closedForm(seen), /closedForm: needs errors P - Y of labels that are not smoothed, got "labelS/);
  const { settings, objective } = await rog(seen, { iterations: 8 });
  assert.equal(settings.method, 'matching');
  assert.ok(Number.isFinite(objective));
});

test('label smoothing: clients in one mean smooth alike; shares out of range are refused', async () => {
  const [a, b] = [await clientUpdate(model, batch, { labelSmoothing }), await clientUpdate(model, batch)];
  assert.equal(averageUpdates([a, a]).client.labelSmoothing, labelSmoothing);
  assert.throws(() => averageUpdates([a, b]), /the clients must smooth their labels alike, by 0\.1/);
  await assert.rejects(clientUpdate(model, batch, { labelSmoothing: 1 }), /labelSmoothing must be .* below 1/);
  const client = { ...b.client, labelSmoothing: -1 };
  assert.throws(() => observe(model, { ...b, client }), /labelSmoothing must be a number of at least 0/);
});
