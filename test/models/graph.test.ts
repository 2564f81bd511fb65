/** Values that cross: a layer, against finite differences and layers that say the same; its place in networks. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { updateJacobian } from '../../src/bounds/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import type { Layer, Model } from '../../src/core/types.js';
import { clientUpdate } from '../../src/federation/index.js';
import { draws, mixesExamples, network, withModes } from '../../src/models/index.js';
import { isNonNegative } from '../../src/models/non-negative.js';
import { forEachEngine } from '../engines.js';
import { near } from '../near.js';

const conv = (filters: number, size = 3): Layer => ({ kind: 'conv', filters, size });
const tanh: Layer = { kind: 'tanh' };
const build = (layers: readonly Layer[], seed = 3): Model =>
  network({
    name: 'crossed',
    imageShape: [6, 6, 2],
    classes: 3,
    seed,
    layers: [...layers, { kind: 'dense', units: 3 }],
  });

const random = uniformStream(2);
const images = ndarray([2, 6, 6, 2], () => 0.1 + 0.8 * random());
const labels = Int32Array.of(0, 2);
const update = (model: Model, pictures = images) =>
  clientUpdate(model, { images: pictures, labels }, { learningRate: 0.1 });

/** Neither of the two inner values lies on the way of one alone. */
const crossed: Layer = {
  kind: 'graph',
  nodes: [
    { from: [0], layers: [conv(3), tanh] },
    { from: [0], layers: [conv(3, 1), { kind: 'sigmoid' }] },
    { from: [1, 2], join: 'add', layers: [conv(3)] },
    { from: [1, 3], join: 'multiply', layers: [conv(2), tanh] },
    { from: [2, 3, 4, 0], join: 'concat', layers: [{ kind: 'averagePool', size: 2 }] },
  ],
};

forEachEngine((engine, setup) => {
  test(`${engine}: graph: its gradient, and the derivatives of that, are finite differences`, async () => {
    await setup();
    const model = build([conv(4), tanh, crossed]);
    const { tensors, client } = await update(model);
    const h = 1e-2;
    for (const k of model.parameters.keys()) {
      const { name, data } = model.parameters[k]!;
      const direction = ndarray([data.length], normalStream(20 + k)).data;
      const lossAt = async (step: number): Promise<number> => {
        const parameters = model.parameters.map((one, at) =>
          at === k ? { ...one, data: one.data.map((x, i) => x + step * direction[i]!) } : one,
        );
        return (await update({ ...model, parameters })).loss;
      };
      const numeric = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
      const slope = tensors[k]!.data.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      assert.ok(Math.abs(slope - numeric) < 2e-3 * Math.max(0.1, Math.abs(numeric)), `${name}: ${slope}, ${numeric}`);
    }
    const v = ndarray(images.shape, normalStream(8));
    const moved = (step: number) => ({ ...images, data: images.data.map((x, i) => x + step * v.data[i]!) });
    const jacobian = await updateJacobian(model, client, labels);
    const forth = await jacobian.times(images, v);
    const [plus, minus] = [await update(model, moved(h)), await update(model, moved(-h))];
    const size = Math.max(...forth.flatMap(({ data }) => [...data].map(Math.abs)));
    forth.forEach(({ data }, k) => {
      data.forEach((value, i) => {
        const numeric = (plus.tensors[k]!.data[i]! - minus.tensors[k]!.data[i]!) / (2 * h);
        assert.ok(Math.abs(value - numeric) < 3e-3 * size, `${tensors[k]!.name}[${i}]: ${value} and ${numeric}`);
      });
    });
    jacobian.dispose();
  });

  test(`${engine}: graph: what residual and branches can say, it says alike`, async () => {
    await setup();
    const gate: Layer[] = [{ kind: 'globalAveragePool' }, { kind: 'flatten' }, { kind: 'dense', units: 7 }];
    const nested: Layer[] = [
      { kind: 'residual', body: [conv(4), tanh, conv(2)], shortcut: [] },
      { kind: 'branches', branches: [[conv(4)], [conv(3, 1), tanh]] },
      { kind: 'branches', branches: [[], gate], join: 'multiply' },
    ];
    const flat: Layer = {
      kind: 'graph',
      nodes: [
        { from: [0], layers: [conv(4), tanh, conv(2)] },
        { from: [1, 0], join: 'add', layers: [] },
        { from: [2], layers: [conv(4)] },
        { from: [2], layers: [conv(3, 1), tanh] },
        { from: [3, 4], layers: [] },
        { from: [5], layers: gate },
        { from: [5, 6], join: 'multiply', layers: [] },
      ],
    };
    const [one, other] = [await update(build(nested)), await update(build([flat]))];
    near(one.loss, other.loss, 1e-6);
    one.tensors.forEach(({ data, shape }, k) => {
      assert.deepEqual(shape, other.tensors[k]!.shape);
      near(data, other.tensors[k]!.data, 1e-5);
    });
  });
});

test('graph: parameters are named by node; modes and drawing layers inside it count', () => {
  const inner = (...layers: Layer[]): Layer => ({
    kind: 'graph',
    nodes: [
      { from: [0], layers },
      { from: [0, 1], layers: [] },
    ],
  });
  const model = build([inner(conv(2), { kind: 'batchNorm' }, { kind: 'dropout', rate: 0.5 })]);
  assert.deepEqual(
    model.parameters.slice(0, 3).map(({ name }) => name),
    ['graph0/1/conv0/kernel', 'graph0/1/conv0/bias', 'graph0/1/batchNorm1/gain'],
  );
  assert.deepEqual([mixesExamples(model), draws(model)], [true, false]);
  const other = withModes(model, { batchNorm: 'eval', dropout: 'unknown' });
  assert.deepEqual([mixesExamples(other), draws(other)], [false, true]);
  assert.equal(isNonNegative([inner(conv(2), { kind: 'relu' })]), true);
  assert.equal(isNonNegative([inner(conv(2))]), false);
});

test('residual, branches: what dense layers give and pooled pictures are one value each', async () => {
  const pooled: Layer[] = [{ kind: 'globalAveragePool' }];
  const dense: Layer[] = [...pooled, { kind: 'dense', units: 2 }];
  const model = build([{ kind: 'residual', body: dense, shortcut: pooled }]);
  const same = build([{ kind: 'residual', body: dense, shortcut: [...pooled, { kind: 'flatten' }] }]);
  near((await update(model)).loss, (await update(same)).loss, 1e-6);
});
