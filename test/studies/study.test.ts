import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { network } from '../../src/models/index.js';
import { observeCase } from '../../src/studies/case.js';
import { score } from '../../src/studies/score.js';
import { study } from '../../src/studies/study.js';
import { attackAll } from '../../src/studies/worker-pool.js';

test('study: trials come back in order with their own fields, their scores and the cost of phi', async () => {
  await start();
  const data = await openDataset('scenes', { size: 16 });
  const model = network({
    name: 'small',
    imageShape: data.imageShape,
    classes: data.classNames.length,
    layers: [{ kind: 'conv', filters: 4, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10, bias: false }],
    seed: 3,
  });
  const batch = data.batch({ size: 2, seed: 1, labels: 'distinct' });
  const options = { iterations: 6 };
  const counts: number[] = [];
  const done = await study(
    [
      { model, batch, phi: 'sign', options, name: 'one bit' },
      { model, batch, phi: 'none', localSteps: 2, options, name: 'all bits' },
      { model, batch, phi: 'sign', options: { ...options, objective: 'l2' as const }, name: 'one bit, plain' },
      { model, batch, phi: 'none', privacy: { clip: 1, noiseMultiplier: 1 }, options, name: 'private' },
    ],
    { workers: 2, onDone: (n) => counts.push(n) },
  );
  assert.deepEqual(
    done.map(({ name, bitsPerEntry }) => [name, bitsPerEntry]),
    [
      ['one bit', 1],
      ['all bits', 32],
      ['one bit, plain', 1],
      ['private', 32],
    ],
  );
  assert.deepEqual(
    done.slice(0, 3).map(({ result }) => result.settings.objective),
    ['wrongSign', 'cosine', 'l2'],
  );
  assert.equal((done[1]!.result.settings.client as { localSteps: number }).localSteps, 2);
  assert.deepEqual((done[3]!.result.settings.client as { privacy: object }).privacy, { clip: 1, noiseMultiplier: 1 });
  for (const { result, scores } of done) assert.deepEqual(scores, await score(batch, result));
  assert.deepEqual(counts, [1, 2, 3, 4]);
});

test("study: a trial's error is its own part's message", async () => {
  await start();
  const data = await openDataset('scenes', { size: 16 });
  const batch = data.batch({ size: 1 });
  const model = network({
    name: 'm',
    imageShape: data.imageShape,
    classes: 10,
    layers: [{ kind: 'dense', units: 10 }],
  });
  await assert.rejects(study([{ model, batch, phi: 'quantise:3' }]), /unknown obfuscation.*did you mean quantize/);
  await assert.rejects(study([{ model, batch, phi: 'none', options: { iterations: 0 } }]), /iterations/);
});

test('attackAll: stopped or failing while others run, it waits for them, then rejects with the reason', async () => {
  await start();
  const data = await openDataset('scenes', { size: 16 });
  const batch = data.batch({ size: 1 });
  const layers = [{ kind: 'conv', filters: 8, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10 }] as const;
  const model = network({ name: 'm', imageShape: data.imageShape, classes: 10, layers });
  const observation = await observeCase(model, batch, { phi: 'none' });
  const long = async () => ({ observation, attack: 'rog' as const, options: { iterations: 100_000 } });
  const short = async () => ({ observation, attack: 'rog' as const, options: { iterations: 1 } });
  const wrong = async () => ({ observation, attack: 'rog' as const, options: { iterations: 0 } });
  const stop = new AbortController();
  const done: number[] = [];
  const onDone = (count: number): void => {
    done.push(count);
    stop.abort();
  };
  await assert.rejects(attackAll([long, short], { workers: 2, signal: stop.signal, onDone }), { name: 'AbortError' });
  assert.deepEqual(done, [1]);
  await assert.rejects(attackAll([long, wrong, short], { workers: 2 }), /iterations must be/);
});
