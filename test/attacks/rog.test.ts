import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type RogOptions, rog, rogSteps } from '../../src/attacks/index.js';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Model, Observation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { tf } from '../../src/engine/index.js';
import { type ClientOptions, clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network, paperResnet18, twoLayer, vgg7 } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { forEachEngine } from '../engines.js';

const small = network({
  name: 'small',
  imageShape: [16, 16, 3],
  classes: 4,
  seed: 5,
  layers: [
    { kind: 'conv', filters: 8, size: 3 },
    { kind: 'maxPool', size: 2 },
    { kind: 'relu' },
    { kind: 'dense', units: 32 },
    { kind: 'relu' },
    { kind: 'dense', units: 4 },
  ],
});
const pictures = (model: Model, n: number) => ndarray([n, ...model.imageShape], uniformStream(9));

async function seen(model: Model, client: ClientOptions = {}, phi = 'none', n = 2): Promise<Observation> {
  const labels = Int32Array.from({ length: n }, (_, i) => i % model.classes);
  const update = await clientUpdate(model, { images: pictures(model, n), labels }, client);
  return observe(model, update, { labels, obfuscation: parseObfuscation(phi) });
}

const MODELS: [Model, number, readonly number[]][] = [
  [lenet({ imageShape: [16, 16, 3] }), 2, [1, 3]],
  [vgg7({ imageShape: [8, 8, 3] }), 1, [1, 2]],
  [paperResnet18({ imageShape: [16, 16, 3] }), 1, [1, 2]],
  [twoLayer(), 2, [1, 3]],
];

forEachEngine(
  (engine, setup) => {
    for (const [model, n, steps] of MODELS)
      for (const localSteps of engine === 'compiled' ? steps : [1])
        test(`${engine}: the objective, ${model.name}, ${localSteps} local steps, is zero at the truth`, async () => {
          await setup();
          const observation = await seen(model, { localSteps, learningRate: 0.01 }, 'none', n);
          const labels = observation.labels!;
          const closure = await attackClosure(observation, {
            objective: 'relativeL2',
            prior: 'tv',
            weight: 0,
            simulate: 'steps',
            labels,
          });
          const start = await closure.evaluate(ndarray([n, ...model.imageShape], 0.5));
          const truth = await closure.evaluate(pictures(model, n));
          closure.dispose();
          assert.ok(Math.abs(truth.objective) <= 1e-6 * start.objective, `${truth.objective} of ${start.objective}`);
        });
  },
  ['compiled', 'wasm'],
);

forEachEngine(
  (engine, setup) => {
    test(`${engine}: the same seed gives the same bits, twice; another seed other pictures`, async () => {
      await setup();
      const observation = await seen(small);
      const run = (seed: number) => rog(observation, { iterations: 12, seed });
      const [a, b, c] = [await run(3), await run(3), await run(4)];
      assert.deepEqual(a.images, b.images);
      assert.notDeepEqual(a.images, c.images);
    });

    test(`${engine}: no tensor is leaked by a client update, an attack, a cancelled attack`, async () => {
      await setup();
      await rog(await seen(small), { iterations: 2 });
      const before = tf.memory().numTensors;
      const observation = await seen(small, { localSteps: 2 }, 'quantize:3');
      await rog(observation, { iterations: 3 });
      await rog(observation, { iterations: 9, signal: AbortSignal.abort() });
      assert.equal(tf.memory().numTensors, before);
    });
  },
  ['compiled', 'wasm'],
);

test('engines agree: the objective of every phi after 12 closures, to 1e-3', async () => {
  const { start } = await import('../../src/engine/index.js');
  for (const phi of ['none', 'quantize:3', 'qsgd:3', 'topk:0.9', 'sign', 'noise:-10', 'topk:0.5+quantize:4']) {
    const run = async (compiled: 'on' | 'off') => {
      await start({ compiled, backend: 'wasm' });
      return rog(await seen(small, {}, phi), { iterations: 12 });
    };
    const [eager, compiled] = [await run('off'), await run('on')];
    assert.ok(
      Math.abs(eager.objective - compiled.objective) <= 1e-3 * Math.abs(eager.objective),
      `${phi}: ${eager.objective} and ${compiled.objective}`,
    );
  }
});

test('rog gets nearer to the private images than where it started, by the objective and by the truth', async () => {
  const data = await openDataset('scenes', { size: 16 });
  const batch = data.batch({ size: 1, seed: 4 });
  const model = lenet({ imageShape: data.imageShape });
  const truth = batch.images.data;
  const distance = (x: Float32Array) => x.reduce((sum, value, i) => sum + (value - truth[i]!) ** 2, 0);
  const result = await rog(observe(model, await clientUpdate(model, batch), { labels: batch.labels }), {
    iterations: 100,
  });
  assert.ok(result.objective < 0.5 * result.history[0]!.objective);
  assert.ok(distance(result.images.data) < 0.2 * distance(new Float32Array(truth.length).fill(0.5)));
});

test('rog: cancelling keeps the best so far; cancelling twice changes nothing', async () => {
  const observation = await seen(small);
  const control = new AbortController();
  const result = await rog(observation, {
    iterations: 50,
    signal: control.signal,
    onProgress: ({ closure }) => {
      if (closure >= 5) control.abort();
    },
  });
  control.abort();
  assert.equal(result.stopped, 'cancelled');
  assert.equal(result.closures, 5);
  assert.equal(result.objective, Math.min(...result.history.map((h) => h.objective)));
});

test('rog: a killed attack resumes from its checkpoint to the same pictures; other settings are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-'));
  try {
    const checkpoint = join(folder, 'attack.ckpt');
    const observation = await seen(small);
    const whole = await rog(observation, { method: 'matching', iterations: 20 });
    const control = new AbortController();
    const onProgress: RogOptions['onProgress'] = ({ closure }) => {
      if (closure === 9) control.abort();
    };
    await rog(observation, { method: 'matching', iterations: 20, checkpoint, signal: control.signal, onProgress });
    await assert.rejects(
      rog(observation, { method: 'matching', iterations: 20, seed: 2, checkpoint }),
      /belongs to other settings: .*seed was 1 and is 2/,
    );
    const resumed = await rog(observation, { method: 'matching', iterations: 20, checkpoint });
    assert.equal(resumed.closures, 20);
    assert.deepEqual(resumed.images, whole.images);
    assert.equal(resumed.objective, whole.objective);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('rog: exactly the closures asked for, however few', async () => {
  for (const phi of ['none', 'quantize:3'])
    for (const iterations of [1, 2, 5, 7])
      assert.equal(
        (await rog(await seen(small, {}, phi), { iterations })).closures,
        iterations,
        `${phi} ${iterations}`,
      );
});

test('rogSteps: progress as an async iterator, the reconstruction as its last value', async () => {
  const steps = rogSteps(await seen(small), { iterations: 4 });
  const closures: number[] = [];
  let next = await steps.next();
  for (; !next.done; next = await steps.next()) closures.push(next.value.closure);
  assert.deepEqual(closures, [1, 2, 3, 4]);
  assert.equal(next.value.kind, 'reconstruction');
});

test('rog: refuses what it cannot use, in words', async () => {
  const observation = await seen(small);
  const { tensors } = observation;
  const broken = { ...tensors[0]!, data: tensors[0]!.data.map((v, i) => (i === 3 ? Number.NaN : v)) };
  const first = tensors[0]!.name;
  const cases: [() => Promise<unknown>, RegExp][] = [
    [
      () => rog(observation, { iteration: 5 } as RogOptions),
      /rog: unknown option "iteration"; did you mean "iterations"\?/,
    ],
    [
      () => rog(observation, { preset: 'papr' as 'paper' }),
      /rog: preset must be one of default, paper, got "papr"; did you mean "paper"\?/,
    ],
    [() => rog(observation, { objective: 'cosin' as 'cosine' }), /did you mean "cosine"\?/],
    [() => rog(observation, { iterations: 0 }), /rog: iterations must be an integer of at least 1, got 0/],
    [
      () => rog({ ...observation, tensors: [broken, ...tensors.slice(1)] }),
      new RegExp(`every entry of the update must be finite; ${first}\\[3\\] is NaN`),
    ],
    [
      () => rog({ ...observation, tensors: tensors.slice(1) }),
      /the model has 4 parameter tensors, got "?3 in the update/,
    ],
    [
      () => rog(pictures(small, 1) as unknown as Observation),
      /the first argument must be an observation.*make one with observe/,
    ],
  ];
  for (const [call, message] of cases) await assert.rejects(async () => call(), message);
});
