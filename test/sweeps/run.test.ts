import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { deriveSeed } from '../../src/core/random.js';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { network } from '../../src/models/index.js';
import { observeCase, score } from '../../src/studies/index.js';
import { runSweep, sweepOf, sweepStatus, sweepTable } from '../../src/sweeps/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { NETWORK, numbers, SMALL, simulation } from './small.js';

const folder = temporaryFolder();
const place = (name: string): string => join(folder, name);

test('sweep: in threads, the numbers of the attack, with pictures; a second run does nothing', async () => {
  await start({ threads: 1 });
  const options = { folder: place('local'), workers: 2 };
  const { progress } = await runSweep({ ...SMALL, pictures: true }, options);
  assert.deepEqual([progress.done, progress.failed, progress.ended], [6, 0, 'finished']);
  const rows = (await sweepTable(place('local'))).objects() as Record<string, number | string>[];
  const data = await openDataset('scenes', { size: 16 });
  const model = network({ ...NETWORK, imageShape: data.imageShape, classes: 10, seed: 1 });
  for (const row of rows) {
    const batch = data.batch({ indices: [Number(String(row.data).split(' ')[2])] });
    const observed = await observeCase(model, batch, {
      phi: String(row.phi),
      seed: deriveSeed(1, 'phi', Number(row.image)),
    });
    const result = await rog(observed, { iterations: 2, seed: deriveSeed(1, 'start', Number(row.image)) });
    const { psnr, ssim } = await score(batch, result);
    assert.deepEqual([row.psnr, row.ssim, row.objective], [psnr[0], ssim[0], result.objective]);
  }
  assert.equal(readdirSync(join(place('local'), 'pictures')).length, 6);
  assert.equal(
    readFileSync(join(place('local'), 'pictures', `${rows[0]!.id}.png`))
      .subarray(1, 4)
      .toString(),
    'PNG',
  );
  const second = simulation();
  await runSweep({ ...SMALL, pictures: true }, options, { crew: second });
  assert.deepEqual(second.ran, []);
});

test('sweep: cells that their own settings forbid are kept by reason, and tried again only when asked', async () => {
  const definition = { ...SMALL, attacks: [{ name: 'rog', iterations: 0 }] as const, images: 2 };
  const first = await runSweep(definition, { folder: place('failing'), workers: 1 });
  assert.deepEqual([first.progress.done, first.progress.failed], [0, 4]);
  assert.deepEqual([...first.progress.reasons], [['rog: iterations must be an integer of at least 1, got 0', 4]]);
  const second = simulation();
  await runSweep(definition, { folder: place('failing') }, { crew: second });
  assert.deepEqual(second.ran, []);
  const third = await runSweep(definition, { folder: place('failing'), retryFailed: true }, { crew: simulation() });
  assert.deepEqual([third.progress.done, third.progress.failed], [4, 0]);
  assert.equal((await sweepStatus(place('failing'))).failed, 0);
});

test('sweep: stopped, it gives what is done, then goes on; a larger grid computes only what is new', async () => {
  const stop = new AbortController();
  const first = simulation(() => first.ran.length === 9 && stop.abort());
  const definition = { ...SMALL, images: 10 };
  const options = { folder: place('stopped'), workers: 2 };
  const { progress } = await runSweep(definition, { ...options, signal: stop.signal }, { crew: first });
  assert.equal(progress.ended, 'stopped');
  assert.ok(progress.done >= 9 && progress.done < 20);
  assert.equal((await sweepTable(place('stopped'))).numRows(), progress.done);
  const second = simulation();
  await runSweep(definition, options, { crew: second });
  assert.equal(new Set([...first.ran, ...second.ran]).size, 20);
  const third = simulation();
  await runSweep({ ...definition, phi: ['none', 'sign', 'quantize:3'] }, options, { crew: third });
  assert.equal(third.ran.length, 10);
  assert.equal((await sweepTable(place('stopped'))).numRows(), 30);
  const smaller = await runSweep({ ...definition, phi: 'sign' }, options, { crew: simulation() });
  assert.equal(smaller.progress.total, 10);
  const table = await sweepTable(place('stopped'));
  assert.deepEqual(table.array('phi'), new Array(10).fill('sign'));
  assert.deepEqual(
    table.array('image'),
    Array.from({ length: 10 }, (_, i) => i),
  );
});

test('sweep: the shards of a sweep share its folder, overlap in nothing and leave out nothing', async () => {
  const whole = simulation();
  await runSweep(SMALL, { folder: place('whole') }, { crew: whole });
  const parts = [simulation(), simulation(), simulation(), simulation()];
  for (const [i, crew] of parts.entries())
    await runSweep(SMALL, { folder: place('shards'), shard: `${i + 1}/4` }, { crew });
  assert.deepEqual(parts.flatMap(({ ran }) => ran).sort(), whole.ran.toSorted());
  const [a, b] = [await sweepTable(place('whole')), await sweepTable(place('shards'))];
  assert.deepEqual(numbers(b.objects()), numbers(a.objects()));
  for (const shard of ['0/4', '5/4', 'a', '1', '1/0'])
    await assert.rejects(runSweep(SMALL, { folder: place('shards'), shard }), /a shard is written i\/n/);
});

test('sweep: a failure not of the settings is tried again, then kept; what cannot be kept ends it', async () => {
  const counts = new Map<string, number>();
  const shaky = simulation((id) => {
    counts.set(id, (counts.get(id) ?? 0) + 1);
    if (counts.get(id) === 1) throw new Error('out of luck');
  });
  const { progress } = await runSweep({ ...SMALL, images: 1 }, { folder: place('shaky') }, { crew: shaky });
  assert.deepEqual([progress.done, [...counts.values()]], [2, [2, 2]]);
  const broken = simulation(() => {
    throw new Error('no memory');
  });
  const end = await runSweep({ ...SMALL, images: 1, phi: 'none' }, { folder: place('broken') }, { crew: broken });
  assert.deepEqual([...end.progress.reasons], [['Error: no memory', 1]]);
});

test('sweepOf: the definition of a folder, or the reason why only its program can go on', async () => {
  const data = await openDataset('scenes', { size: 16 });
  await runSweep({ ...SMALL, data }, { folder: place('objects') }, { crew: simulation() });
  await assert.rejects(sweepOf(place('objects')), /exist in a program only/);
  assert.equal((await sweepOf(place('whole'))).sweep.combinations, 6);
  await assert.rejects(sweepOf(place('nothing')), /there is no sweep in this folder/);
});
