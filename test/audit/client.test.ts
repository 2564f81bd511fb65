import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkClient } from '../../src/audit/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Layer, NdArray } from '../../src/core/types.js';
import { applyUpdate, type ClientOptions, clientUpdate, observe, updateFrom } from '../../src/federation/index.js';
import { loadNetwork, loadWeights, network, withModes } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { constant, node, onnxFile } from '../onnx-files.js';
import { batchOf, type TorchClient, torchClients, writeNetwork, writeState } from '../torch-clients.js';

const folder = temporaryFolder();
const named = (name: string): TorchClient => torchClients.find((one) => one.name === name)!;

async function round(golden: TorchClient, layers: readonly Layer[] = golden.layers) {
  const { imageShape, classes, client } = golden;
  const blank = network({ name: 'net', layers, imageShape, classes, seed: 5 });
  const before = await loadWeights(writeState(folder, golden, 'before'), blank);
  const after = await loadWeights(writeState(folder, golden, 'after'), before);
  return { before, after, batch: batchOf(golden), settings: client };
}

for (const golden of torchClients)
  test(`checkClient: the simulated client is PyTorch's to float precision: ${golden.name}`, async () => {
    const { before, ...real } = await round(golden);
    const { agrees, sentence, tensors } = await checkClient(before, real);
    assert.ok(agrees, sentence);
    // Adam makes moves out of the rounding errors of a gradient that is 0: the bias of attention's keys
    const isRounding = (name: string): boolean => /Adam/.test(golden.name) && /attention\d+\/in\/bias$/.test(name);
    for (const { name, ofWeights } of tensors)
      if (!isRounding(name)) assert.ok(ofWeights < 1e-5, `${name}: ${ofWeights}`);
    const { labels } = real.batch;
    const update = updateFrom(before, real.after, { ...real.settings, batchSize: labels.length });
    assert.equal(observe(before, update, { labels }).client.batchSize, 3);
  });

for (const golden of torchClients.filter(({ network: exported }) => exported))
  test(`checkClient: the network of an ONNX file is PyTorch's too: ${golden.name}`, async () => {
    const read = await loadNetwork(writeNetwork(folder, golden));
    const net = /batch statistics/.test(golden.name) ? withModes(read, { batchNorm: 'train' }) : read;
    const before = await loadWeights(writeState(folder, golden, 'before'), net);
    const same = (a: NdArray, b: NdArray): void => assert.deepEqual([...a.data], [...b.data]);
    net.parameters.forEach((parameter, k) => {
      same(parameter, before.parameters[k]!);
    });
    net.buffers?.forEach((buffer, k) => {
      same(buffer, before.buffers![k]!);
    });
    const after = await loadWeights(writeState(folder, golden, 'after'), before);
    const found = await checkClient(before, { after, batch: batchOf(golden), settings: golden.client });
    assert.ok(found.agrees, found.sentence);
  });

test('checkClient: a gradient or a difference for the weights is named; weights of zeros may move', async () => {
  const { before, after, batch, settings } = await round(named('tutorial'));
  const moved = before.parameters.map((w, k) => ({
    ...w,
    data: w.data.map((x, i) => after.parameters[k]!.data[i]! - x),
  }));
  for (const sign of [1, -10]) {
    const parameters = moved.map((w) => ({ ...w, data: w.data.map((x) => sign * x) }));
    const { agrees, sentence, instead } = await checkClient(before, { after: { parameters }, batch, settings });
    assert.ok(!agrees && instead.length === 0);
    assert.match(sentence, /are they a gradient, a difference, or of another run\? The whole state/);
  }
  const empty = { ...before, parameters: before.parameters.map((w) => ({ ...w, data: w.data.map(() => 0) })) };
  const { sentence } = await checkClient(empty, { after: { parameters: moved }, batch, settings });
  assert.match(sentence, /the simulated client is not the real one/);
});

test('checkClient: a softmax that the file ends in, and that the client feeds to its loss, is named', async () => {
  const values = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i));
  const path = join(folder, 'softmax.onnx');
  const parts = [constant('w', [192, 4], values(768)), node('Flatten', ['image'], ['a'])];
  writeFileSync(path, onnxFile([...parts, node('MatMul', ['a', 'w'], ['b']), node('Softmax', ['b'], ['answer'])]));
  const before = await loadNetwork(path);
  const images = ndarray([3, 8, 8, 3], uniformStream(4));
  const batch = { images, labels: Int32Array.of(0, 1, 3) };
  const settings = { learningRate: 0.1 };
  const after = async (model: typeof before) =>
    applyUpdate(before, (await clientUpdate(model, batch, settings)).tensors, 0.1);
  const twice = { ...before, layers: [...before.layers, { kind: 'softmax' } as const] };
  assert.ok((await checkClient(before, { after: await after(before), batch, settings })).agrees);
  const { agrees, sentence } = await checkClient(before, { after: await after(twice), batch, settings });
  assert.ok(!agrees);
  assert.match(sentence, /it agrees with a softmax before its loss, which has one of its own$/);
});

const wrong: [name: string, change: (settings: ClientOptions) => ClientOptions, says: RegExp][] = [
  ['tutorial', (settings) => ({ ...settings, learningRate: 0.05 }), /agrees with learning rate 0\.1$/],
  ['tutorial, npz, five steps with momentum', ({ optimizer: _, ...rest }) => rest, /agrees with momentum 0\.9$/],
  ['tutorial, three steps of Adam', ({ optimizer: _, ...rest }) => rest, /agrees with Adam$/],
  ['lenet-5, safetensors, two steps of Adam', ({ optimizer: _, ...rest }) => rest, /agrees with Adam$/],
  ['lenet-5, npz, three steps with momentum', ({ optimizer: _, ...rest }) => rest, /agrees with momentum 0\.9$/],
  ['mobile, safetensors', (settings) => ({ ...settings, learningRate: 0.2 }), /agrees with learning rate 0\.1$/],
  [
    'residual',
    (settings) => ({ ...settings, optimizer: { kind: 'sgd', momentum: 0.9 }, localSteps: 2 }),
    /agrees with|nearest is/,
  ],
  ['transformer, npz, two steps of Adam', (settings) => ({ ...settings, optimizer: 'adamw' }), /agrees with Adam$/],
  ['transformer', ({ localSteps: _, ...rest }) => rest, /agrees with twice as many local steps$/],
];
for (const [name, change, says] of wrong)
  test(`checkClient names what is wrong of ${name}: ${says.source}`, async () => {
    const { before, settings, ...real } = await round(named(name));
    const found = await checkClient(before, { ...real, settings: change(settings) });
    assert.equal(found.agrees, false);
    assert.match(found.sentence, says);
  });

test('checkClient: batch statistics where running ones were meant, and the other way round', async () => {
  for (const [name, from, to, says] of [
    ['residual, batch statistics', '"train"', '"eval"', /training mode/],
    ['residual', '"eval"', '"train"', /evaluation mode/],
  ] as const) {
    const golden = named(name);
    const layers = JSON.parse(JSON.stringify(golden.layers).replaceAll(from, to)) as Layer[];
    const { before, ...real } = await round(golden, layers);
    const found = await checkClient(before, real);
    assert.match(found.sentence, says);
    assert.ok(found.instead[0]!.agrees);
  }
});

test('checkClient: wrong input normalisation, either way round', async () => {
  const golden = named('tutorial');
  const half = { kind: 'normalize', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
  const { before, ...real } = await round(golden);
  const wrong = { ...before, layers: [half, ...before.layers] };
  assert.match((await checkClient(wrong, real)).sentence, /agrees with no input normalisation$/);
  const { tensors } = await clientUpdate(wrong, real.batch, golden.client);
  const after = applyUpdate(before, tensors, golden.client.learningRate!);
  const found = await checkClient(before, { ...real, after });
  assert.match(found.sentence, /agrees with input normalisation by mean 0\.5 and deviation 0\.5$/);
});

const truths: [says: RegExp, real: ClientOptions, believed: ClientOptions][] = [
  [
    /mini-batches in reverse order$/,
    { order: [[2], [1], [0]], miniBatch: 1, localSteps: 3 },
    { miniBatch: 1, localSteps: 3 },
  ],
  [/images in reverse order$/, { order: [[2, 1], [0]], miniBatch: 2, localSteps: 2 }, { miniBatch: 2, epochs: 1 }],
  [
    /in the order of the batch$/,
    { miniBatch: 2, epochs: 2 },
    { miniBatch: 2, localSteps: 4, order: [[0, 2], [1], [1, 2], [0]] },
  ],
  [/the whole batch in each local step$/, { localSteps: 2 }, { miniBatch: 2, localSteps: 2 }],
  [/one image in each local step$/, { miniBatch: 1, localSteps: 3 }, { localSteps: 3 }],
  [/one local step$/, { localSteps: 1 }, { localSteps: 5, schedule: [1, 1, 1, 0.5, 0.5] }],
];
for (const [says, real, believed] of truths)
  test(`checkClient names a wrong order of batches: ${says.source}`, async () => {
    const { before, batch } = await round(named('tutorial'));
    const { tensors } = await clientUpdate(before, batch, { ...real, learningRate: 0.1 });
    const after = applyUpdate(before, tensors, 0.1);
    const found = await checkClient(before, { after, batch, settings: { ...believed, learningRate: 0.1 } });
    assert.equal(found.agrees, false);
    assert.match(found.sentence, says);
  });

test('checkClient: swapped labels do not agree, nor does any other client', async () => {
  const layers = [{ kind: 'dense', units: 6 }, { kind: 'relu' }, { kind: 'dense', units: 4 }] as const;
  const before = network({ name: 'small', layers, imageShape: [3, 3, 1], classes: 4, seed: 5 });
  const images = ndarray([3, 3, 3, 1], uniformStream(3));
  const settings = { learningRate: 0.1 };
  const { tensors } = await clientUpdate(before, { images, labels: Int32Array.of(0, 3, 2) }, settings);
  const after = applyUpdate(before, tensors, 0.1);
  const said = await checkClient(before, { after, settings, batch: { images, labels: Int32Array.of(0, 2, 3) } });
  assert.equal(said.agrees, false);
  assert.match(said.sentence, /are images, labels and their order the real ones\?$/);
});

test('checkClient: dense weights flattened in another order do not agree', async () => {
  const { before, after, batch, settings } = await round(named('tutorial'));
  const kernel = before.parameters.findIndex(({ shape }) => String(shape) === '16,12');
  const order = Array.from({ length: 16 }, (_, row) => (row % 4) * 4 + Math.floor(row / 4));
  const naive = (model: typeof before) => ({
    ...model,
    parameters: model.parameters.map((w, k) =>
      k === kernel
        ? { ...w, data: Float32Array.from(w.data, (_, i) => w.data[order[Math.floor(i / 12)]! * 12 + (i % 12)]!) }
        : w,
    ),
  });
  const found = await checkClient(naive(before), { after: naive(after), batch, settings });
  assert.equal(found.agrees, false);
});
