import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Model, Obfuscation, Update } from '../../src/core/types.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { none, topK } from '../../src/obfuscation/index.js';
import { ATTACKS } from '../../src/registry/index.js';

const model = lenet({ imageShape: [16, 16, 3], classes: 4 });
const batch = { images: ndarray([1, 16, 16, 3], uniformStream(1)), labels: Int32Array.of(2) };
const emptied = ({ tensors, ...update }: Update, by = 0): Update => ({
  ...update,
  tensors: tensors.map((t) => ({ ...t, data: t.data.map((v) => v * by) })),
});
const NOTHING = /is zero in every entry, so there is nothing to attack; the batch carries no gradient/;

test('observe refuses an update of zeros, of numbers too small to square, and a phi that leaves nothing', async () => {
  const update = await clientUpdate(model, batch);
  assert.throws(() => observe(model, emptied(update)), NOTHING);
  assert.throws(() => observe(model, emptied(update, 1e-30)), NOTHING);
  const swallow: Obfuscation = {
    ...none(),
    apply: (tensors, seed) => none().apply(emptied({ ...update, tensors: [...tensors] }).tensors, seed),
  };
  assert.throws(
    () => observe(model, update, { obfuscation: swallow }),
    /observe: the update after phi is zero in every entry.*; choose a phi that lets something through/,
  );
  observe(model, update, { obfuscation: topK({ sparsity: 0.999 }) });
});

test('a model with one class has no gradient to attack', async () => {
  const single = lenet({ imageShape: [16, 16, 3], classes: 1 });
  const update = await clientUpdate(single, { ...batch, labels: Int32Array.of(0) });
  assert.ok(update.tensors.every(({ data }) => data.every((v) => v === 0)));
  assert.throws(() => observe(single, update), /observe: needs a model with at least 2 classes.*got "lenet with 1"/);
});

test('a batch whose neurons are all dead carries no gradient', async () => {
  const dead = network({
    ...{ name: 'dead', imageShape: [4, 4, 1], classes: 2 },
    layers: [{ kind: 'dense', units: 5 }, { kind: 'relu' }, { kind: 'dense', units: 2 }],
  });
  const still: Model = {
    ...dead,
    parameters: dead.parameters.map((w, k) => (k === 0 ? { ...w, data: w.data.map((v) => -Math.abs(v)) } : w)),
  };
  const update = await clientUpdate(still, {
    images: ndarray([1, 4, 4, 1], uniformStream(3)),
    labels: Int32Array.of(1),
  });
  assert.throws(() => observe(still, update), NOTHING);
});

for (const [name, attack] of Object.entries(ATTACKS))
  test(`${name} refuses an observation made by hand from zeros, or with one class, before it starts`, async () => {
    const smooth = network({
      ...{ name: 'head', imageShape: [4, 4, 1], classes: 3 },
      layers: [
        ...[{ kind: 'dense', units: 8, bias: true } as const, { kind: 'relu' } as const],
        ...[{ kind: 'dense', units: 3, bias: true } as const],
      ],
    });
    const client = await clientUpdate(smooth, { images: ndarray([1, 4, 4, 1], 0.5), labels: Int32Array.of(1) });
    const observed = observe(smooth, client, { labels: [1] });
    const run = attack as (o: typeof observed) => Promise<unknown>;
    await assert.rejects(async () => run({ ...observed, tensors: emptied(client).tensors }), NOTHING);
    await assert.rejects(
      async () => run({ ...observed, model: { ...smooth, classes: 1 } }),
      /needs a model with at least 2 classes/,
    );
  });
