/** Attacks that take their steps together, in one graph, against the same attacks one by one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { attackClosure, type ClosureOptions } from '../../src/attacks/search/closure.js';
import type { Evaluation } from '../../src/attacks/search/minimise.js';
import { objectiveOf } from '../../src/attacks/search/objectives.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Model, Observation, Progress } from '../../src/core/types.js';
import { compile, computesOnCard, start, type Tensor, tf } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { cases, networkOf } from '../golden-networks.js';
import { near } from '../near.js';

const RUNS = 3;
const session = (stack: number) => start({ backend: 'wasm', compiled: 'on', threads: 1, stack });
const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node');
const runs = mock.method(InferenceSession.prototype, 'run');

const pictures = ({ imageShape }: Model, size: number, seed: number) =>
  ndarray([size, ...imageShape], uniformStream(seed));

/** What the server sees of clients with different pictures and labels. */
async function victims(model: Model, size: number, phi: string, localSteps = 1): Promise<Observation[]> {
  const seen: Observation[] = [];
  for (let run = 0; run < RUNS; run++) {
    const labels = Int32Array.from({ length: size }, (_, i) => (2 * i + run) % model.classes);
    const batch = { images: pictures(model, size, 10 + run), labels };
    const update = await clientUpdate(model, batch, { localSteps, learningRate: 0.01 });
    seen.push(observe(model, update, { obfuscation: parseObfuscation(phi), labels }));
  }
  return seen;
}

/** One evaluation of each, at once. */
async function evaluated(stack: number, seen: readonly Observation[], options: Omit<ClosureOptions, 'labels'>) {
  await session(stack);
  const closures = await Promise.all(seen.map((one) => attackClosure(one, { ...options, labels: one.labels! })));
  const { model, client } = seen[0]!;
  const before = runs.mock.callCount();
  const found = await Promise.all(
    closures.map(({ evaluate }, run) => evaluate(pictures(model, client.batchSize, 20 + run))),
  );
  const calls = runs.mock.callCount() - before;
  for (const { dispose } of closures) dispose();
  if (client.localSteps === 1) {
    assert.equal(calls, RUNS / stack, 'runs of ONNX Runtime');
    const [feeds] = runs.mock.calls[runs.mock.callCount() - 1].arguments as [
      Record<string, { dims: readonly number[] }>,
    ];
    const shapes = Object.values(feeds).map(({ dims }) => [...dims]);
    // what was received lies in the session
    const wanted = [model.imageShape, [model.classes]].map((shape) => [RUNS, client.batchSize, ...shape]);
    if (stack > 1) assert.deepEqual(shapes, wanted);
  }
  return found;
}

/** To float32 rounding, by the largest entry. */
function assertSame(together: readonly Evaluation[], alone: readonly Evaluation[], slack: number): void {
  for (const [run, { objective, gradient }] of alone.entries()) {
    const other = together[run]!;
    assert.ok(Math.abs(other.objective - objective) <= slack * Math.abs(objective), `${other.objective}, ${objective}`);
    assert.deepEqual(other.gradient.shape, gradient.shape);
    const top = gradient.data.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
    const apart = gradient.data.reduce((most, g, i) => Math.max(most, Math.abs(g - other.gradient.data[i]!)), 0);
    assert.ok(apart <= slack * top, `run ${run}: a slope is ${apart / top} apart`);
  }
  assert.notDeepEqual(together[0]!.gradient.data, together[1]!.gradient.data);
}

const SQUARES = { objective: 'l2', prior: 'colorTv', weight: 0.01, simulate: 'steps' } as const;

for (const one of cases.filter(({ layers, name }) => layers || name === 'vit' || name === 'lenet5'))
  test(`three attacks at once on ${one.name}, ${one.localSteps} steps`, async () => {
    const seen = await victims(networkOf(one), one.batch, 'none', one.localSteps);
    assertSame(await evaluated(RUNS, seen, SQUARES), await evaluated(1, seen, SQUARES), 1e-4);
  });

const small = network({
  name: 'small',
  imageShape: [8, 8, 3],
  classes: 10,
  layers: [
    { kind: 'conv', filters: 4, size: 3, stride: 2 },
    { kind: 'sigmoid' },
    { kind: 'dense', units: 24 },
    { kind: 'relu' },
    { kind: 'dense', units: 10 },
  ],
});

const PHIS = 'none quantize:3 qsgd:2 topk:0.9 sign noise:0 stc mask:0.5 powersgd percentile:90 kmeans nf4 clip:1';
for (const phi of PHIS.split(' '))
  test(`three attacks at once behind ${phi}`, async () => {
    const seen = await victims(small, 2, phi);
    const options = { ...SQUARES, objective: objectiveOf(seen[0]!) };
    const slack = computesOnCard() ? 1e-4 : 1e-5;
    assertSame(await evaluated(RUNS, seen, options), await evaluated(1, seen, options), slack);
  });

test('a batch by linear algebra: the search for pictures with the features and behind rounding, together', async () => {
  for (const phi of ['none', 'quantize:3']) {
    const seen = await victims(small, 2, phi);
    const attacks = async (stack: number) => {
      await session(stack);
      const before = runs.mock.callCount();
      const found = await Promise.all(seen.map((one) => rog(one, { method: 'closed-form', iterations: 12 })));
      return { found, calls: runs.mock.callCount() - before };
    };
    const [together, alone] = [await attacks(RUNS), await attacks(1)];
    assert.ok(together.calls < alone.calls, `${together.calls} runs for ${alone.calls}`);
    for (const [run, { images, objective }] of together.found.entries()) {
      near(images.data, alone.found[run]!.images.data, 1e-3, `${phi}, pictures ${run}`);
      near(objective, alone.found[run]!.objective, 1e-4, `${phi}, objective ${run}`);
    }
  }
});

test('starting points of one attack, together: the best of the same ones', async () => {
  const [seen] = (await victims(small, 2, 'none')) as [Observation];
  const attack = async (stack: number) => {
    await session(stack);
    const before = runs.mock.callCount();
    const told: Progress[] = [];
    const onProgress = (progress: Progress): void => void told.push(progress);
    const result = await rog(seen, { method: 'matching', iterations: 9, restarts: RUNS, onProgress });
    return { ...result, told, calls: runs.mock.callCount() - before };
  };
  const [together, alone] = [await attack(RUNS), await attack(1)];
  assert.ok(together.calls <= alone.calls - 2 * 9, `${together.calls} runs for ${alone.calls}`);
  near(together.images.data, alone.images.data, 1e-3);
  near(together.objective, alone.objective, 1e-4);
  assert.deepEqual([together.stopped, together.closures, together.told.length], ['finished', 27, 27]);
  assert.deepEqual(
    together.told.map(({ closure, total }) => [closure, total]),
    alone.told.map(({ closure, total }) => [closure, total]),
  );
  const sorted = ({ history }: typeof together) => history.map(({ objective }) => objective).sort((a, b) => a - b);
  near(sorted(together), sorted(alone), 1e-3);
});

test('attacks that take their steps together end, are stopped and differ as they would alone', async () => {
  const seen = await victims(small, 2, 'quantize:3');
  const attacks = async (stack: number) => {
    await session(stack);
    const stop = new AbortController();
    const onProgress = ({ closure }: Progress): void => void (closure === 4 && stop.abort());
    const own = [{ iterations: 6 }, { iterations: 9 }, { iterations: 9, signal: stop.signal, onProgress }];
    return Promise.all(seen.map((one, run) => rog(one, { method: 'matching', seed: run + 1, ...own[run] })));
  };
  const [together, alone] = [await attacks(RUNS), await attacks(1)];
  assert.deepEqual(
    together.map(({ stopped, history }) => [stopped, history.length]),
    [
      ['finished', 6],
      ['finished', 9],
      ['cancelled', 4],
    ],
  );
  for (const [run, { images, objective, labels }] of together.entries()) {
    near(images.data, alone[run]!.images.data, 1e-3, `pictures ${run}`);
    near(objective, alone[run]!.objective, 1e-4, `objective ${run}`);
    assert.deepEqual(labels, alone[run]!.labels);
  }
});

test('a checkpoint of an attack alone goes on beside others, to the same pictures', async () => {
  const [first, ...others] = (await victims(small, 2, 'none')) as [Observation, ...Observation[]];
  const folder = mkdtempSync(join(tmpdir(), 'roglab-stacked-'));
  const checkpoint = join(folder, 'attack');
  const options = { method: 'matching', iterations: 8 } as const;
  await session(1);
  const whole = await rog(first, options);
  const stop = new AbortController();
  const onProgress = ({ closure }: Progress): void => void (closure === 3 && stop.abort());
  await rog(first, { ...options, checkpoint, checkpointSeconds: 0, signal: stop.signal, onProgress });
  await session(RUNS);
  const [resumed] = await Promise.all([
    rog(first, { ...options, checkpoint, checkpointSeconds: 0 }),
    ...others.map((one) => rog(one, options)),
  ]);
  assert.equal(resumed.closures, 8);
  near(resumed.images.data, whole.images.data, 1e-3);
  rmSync(folder, { recursive: true });
});

test('what has no form with an axis of runs is named, and its runs are one by one', async () => {
  await session(2);
  const warned = mock.method(process, 'emitWarning', () => {});
  const values = [ndarray([2, 3], uniformStream(1)), ndarray([2, 3], uniformStream(2))];
  const pick = (x: Tensor): Tensor => tf.gather(x, tf.cast(tf.argMax(x, 0), 'int32'));
  const steps = await Promise.all(values.map((x) => compile(pick, [x], { stacks: true })));
  const found = await Promise.all(steps.map((step, run) => step.run(values[run]!)));
  const alone = await compile(pick, [values[1]!]);
  assert.deepEqual(found[1], await alone.run(values[1]!));
  assert.match(String(warned.mock.calls[0]!.arguments[0]), /gather of values and places that differ/);
  for (const step of [...steps, alone]) step.dispose();
});
