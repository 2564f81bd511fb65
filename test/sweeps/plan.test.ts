import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { openDataset } from '../../src/data/index.js';
import { network, saveWeights } from '../../src/models/index.js';
import { weightsBlob, withWeights } from '../../src/sweeps/blobs.js';
import { canonical, idOf } from '../../src/sweeps/canonical.js';
import { defineSweep, planSweep, type SweepDefinition } from '../../src/sweeps/index.js';
import type { Cell } from '../../src/sweeps/sweep-plan.js';
import { partsVersion } from '../../src/sweeps/version.js';
import { temporaryFolder } from '../assets/temporary.js';
import { NETWORK, SMALL } from './small.js';

async function cellsOf(definition: SweepDefinition): Promise<Cell[]> {
  const cells: Cell[] = [];
  for await (const cell of (await planSweep(defineSweep(definition))).cells()) cells.push(cell);
  return cells;
}
const ids = async (definition: SweepDefinition): Promise<string[]> =>
  (await cellsOf(definition)).map(({ job }) => job.id);

test('canonical: the order of keys and what is undefined do not count, everything else does', () => {
  assert.equal(canonical({ b: 1, a: { d: [2, 1], c: undefined } }), canonical({ a: { d: [2, 1] }, b: 1 }));
  assert.notEqual(idOf({ a: [1, 2] }), idOf({ a: [2, 1] }));
  assert.match(idOf({}), /^[0-9a-f]{32}$/);
});

test('ids: the same for the same numbers however written, others for others, and stable when axes grow', async () => {
  const known = await ids(SMALL);
  assert.equal(new Set(known).size, 6);
  const rewritten = {
    ...SMALL,
    name: 'other',
    phi: ['sign', ' none'],
    client: { learningRate: 0.003, localSteps: 1 },
    images: [2, 1, 0],
  };
  assert.deepEqual(new Set(await ids(rewritten)), new Set(known));
  const grown = await ids({ ...SMALL, phi: ['none', 'sign', 'quantize:3'], images: 4 });
  assert.equal(grown.length, 12);
  for (const id of known) assert.ok(grown.includes(id));
  const others: SweepDefinition[] = [
    { ...SMALL, seeds: [2] },
    { ...SMALL, networks: { ...NETWORK, seed: 2 } },
    { ...SMALL, client: { localSteps: 2 } },
    { ...SMALL, attacks: { name: 'rog', iterations: 3 } },
    { ...SMALL, labels: 'infer' },
    { ...SMALL, data: { name: 'scenes', size: 16, draw: 1 } },
    { ...SMALL, batch: 2 },
  ];
  for (const other of others) for (const id of await ids(other)) assert.ok(!known.includes(id), JSON.stringify(other));
});

test('ids: weights count by their bytes, in a file or in a model, and a data set by its pixels', async () => {
  const folder = temporaryFolder();
  const data = await openDataset('scenes', { size: 16 });
  const model = network({ ...NETWORK, imageShape: data.imageShape, classes: 10, seed: 5 });
  await saveWeights(join(folder, 'weights.safetensors'), model);
  const file = await ids({ ...SMALL, networks: { ...NETWORK, weights: join(folder, 'weights.safetensors') } });
  assert.deepEqual(await ids({ ...SMALL, networks: model, data }), file);
  const first = model.parameters[0]!;
  const bent = { ...first, data: first.data.map((value, i) => (i === 0 ? value + 1e-3 : value)) };
  const other = { ...model, parameters: [bent, ...model.parameters.slice(1)] };
  for (const id of await ids({ ...SMALL, networks: other, data })) assert.ok(!file.includes(id));
});

test('a batch is consecutive images of one seeded order, or of distinct labels; too few are refused', async () => {
  const words = async (definition: SweepDefinition) => (await cellsOf(definition)).map(({ job }) => job.data);
  const ones = await words({ ...SMALL, phi: 'none', images: 4 });
  const pairs = await words({ ...SMALL, phi: 'none', images: 2, batch: 2 });
  const positions = (list: string[]) => list.flatMap((text) => text.split(' ')[2]!.split(','));
  assert.deepEqual(positions(pairs), positions(ones));
  assert.equal(new Set(positions(ones)).size, 4);
  const distinct = await cellsOf({
    ...SMALL,
    phi: 'none',
    images: 3,
    batch: 8,
    data: { name: 'scenes', size: 16, distinct: true },
  });
  assert.equal(new Set(distinct.map(({ job }) => job.images)).size, 3);
  await assert.rejects(
    planSweep(defineSweep({ ...SMALL, images: { from: 0, to: 10_000_000 } })),
    /the test split of scenes has \d+ images/,
  );
  await assert.rejects(planSweep(defineSweep({ ...SMALL, data: 'cifar10:/nowhere' })), /cifar10/);
});

test('partsVersion: the version of the package and a hash, the same each time', () => {
  assert.match(partsVersion(), /^\d+\.\d+\.\d+-[0-9a-f]{12}$/);
  assert.equal(partsVersion(), partsVersion());
});

test('the weights of a cell: parameters and running statistics come out of their bytes as they went in', async () => {
  const layers = [
    { kind: 'conv', filters: 2, size: 3 },
    { kind: 'batchNorm' },
    { kind: 'relu' },
    { kind: 'dense', units: 3 },
  ] as const;
  const fresh = network({ name: 'norm', layers, imageShape: [8, 8, 3], classes: 3 });
  const changed = (arrays: typeof fresh.parameters) =>
    arrays.map((array, i) => ({ ...array, data: array.data.map((x) => x + i + 0.5) }));
  const trained = { ...fresh, parameters: changed(fresh.parameters), buffers: changed(fresh.buffers!) };
  const back = withWeights(fresh, weightsBlob(trained).bytes);
  assert.deepEqual(back.parameters, trained.parameters);
  assert.deepEqual(back.buffers, trained.buffers);
  assert.notEqual(weightsBlob(trained).hash, weightsBlob({ parameters: trained.parameters }).hash);
  assert.ok(!withWeights(network({ ...NETWORK, imageShape: [16, 16, 3], classes: 10 }), weightsOf()).buffers);
});

const weightsOf = (): Uint8Array =>
  weightsBlob(network({ ...NETWORK, imageShape: [16, 16, 3], classes: 10, seed: 2 })).bytes;
