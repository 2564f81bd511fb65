import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkClient } from '../../src/audit/index.js';
import type { Layer } from '../../src/core/types.js';
import { type ClientOptions, observe, updateFrom } from '../../src/federation/index.js';
import { loadWeights, network } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { batchOf, type TorchClient, torchClients, writeState } from '../torch-clients.js';

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
    for (const { name, ofWeights } of tensors) assert.ok(ofWeights < 1e-5, `${name}: ${ofWeights}`);
    const { labels } = real.batch;
    const update = updateFrom(before, real.after, { ...real.settings, batchSize: labels.length });
    assert.equal(observe(before, update, { labels }).client.batchSize, 3);
  });

const wrong: [name: string, change: (settings: ClientOptions) => ClientOptions, says: RegExp][] = [
  ['tutorial', (settings) => ({ ...settings, learningRate: 0.05 }), /agrees with learning rate 0\.1$/],
  ['tutorial, npz, five steps with momentum', ({ optimizer: _, ...rest }) => rest, /agrees with momentum 0\.9$/],
  ['tutorial, three steps of Adam', ({ optimizer: _, ...rest }) => rest, /agrees with Adam$/],
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

test('checkClient: dense weights in the wrong flattening order, a wrong image, swapped labels disagree', async () => {
  const golden = named('tutorial');
  const { before, after, batch, settings } = await round(golden);
  const swapped = { ...batch, labels: Int32Array.of(0, 2, 3) };
  const said = await checkClient(before, { after, settings, batch: swapped });
  assert.equal(said.agrees, false);
  assert.match(said.sentence, /are images, labels and their order the real ones\?$/);
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
