import assert from 'node:assert/strict';
import test from 'node:test';
import { type ClosedFormOptions, closedForm, closedFormSteps } from '../../src/attacks/closed-form/index.js';
import { type RogOptions, rog } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { permutation, uniformStream } from '../../src/core/random.js';
import type { Model, NdArray, Observation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { psnr } from '../../src/metrics/index.js';
import { lenet, network, twoLayer } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { forEachEngine } from '../engines.js';

const pictures = (model: Model, n: number) => ndarray([n, ...model.imageShape], uniformStream(9));

async function seen(model: Model, images: NdArray, phi = 'none', labels?: 'infer'): Promise<Observation> {
  const truth = Int32Array.from(permutation(model.classes, 3).slice(0, images.shape[0]));
  const update = await clientUpdate(model, { images, labels: truth });
  return observe(model, update, { labels: labels ?? truth, obfuscation: parseObfuscation(phi) });
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test('closedForm: eight pictures of a batch with distinct labels, every phi, better than gray', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const { images } = data.batch({ size: 8, seed: 4 });
  const model = lenet({ imageShape: data.imageShape, classes: 100 });
  const gray = mean(psnr(images, ndarray(images.shape, 0.5)));
  for (const [phi, gain] of [
    ['none', 7],
    ['quantize:3', 3],
    ['qsgd:3', 3],
    ['topk:0.9', 3],
    ['noise:-5', 2],
    ['sign', 2],
  ] as const) {
    const result = await closedForm(await seen(model, images, phi), { iterations: 120 });
    const got = mean(psnr(images, result.images));
    assert.ok(got > gray + gain, `${phi}: ${got.toFixed(1)} dB, gray ${gray.toFixed(1)}`);
    assert.equal(result.closures, 120);
    assert.ok(result.confidence!.every((c) => c >= 0 && c <= 1));
  }
});

test('closedForm: without obfuscation each picture explains all that the others leave of the update', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const { images } = data.batch({ size: 4, seed: 4 });
  const observation = await seen(lenet({ imageShape: data.imageShape }), images);
  const { explained } = await closedForm(observation, { iterations: 150 });
  assert.ok(Math.min(...explained!) > 0.98, `${explained}`);
});

test("closedForm: the talk's network with ReLU: pixels come back by linear algebra alone", async () => {
  const model = twoLayer({ inputs: 6, hidden: 40, classes: 4, activation: 'relu' });
  const images = pictures(model, 3);
  const { images: found } = await closedForm(await seen(model, images), { weight: 0 });
  found.data.forEach((value, i) => {
    assert.ok(Math.abs(value - images.data[i]!) < 2e-3, `${value} and ${images.data[i]}`);
  });
});

test('closedForm: labels that must be inferred, and a head with biases', async () => {
  const model = network({
    name: 'biased',
    imageShape: [8, 8, 3],
    classes: 10,
    seed: 2,
    layers: [
      { kind: 'conv', filters: 12, size: 3 },
      { kind: 'relu' },
      { kind: 'dense', units: 128, bias: true },
      { kind: 'relu' },
      { kind: 'dense', units: 10, bias: true },
    ],
  });
  const images = pictures(model, 3);
  const result = await closedForm(await seen(model, images, 'none', 'infer'), { iterations: 150, weight: 1e-3 });
  assert.notEqual(result.labelSource.method, 'given');
  const truth = permutation(10, 3).slice(0, 3);
  assert.deepEqual(
    [...result.labels],
    [...truth].sort((a, b) => a - b),
  );
  const order = [...result.labels].map((label) => truth.indexOf(label));
  const size = 8 * 8 * 3;
  const error = mean(
    order.map((at, b) =>
      mean(
        [...Array(size).keys()].map((i) => Math.abs(result.images.data[b * size + i]! - images.data[at * size + i]!)),
      ),
    ),
  );
  assert.ok(error < 0.03, `mean absolute error ${error}`);
});

const small = lenet({ imageShape: [8, 8, 3], classes: 10 });

forEachEngine(
  (engine, setup) => {
    test(`${engine}: closedForm: the same seed gives the same bits; cancelling keeps the best so far`, async () => {
      await setup();
      const observation = await seen(small, pictures(small, 2), 'quantize:3');
      const run = (options: ClosedFormOptions) => closedForm(observation, { iterations: 12, ...options });
      const [a, b, c] = [await run({ seed: 3 }), await run({ seed: 3 }), await run({ seed: 4 })];
      assert.deepEqual(a.images, b.images);
      assert.notDeepEqual(a.images, c.images);
      const control = new AbortController();
      const stopped = await run({
        signal: control.signal,
        onProgress: ({ closure }) => {
          if (closure === 5) control.abort();
        },
      });
      assert.deepEqual([stopped.stopped, stopped.closures, a.stopped, a.closures], ['cancelled', 5, 'finished', 12]);
    });
  },
  ['compiled', 'wasm'],
);

test('closedFormSteps: progress as an async iterator, totals known from the start', async () => {
  const steps = closedFormSteps(await seen(small, pictures(small, 2), 'sign'), { iterations: 7 });
  const told: number[][] = [];
  let next = await steps.next();
  for (; !next.done; next = await steps.next()) told.push([next.value.closure, next.value.total]);
  assert.deepEqual(
    told,
    [1, 2, 3, 4, 5, 6, 7].map((k) => [k, 7]),
  );
  assert.equal(next.value.kind, 'reconstruction');
});

test('closedForm: layers without an update give pictures, not NaN', async () => {
  const observation = await seen(small, pictures(small, 2));
  for (const phi of ['none', 'sign', 'quantize:3']) {
    const { obfuscation } = await seen(small, pictures(small, 2), phi);
    for (const kept of [0, observation.tensors.length - 1]) {
      const tensors = observation.tensors.map((t, k) => (k === kept ? t : { ...t, data: t.data.map(() => 0) }));
      const result = await closedForm({ ...observation, tensors, obfuscation }, { iterations: 3 });
      assert.ok(result.images.data.every(Number.isFinite), phi);
      assert.ok(result.confidence!.every(Number.isFinite), phi);
    }
  }
});

test('closedForm: steps too few for every stage still end with a number', async () => {
  await start();
  const model = lenet({ imageShape: [16, 16, 3], classes: 10, seed: 3 });
  const observation = await seen(model, pictures(model, 3), 'quantize:3');
  for (const iterations of [1, 2, 3]) {
    const { objective, history, stopped } = await closedForm(observation, { iterations });
    assert.deepEqual([history.length, stopped], [iterations, 'finished']);
    assert.ok(Number.isFinite(objective), `${objective} after ${iterations}`);
  }
});

test('closedForm: refuses what it cannot use, in words', async () => {
  const observation = await seen(small, pictures(small, 2));
  const linear = network({ name: 'linear', imageShape: [8, 8, 3], layers: [{ kind: 'dense', units: 10 }] });
  const other = await seen(linear, pictures(linear, 1));
  const smooth = twoLayer();
  const cases: [() => Promise<unknown>, RegExp][] = [
    [() => closedForm(other), /closedForm: needs a network that ends in dense, relu, dense, got "linear: dense"/],
    [async () => closedForm(await seen(smooth, pictures(smooth, 1))), /ends in dense, relu, dense, got .*twoLayer/],
    [
      () => closedForm(observation, { iteration: 3 } as ClosedFormOptions),
      /unknown option "iteration"; did you mean "iterations"\?/,
    ],
    [
      () => closedForm(observation, { objective: 'feature' as 'features' }),
      /objective must be one of features, .*did you mean "features"\?/,
    ],
    [
      () => closedForm(observation, { typical: ndarray([2, 9, 9, 3], 0.5) }),
      /closedForm: the model takes images of shape \[8,8,3\]/,
    ],
    [() => closedForm(observation, { weight: -1 }), /closedForm: weight must be a number of at least 0, got -1/],
  ];
  for (const [call, message] of cases) await assert.rejects(async () => call(), message);
});

test('rog: the closed form for several images with distinct labels; else matching, or when asked', async () => {
  const observation = await seen(small, pictures(small, 2));
  const used = async (o: Observation, options: RogOptions = {}) =>
    (await rog(o, { iterations: 2, ...options })).settings.method ?? 'matching';
  const one = await seen(small, pictures(small, 1));
  const twins = { ...observation, labels: Int32Array.of(5, 5) };
  const roundedTwins = { ...(await seen(small, pictures(small, 2), 'quantize:3')), labels: twins.labels };
  const last = small.parameters.at(-1)!;
  const parameters = [...small.parameters.slice(0, -1), { ...last, data: last.data.map((w) => 200 * w) }];
  const signs = await seen(small, pictures(small, 2), 'sign');
  const sure = { ...signs, model: { ...small, parameters } };
  const fedAvg = { ...observation, client: { ...observation.client, localSteps: 5 } };
  assert.equal(await used(observation), 'closed-form');
  assert.equal(await used(observation, { method: 'matching' }), 'matching');
  assert.equal(await used(observation, { objective: 'l2' }), 'matching');
  assert.equal(await used(observation, { preset: 'paper' }), 'matching');
  assert.equal(await used(one), 'matching');
  assert.equal(await used(one, { method: 'closed-form' }), 'closed-form');
  assert.equal(await used(twins), 'closed-form', 'exact: the row space separates them');
  assert.equal(await used(roundedTwins), 'closed-form', 'rounded: soft masks do');
  assert.equal(await used({ ...sure, labels: twins.labels }), 'matching', 'the same where outputs are far from even');
  assert.equal(await used(signs), 'closed-form');
  assert.equal(await used(sure), 'matching', 'signs, and outputs far from even: trained');
  assert.equal(await used(fedAvg), 'matching', 'exact, but not one gradient');
  await assert.rejects(
    async () => rog(observation, { method: 'closed-form', restarts: 2 }),
    /rog: method 'closed-form' has none of objective, simulate, restarts, got "restarts"; method 'matching' has/,
  );
});
