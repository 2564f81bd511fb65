/** Sessions that take long have a thread of their own: the same bits, and the event loop goes on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ndarray } from '../../src/core/arrays.js';
import type { NdArray } from '../../src/core/types.js';
import { encodeModel } from '../../src/engine/compiled/onnx/model.js';
import { openHere } from '../../src/engine/compiled/runtime.js';
import { openSession } from '../../src/engine/compiled/session.js';
import { openThere } from '../../src/engine/compiled/session-thread.js';
import { onnxAvailable, start } from '../../src/engine/index.js';
import { type Heavy, heavyStep } from './heavy-step.js';

const { ok, why } = onnxAvailable();
const skip = ok ? false : why;
if (!ok) console.log(`SKIPPED, sessions in a thread: ${why}`);

before(() => start({ backend: 'wasm' }));

const HEAVY = JSON.stringify(new URL('./heavy-step.js', import.meta.url).href);
const RUNS = JSON.stringify(new URL('./runs.js', import.meta.url).href);
const module = (file: string): string => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href);

/** In a worker thread a session runs in that thread itself. */
const inWorker = (): Promise<Heavy> =>
  new Promise((resolve, reject) => {
    const code = `import(${HEAVY}).then(async ({ heavyStep }) =>
      require('node:worker_threads').parentPort.postMessage(await heavyStep()))`;
    new Worker(code, { eval: true }).once('message', resolve).once('error', reject);
  });

test('a closure of ResNet-18: the event loop is not still while it opens and runs; bits as in one thread', {
  skip,
}, async (t) => {
  const here = await heavyStep();
  const there = await inWorker();
  assert.equal(here.sha, there.sha);
  assert.ok(there.turns < 10, `${there.turns} turns in a worker: a run is one call`);
  assert.ok(here.turns > 10 * there.turns, `${here.turns} turns during a run, ${there.turns} in a worker`);
  if (!here.longest || !there.longest) return t.diagnostic('SKIPPED: this system does not tell the time of a thread');
  const [longest, whole] = [here.longest, there.longest].map((ms) => `${ms.toFixed()} ms`);
  t.diagnostic(`still for ${longest} of a core's time at most; ${whole} in one thread`);
  assert.ok(here.longest < there.longest, `still for ${longest}, and for ${whole} in one thread`);
});

const port = (name: string, shape: number[]) => ({ name, type: 'float32', shape }) as const;

/** y0 = x0 + x1 (of one size or broadcast), y1 = -x1. */
const model = (): Promise<Uint8Array> =>
  encodeModel({
    nodes: [
      { type: 'Add', inputs: ['x0', 'x1'], outputs: ['y0'], attributes: {} },
      { type: 'Neg', inputs: ['x1'], outputs: ['y1'], attributes: {} },
    ],
    initializers: [],
    inputs: [port('x0', [2, 3]), port('x1', [3])],
    outputs: [port('y0', [2, 3]), port('y1', [3])],
  });
const x0 = ndarray([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
const x1 = ndarray([3], Float32Array.of(10, 20, 30));

test('a session in the thread: values, inputs left as they were, many runs at once, errors word for word', {
  skip,
}, async () => {
  const there = await openThere(await model(), 1, 'cpu');
  const here = await openHere(await model(), 1, 'cpu');
  const run = () => there.run([x0, x1], ['y0', 'y1', 'y1']);
  for (const values of await Promise.all([run(), run(), run()]))
    assert.deepEqual(
      values.map((v) => [...v]),
      [
        [11, 22, 33, 14, 25, 36],
        [-10, -20, -30],
        [-10, -20, -30],
      ],
    );
  assert.deepEqual(
    [[...x0.data], [...x1.data]],
    [
      [1, 2, 3, 4, 5, 6],
      [10, 20, 30],
    ],
  );
  const thrown = async (work: () => Promise<unknown>): Promise<string[]> =>
    work().then(
      () => assert.fail('nothing thrown'),
      (error: Error) => [error.name, error.constructor.name, error.message],
    );
  for (const inputs of [[x0], [x0, x0]])
    assert.deepEqual(await thrown(() => there.run(inputs, ['y0'])), await thrown(() => here.run(inputs, ['y0'])));
  for (const bytes of [Uint8Array.of(1, 2, 3), new Uint8Array(0)])
    assert.deepEqual(
      await thrown(() => openThere(bytes.slice(), 1, 'cpu')),
      await thrown(() => openHere(bytes.slice(), 1, 'cpu')),
    );
  assert.deepEqual([...(await there.run([x0, x1], ['y1']))[0]!], [-10, -20, -30], 'goes on after errors');
  await Promise.all([there.release(), here.release()]);
});

test('inputs that a session holds come last in every run, each user has his own, and their release lets go of them', {
  skip,
}, async () => {
  for (const open of [openThere, openHere]) {
    const session = await open(await model(), 1, 'cpu');
    const [ours, theirs] = [await session.holding([x1]), await session.holding([ndarray([3])])];
    const first = async (runs: Pick<typeof session, 'run'>, ...inputs: NdArray[]): Promise<number[]> => [
      ...(await runs.run(inputs, ['y0']))[0]!,
    ];
    const [sum, same] = [
      [11, 22, 33, 14, 25, 36],
      [1, 2, 3, 4, 5, 6],
    ];
    assert.deepEqual(await Promise.all([first(ours, x0), first(theirs, x0)]), [sum, same]);
    await theirs.release();
    assert.deepEqual([await first(ours, x0), await first(session, x0, x1)], [sum, sum]);
    assert.deepEqual([...x1.data], [10, 20, 30], 'they stay with their owner');
    await ours.release();
    await session.release();
  }
});

test('equal models are one session also in the thread', { skip }, async () => {
  const much = { bytes: 2 ** 30, products: 0 };
  const open = async () => openSession(await model(), [port('y1', [3])], 1, 'cpu', much);
  const [a, b] = await Promise.all([open(), open()]);
  a.release();
  const [values] = await b.run([x0, x1]);
  assert.deepEqual([...values!.data], [-10, -20, -30]);
  b.release();
});

const THERE = `import { openThere } from ${module('engine/compiled/session-thread.js')};`;
const POOL = `import { Worker } from 'node:worker_threads';
  import ${module('engine/index.js')};
  const worker = new Worker(\`import(${RUNS}).then(async ({ runs }) => {
    const { openHere } = await import(${module('engine/compiled/runtime.js')});
    await runs(openHere, 1000, () => require('node:worker_threads').parentPort.postMessage(0));
  })\`, { eval: true, execArgv: [] });`;

const ENDS = {
  'a process with an open session ends by itself': [`${THERE} await runs(openThere, 1);`, 0, /^$/],
  'process.exit during a run ends it': [`${THERE} await runs(openThere, 9, () => process.exit(7));`, 7, /^$/],
  'an error during a run ends it': [
    `${THERE} await runs(openThere, 9, () => process.nextTick(() => { throw new Error('mine'); }));`,
    1,
    /mine/,
  ],
  'process.exit during a run in a worker thread ends it': [
    `${POOL} worker.once('message', () => setTimeout(() => process.exit(7), 50));`,
    7,
    /^$/,
  ],
} as const;

for (const [name, [code, status, says]] of Object.entries(ENDS))
  test(name, { skip }, () => {
    const script = `import { runs } from ${RUNS}; ${code}`;
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'ORT_DISABLE_TELEMETRY')),
    });
    assert.match(ended.stderr, says);
    assert.equal(ended.status, status);
  });
