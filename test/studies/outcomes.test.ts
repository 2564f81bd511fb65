import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { network } from '../../src/models/index.js';
import { observeCase } from '../../src/studies/case.js';
import { study } from '../../src/studies/study.js';
import { type AttackOutcome, attackAll } from '../../src/studies/worker-pool.js';
import { near } from '../near.js';

await start();
const data = await openDataset('scenes', { size: 16 });
const batch = data.batch({ size: 1 });
const layers = [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10 }] as const;
const model = network({ name: 'm', imageShape: data.imageShape, classes: 10, layers });
const observation = await observeCase(model, batch, { phi: 'none' });
const job = (iterations: number, seen: Observation = observation) => {
  return async () => ({ observation: seen, attack: 'rog' as const, options: { iterations } });
};
const broken = async (): Promise<never> => {
  throw new TypeError('cannot make this job');
};
/** A model whose weights are no numbers: everything that the attack simulates is NaN. */
const spoilt = {
  ...observation,
  model: { ...model, parameters: model.parameters.map((p) => ({ ...p, data: p.data.map(() => Number.NaN) })) },
};

test("attackAll({ onError: 'keep' }): a failed job costs no other; errors keep their type across threads", async () => {
  const jobs = [job(2), job(0), broken, job(3), job(2, spoilt), job(2)];
  const outcomes = await attackAll(jobs, { workers: 2, onError: 'keep' });
  assert.deepEqual(
    outcomes.map(({ result }) => result?.closures),
    [2, undefined, undefined, 3, undefined, 2],
  );
  const [, zero, unmade, , nan] = outcomes.map(({ error }) => error);
  assert.deepEqual([zero!.name, unmade!.constructor], ['RoglabError', TypeError]);
  assert.match(zero!.message, /^rog: iterations must be/);
  assert.equal(unmade!.message, 'cannot make this job');
  assert.match(nan!.message, /NaN|finite/);
  assert.deepEqual(outcomes[0]!.result!.images, outcomes[5]!.result!.images);
});

test('attackAll: what had finished when one failed is in the outcomes of the error', async () => {
  const failed = await attackAll([job(2), job(0), job(3)], { workers: 1 }).catch((error) => error);
  assert.match(failed.message, /^rog: iterations must be/);
  assert.equal(failed.name, 'RoglabError');
  const outcomes: AttackOutcome[] = failed.outcomes;
  assert.deepEqual(
    outcomes.map(({ result }) => result?.closures),
    [2, undefined, undefined],
  );
  assert.equal(outcomes[1]!.error, failed);
});

test('attackAll: stopped, the finished and the pictures so far are kept', async () => {
  const stop = new AbortController();
  const options = { workers: 2, signal: stop.signal, onDone: () => stop.abort() };
  const outcomes = await attackAll([job(1_000_000), job(1), job(1), job(1)], { ...options, onError: 'keep' });
  const [running, done, ...rest] = outcomes as [AttackOutcome, AttackOutcome, AttackOutcome, AttackOutcome];
  assert.equal(running.result?.stopped, 'cancelled');
  assert.equal(running.error?.name, 'AbortError');
  assert.equal(done.result?.stopped, 'finished');
  assert.ok(rest.every(({ result, error }) => (result !== undefined) !== (error !== undefined)));
  const all = await attackAll([job(1), job(1)], { workers: 1, signal: AbortSignal.abort(), onError: 'keep' });
  assert.ok(all.every(({ error }) => error?.name === 'AbortError'));
});

test("study({ onError: 'keep' }): rows with scores or with an error, in order", async () => {
  const options = { iterations: 2 };
  const trials = [
    { model, batch, phi: 'none', options },
    { model, batch, phi: 'quantise:3', options },
    { model, batch, phi: 'sign', options },
  ];
  const rows = await study(trials, { workers: 1, onError: 'keep' });
  assert.deepEqual(
    rows.map(({ phi, scores, error }) => [phi, scores?.psnr.length, error?.name]),
    [
      ['none', 1, undefined],
      ['quantise:3', undefined, 'RoglabError'],
      ['sign', 1, undefined],
    ],
  );
  await assert.rejects(study(trials, { onError: 'drop' as never }), /onError must be one of throw, keep, got "drop"/);
});

test('an attack on weights or an update of NaN is an error, not a result', async () => {
  const { rog, invertingGradients } = await import('../../src/attacks/index.js');
  const nan = {
    ...observation,
    tensors: observation.tensors.map((t) => ({ ...t, data: t.data.map(() => Number.NaN) })),
  };
  for (const seen of [spoilt, nan])
    for (const attack of [rog, invertingGradients])
      await assert.rejects(async () => attack(seen, { iterations: 3 }), /NaN|finite/);
});

test('attackAll: a thread has as many attacks at a time as the session stacks, each with its own result', async () => {
  const order: number[] = [];
  const onDone = (_: number, __: number, ___: unknown, index: number): void => void order.push(index);
  await start({ stack: 3 });
  const together = await attackAll([job(12), job(2), job(12), job(9)], { workers: 1, onDone });
  await start({ stack: 1 });
  const alone = await attackAll([job(12), job(2)], { workers: 1 });
  assert.equal(order[0], 1, 'the short one did not wait for the first');
  assert.deepEqual(
    together.map(({ closures }) => closures),
    [12, 2, 12, 9],
  );
  for (const [k, { images }] of alone.entries()) near(together[k]!.images.data, images.data, 1e-3);
});
