/** Clients that send gradients and no weights: from PyTorch's files to the verdict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditConfig, audit, auditPage, checkClient, readConfig, verdictOf } from '../../src/audit/index.js';
import type { Model, NamedArray } from '../../src/core/types.js';
import { applyUpdate, clientUpdate, updateFrom, updateFromGradients } from '../../src/federation/index.js';
import { loadGradients, loadWeights, network } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import {
  batchOf,
  type TorchGradients,
  torchClients,
  torchGradients,
  writeGradients,
  writeNetwork,
  writeState,
  writeTable,
} from '../torch-clients.js';
import { resultFits } from './small-audit.js';

const folder = temporaryFolder();
const settings = {};

async function round(one: TorchGradients) {
  const { golden, path, before: weights } = writeGradients(folder, one);
  const { layers, imageShape, classes } = golden;
  const before = await loadWeights(weights, network({ name: 'net', layers, imageShape, classes, seed: 5 }));
  return { golden, path, before, gradients: await loadGradients(path, before), batch: batchOf(golden) };
}

const relative = (a: readonly NamedArray[], b: readonly NamedArray[]): number => {
  const all = (of: readonly NamedArray[]): number[] => of.flatMap(({ data }) => [...data]);
  const [x, y] = [all(a), all(b)];
  return Math.hypot(...x.map((value, i) => value - y[i]!)) / Math.hypot(...y);
};

for (const one of torchGradients.filter(({ frozen }) => !frozen))
  test(`gradients of PyTorch are the simulated client's: ${one.client}, ${one.form}`, async () => {
    const { before, gradients, batch } = await round(one);
    const settings = one.smoothing ? { labelSmoothing: one.smoothing } : {};
    const found = await checkClient(before, { gradients, batch, settings });
    assert.ok(found.agrees, found.sentence);
    const options = { ...settings, batchSize: batch.labels.length };
    const { tensors, client } = updateFromGradients(before, gradients, options);
    const simulated = await clientUpdate(before, batch, settings);
    assert.ok(relative(tensors, simulated.tensors) < (one.before ? 0.2 : 1e-6));
    assert.deepEqual(client, simulated.client);
  });

test('checkClient: gradients that are rounding to some percent still tell other clients', async () => {
  for (const one of torchGradients.filter(({ before }) => before)) {
    const { before, gradients, batch } = await round(one);
    const images = { ...batch.images, data: batch.images.data.map((x) => 1 - x) };
    const labels = Int32Array.from(batch.labels).reverse();
    for (const other of [
      { ...batch, images },
      { ...batch, labels },
    ])
      assert.ok(!(await checkClient(before, { gradients, batch: other, settings })).agrees, one.form);
    const tensors = scaled(gradients.tensors, 2);
    const { sentence } = await checkClient(before, { gradients: { tensors }, batch, settings });
    assert.match(sentence, /agrees with its gradients divided by (2|1\.9|2\.)/);
  }
});

const first = torchGradients[0]!;
const scaled = (tensors: readonly NamedArray[], factor: number): NamedArray[] =>
  tensors.map((one) => ({ ...one, data: one.data.map((x) => x * factor) }));

test('updateFromGradients: the update of weights before and after, but for the rounding of those', async () => {
  const { before, gradients } = await round(first);
  const learningRate = 0.1;
  const after = applyUpdate(before, gradients.tensors, learningRate);
  const byWeights = updateFrom(before, after, { learningRate, batchSize: 3 });
  const byGradient = updateFromGradients(before, gradients, { learningRate, batchSize: 3 });
  assert.deepEqual(byGradient.client, byWeights.client);
  assert.ok(relative(byWeights.tensors, byGradient.tensors) < 1e-5);
  assert.equal(byGradient.tensors, gradients.tensors);
});

test('updateFromGradients refuses clients of another kind, and gradients that are none', async () => {
  const { before, gradients } = await round(first);
  const { tensors } = gradients;
  const from = (options: object, given: readonly NamedArray[] = tensors) =>
    updateFromGradients(before, { tensors: given }, { batchSize: 3, ...options });
  const kinds = [
    { localSteps: 2 },
    { optimizer: 'adam' },
    { optimizer: { kind: 'sgd', momentum: 0.9 } },
    { miniBatch: 1 },
  ];
  for (const options of kinds) assert.throws(() => from(options), /one step of plain SGD on its whole batch, got "/);
  assert.throws(() => from({ frozen: ['conv0'] }), /what is frozen has no gradient, got "conv0\/kernel moved"/);
  assert.throws(() => from({}, tensors.slice(1)), /the model has 10 parameter tensors/);
  assert.throws(() => from({}, scaled(tensors, Number.NaN)), /must be finite/);
  assert.throws(() => from({}, scaled(tensors, 0)), /zero in every entry/);
  const settings = { localSteps: 2 };
  await assert.rejects(checkClient(before, { gradients, batch: (await round(first)).batch, settings }), /one step/);
});

const others: [says: RegExp, of: (before: Model, gradient: readonly NamedArray[]) => readonly NamedArray[]][] = [
  [/agrees with its gradients divided by 3 \(a loss summed over the images\?\)$/, (_, g) => scaled(g, 3)],
  [/agrees with its gradients divided by 0\.1$/, (_, g) => scaled(g, 0.1)],
  [/are they a difference, after - before\?$/, (_, g) => scaled(g, -0.1)],
  [/are they those after it\? Give them as after$/, (before, g) => applyUpdate(before, g, 0.1).parameters],
  [/images, labels and their order/, (_, g) => g.map((one) => ({ ...one, data: one.data.map((x, i) => x * (i % 3)) }))],
];
for (const [says, of] of others)
  test(`checkClient names what is given for a gradient: ${says.source}`, async () => {
    const { before, gradients, batch } = await round(first);
    const tensors = of(before, gradients.tensors);
    const { agrees, sentence } = await checkClient(before, { gradients: { tensors }, batch, settings });
    assert.ok(!agrees);
    assert.match(sentence, says);
  });

test('checkClient: a gradient with batch statistics where running ones were meant, and of a frozen layer', async () => {
  const trained = await round(torchGradients.find(({ client }) => client.endsWith('batch statistics'))!);
  const text = JSON.stringify(trained.before.layers).replaceAll('"train"', '"eval"');
  const before = { ...trained.before, layers: JSON.parse(text) as Model['layers'] };
  const { gradients, batch } = trained;
  assert.match((await checkClient(before, { gradients, batch, settings })).sentence, /agrees with batch statistics/);
  const tensors = gradients.tensors.map((one) => (one.name.startsWith('conv0') ? scaled([one], 0)[0]! : one));
  const { sentence } = await checkClient(trained.before, { gradients: { tensors }, batch, settings });
  assert.match(sentence, /agrees with frozen conv0\/kernel$/);
});

test('checkClient takes the weights after a round or a gradient, one of both', async () => {
  const { before, gradients, batch } = await round(first);
  const rule = /give the weights after the round, or the gradient that was sent/;
  await assert.rejects(checkClient(before, { batch, settings }), rule);
  await assert.rejects(checkClient(before, { after: before, gradients, batch, settings }), rule);
});

test('loadGradients: a state dict with running statistics is no gradient', async () => {
  const { golden, before } = await round(torchGradients.find(({ client }) => client.startsWith('residual'))!);
  await assert.rejects(
    loadGradients(writeState(folder, golden, 'after'), before),
    /running statistics have no gradient/,
  );
  await assert.rejects(
    loadGradients(writeState(folder, torchClients[0]!, 'after'), before),
    /conv1.weight must have the shape/,
  );
});

for (const name of ['tutorial, safetensors', 'mobile, safetensors'])
  test(`audit: a client of PyTorch that sends its gradient, ONNX: ${name}`, async () => {
    const { golden, path, before } = writeGradients(folder, torchGradients.find(({ client }) => client === name)!);
    const config: AuditConfig = {
      network: writeNetwork(folder, golden),
      weights: before,
      gradients: path,
      data: `csv:${writeTable(folder, golden)}`,
      batch: 3,
      phi: ['none'],
      labels: ['known'],
      iterations: 2,
      remedies: false,
      bounds: false,
      threshold: { metric: 'psnr', value: 60 },
    };
    const found = await audit(config, { workers: 1 });
    assert.ok(found.check?.agrees, found.check?.sentence);
    assert.equal(found.rows.length, 1);
    assert.ok(verdictOf(found).passed);
    resultFits(found);
    const page = auditPage(found, { version: '0', engine: 'none' });
    assert.match(page, /the client&#39;s own gradient, and the simulated client is the real one.*a measurement/);
    assert.doesNotMatch(page, /learningRate/);
    const doubted = await audit({ ...config, client: { localSteps: 1 }, weights: writeState(folder, golden, 'after') });
    assert.ok(!doubted.check?.agrees && !verdictOf(doubted).passed);
    await assert.rejects(audit({ ...config, client: { optimizer: 'adam' } }), /one step of plain SGD/);
  });

test('audit: gradients need weights, one client, one batch, and no weights after', () => {
  const weights = 'before.pt';
  const gradients = 'grads.pt';
  for (const more of [{}, { weights, clients: 2 }, { weights, batches: 2 }])
    assert.throws(() => readConfig({ gradients, ...more }), /gradients, .* needs weights, one client and one batch/);
  assert.throws(() => readConfig({ gradients, weights, after: 'after.pt' }), /give after or gradients/);
  assert.equal(readConfig({ gradients, weights }).gradients, gradients);
});
