import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Model, NamedArray } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { applyUpdate, averageUpdates, clientUpdate } from '../../src/federation/index.js';
import { loadWeights } from '../../src/models/index.js';
import { type FederateOptions, federate } from '../../src/studies/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { forEachEngine } from '../engines.js';
import { fourClients, smallData, smallModel, trainBatch } from './small.js';

const folder = temporaryFolder();
const options: FederateOptions = { rounds: 3, cohort: 2, localSteps: 2, batchSize: 8, learningRate: 0.1, workers: 0 };
const run = async (more: Partial<FederateOptions> = {}, clients: readonly (readonly number[])[] = fourClients) =>
  federate(smallModel, await smallData(), clients, { ...options, ...more });

const close = (a: readonly NamedArray[], b: readonly NamedArray[], tolerance: number): void =>
  a.forEach(({ name, data }, k) => {
    const scale = Math.max(...b[k]!.data.map(Math.abs));
    const worst = Math.max(...data.map((value, i) => Math.abs(value - b[k]!.data[i]!)));
    assert.ok(worst <= tolerance * scale, `${name}: off by ${worst} of ${scale}`);
  });

const same = (a: Model, b: Model): void => assert.deepEqual(a.parameters, b.parameters);

forEachEngine((engine, setup) => {
  test(`${engine}: one round of all clients with their whole data is the gradient step of all images`, async () => {
    await setup();
    const data = await smallData();
    const one = {
      ...options,
      rounds: 1,
      cohort: 4,
      localSteps: 1,
      batchSize: 30,
      flip: false,
      serverLearningRate: 0.5,
    };
    const { model } = await federate(smallModel, data, fourClients, one);
    const { tensors } = await clientUpdate(smallModel, trainBatch(data, fourClients.flat()), {});
    close(model.parameters, applyUpdate(smallModel, tensors, 0.5 * 0.1).parameters, 1e-5);
  });
});

test('clients of unequal size count by their images, or equally when asked', async () => {
  await start({ threads: 1 });
  const data = await smallData();
  const clients = [fourClients[0]!, fourClients[1]!.slice(0, 10)];
  const parts = await Promise.all(clients.map((c) => clientUpdate(smallModel, trainBatch(data, c), {})));
  for (const [average, weights] of [
    ['images', [30, 10]],
    ['equal', [1, 1]],
  ] as const) {
    const more = { rounds: 1, localSteps: 1, batchSize: 30, flip: false, average };
    const { model } = await run(more, clients);
    const mean = averageUpdates(
      parts.map(({ tensors }) => tensors),
      weights,
    );
    close(model.parameters, applyUpdate(smallModel, mean, 0.1).parameters, 1e-5);
  }
});

test('server momentum is m = beta m + mean, w = w - rate m, over the rounds', async () => {
  await start({ threads: 1 });
  const data = await smallData();
  const more = { rounds: 2, cohort: 4, localSteps: 1, batchSize: 30, flip: false, serverMomentum: 0.5 };
  const { model } = await run(more);
  const gradient = async (at: Model) => (await clientUpdate(at, trainBatch(data, fourClients.flat()), {})).tensors;
  const first = await gradient(smallModel);
  const between = applyUpdate(smallModel, first, 0.1);
  const second = await gradient(between);
  const moving = second.map((g, k) => ({ ...g, data: g.data.map((v, i) => v + 0.5 * first[k]!.data[i]!) }));
  close(model.parameters, applyUpdate(between, moving, 0.1).parameters, 1e-5);
});

test('the result depends on the seed, and not on the number of workers', async () => {
  await start({ threads: 1 });
  const more = { phi: 'clip:1+sigma:0.01', evaluateEvery: 1, evaluateImages: 20 };
  const [alone, two, other] = [await run(more), await run({ ...more, workers: 2 }), await run({ ...more, seed: 2 })];
  same(alone.model, two.model);
  const curve = ({ history }: typeof alone) => history.map(({ round, loss, accuracy }) => ({ round, loss, accuracy }));
  assert.deepEqual(curve(alone), curve(two));
  assert.equal(alone.history.length, 3);
  assert.notDeepEqual(other.model.parameters, alone.model.parameters);
});

test('training learns: the loss of scenes falls', async () => {
  await start({ threads: 1 });
  const { history } = await run({ rounds: 30, cohort: 4, localSteps: 4, learningRate: 0.05, schedule: 'cosine' });
  assert.ok(history.at(-1)!.loss < 0.9 * history[0]!.loss, `${history[0]!.loss} -> ${history.at(-1)!.loss}`);
});

test('cancelled and started again ends with the same bits, private steps and momentum included', async () => {
  await start({ threads: 1 });
  const more = { rounds: 4, serverMomentum: 0.5, privacy: { clip: 1, noiseMultiplier: 0.1 } };
  const whole = await run(more);
  const checkpoint = join(folder, 'cancel.checkpoint');
  const stop = new AbortController();
  const half = await run({
    ...more,
    checkpoint,
    signal: stop.signal,
    onRound: ({ round }) => void (round === 2 && stop.abort()),
  });
  assert.deepEqual([half.stopped, half.rounds], ['cancelled', 2]);
  const rest = await run({ ...more, checkpoint });
  assert.equal(rest.stopped, 'finished');
  same(rest.model, whole.model);
  same((await run({ ...more, checkpoint })).model, whole.model);
});

test('killed (SIGKILL) at arbitrary moments and started again ends with the same bits', async () => {
  await start({ threads: 1 });
  const [checkpoint, out] = [join(folder, 'kill.checkpoint'), join(folder, 'kill.safetensors')];
  const program = fileURLToPath(new URL('./killed.js', import.meta.url));
  const child = () => spawn(process.execPath, [program, checkpoint, out], { stdio: 'ignore' });
  let kills = 0;
  for (const wait of [0, 130, 60]) {
    const running = child();
    const ended = new Promise((resolve) => running.once('exit', resolve));
    while (!existsSync(checkpoint) && running.exitCode === null) await pause(5);
    const before = existsSync(checkpoint) ? statSync(checkpoint).mtimeMs : 0;
    while (running.exitCode === null && statSync(checkpoint).mtimeMs === before && kills > 0) await pause(5);
    await pause(wait);
    if (running.exitCode === null) kills++;
    running.kill('SIGKILL');
    await ended;
  }
  assert.ok(kills >= 2, `${kills} kills`);
  await new Promise((resolve) => child().once('exit', resolve));
  const resumed = await loadWeights(out, smallModel);
  rmSync(checkpoint);
  rmSync(out);
  await new Promise((resolve) => child().once('exit', resolve));
  same(resumed, await loadWeights(out, smallModel));
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('federate refuses what is wrong, in words', async () => {
  await start({ threads: 1 });
  const checkpoint = join(folder, 'other.checkpoint');
  await run({ checkpoint });
  const cases: [() => Promise<unknown>, RegExp][] = [
    [
      () => run({ cohort: 5 }),
      /federate: a round of 5 clients needs as many, got 4; lower cohort or make more clients/,
    ],
    [() => run({}, [[1, 2], [], [3]]), /federate: client 1 has no images; use fewer clients or another partition/],
    [() => run({ checkpoint, learningRate: 0.2 }), /belongs to other settings: learningRate was 0.1 and is 0.2/],
    [() => run({ checkpoint, phi: 'sign' }), /belongs to other settings: phi was "none" and is "sign"/],
    [() => run({ checkpoint }, [...fourClients].reverse()), /belongs to other settings: clients was/],
    [() => run({ privacy: { clip: 0, noiseMultiplier: 1 } }), /privacy.clip must be a number above 0, got 0/],
    [
      () => run({ privacy: { clip: 1, noiseMultiplier: -1 } }),
      /privacy.noiseMultiplier must be a number of at least 0, got -1/,
    ],
    [
      () => run({ privacy: { clip: 1, noiseMultiplier: 1 }, batchSize: 31 }),
      /must not exceed the smallest client \(30\), got 31/,
    ],
    [() => run({ phi: 'noise' }), /the form is noise:SNR/],
    [() => run({ rounds: 0 }), /rounds must be an integer of at least 1, got 0/],
    [() => run({ serverMomentum: 1 }), /serverMomentum must be a number strictly between 0 and 1, got 1/],
    [
      () => run({ schedule: 'cosin' as 'cosine' }),
      /schedule must be one of steady, cosine, got "cosin"; did you mean "cosine"/,
    ],
    [
      () => run({ learningRate: 1e30 }),
      /federate: a client's loss is no number any more, got NaN; lower the learning rate or the noise/,
    ],
    [() => run({ learnRate: 1 } as object), /unknown option "learnRate"; did you mean "learningRate"/],
  ];
  for (const [call, message] of cases) await assert.rejects(call, message);
});
