import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  cellIds,
  openStore,
  readLedger,
  type SweepRow,
  storedFailures,
  storedRows,
  writeLedger,
} from '../../src/sweeps/store/index.js';
import { sealed } from '../../src/sweeps/store/sealed.js';
import type { CellResult } from '../../src/sweeps/types.js';
import { temporaryFolder } from '../assets/temporary.js';

const folder = temporaryFolder();
const place = (name: string): string => join(folder, name);

const result = (id: string, batch = 1): CellResult => ({
  id,
  job: {
    version: '0.0.0-test',
    network: { name: 'small', imageShape: [16, 16, 3], classes: 10, seed: 1 },
    ...{ data: 'scenes test 1', images: 'hash', phi: 'none', batch, labels: 'known', seed: 2 ** 40, image: 0 },
    ...{ client: { localSteps: 1, learningRate: 0.003 }, attack: { name: 'rog', options: { a: '"x", y' } } },
    ...{ pictures: false, lpips: false },
  },
  done: {
    images: Array.from({ length: batch }, (_, position) => ({ position, label: 3, psnr: 1 / 3 + position, mse: null })),
    ...{ bitsPerEntry: 3.25, objective: 1e-300, closures: 7, digest: 'd' },
  },
  run: { seconds: 0.5, engine: 'none', worker: 'test:1', finished: 1_700_000_000_123 },
});
const failed = (id: string): CellResult => {
  const { done: _, ...rest } = result(id);
  return { ...rest, failed: { name: 'RoglabError', message: 'rog: no' } };
};

async function rowsOf(path: string): Promise<SweepRow[]> {
  const rows: SweepRow[] = [];
  for await (const row of storedRows(path)) rows.push(row);
  return rows;
}
const files = (path: string): string[] => readdirSync(join(path, 'rows'));

test('store: rows are the same as lines and as Parquet, to the bit; failures stay lines until done', async () => {
  const path = place('same');
  const store = await openStore(path);
  for (const id of ['a', 'b']) await store.add(result(id, 2));
  await store.add(failed('c'));
  const lines = await rowsOf(path);
  assert.equal(lines.length, 4);
  assert.equal(lines[1]!.psnr, 4 / 3);
  assert.equal(lines[1]!.seed, 2 ** 40);
  assert.equal(lines[1]!.mse, null);
  await store.close();
  assert.equal(files(path).filter((name) => name.endsWith('.parquet')).length, 1);
  assert.deepEqual(await rowsOf(path), lines);
  assert.deepEqual(
    (await storedFailures(path)).map(({ id, reason }) => [id, reason]),
    [['c', 'rog: no']],
  );
  const again = await openStore(path);
  assert.deepEqual([[...again.done].sort(), [...again.failed]], [['a', 'b'], ['c']]);
  await again.add(result('c'));
  await again.close();
  assert.deepEqual([(await rowsOf(path)).length, await storedFailures(path)], [5, []]);
});

test('store: a cell counts once, whoever adds it and however often', async () => {
  const path = place('once');
  const [one, other] = [await openStore(path), await openStore(path)];
  await Promise.all([one.add(result('a')), one.add(result('a')), other.add(result('a')), other.add(result('b'))]);
  assert.equal((await rowsOf(path)).length, 2);
  await Promise.all([one.close(), other.close()]);
  assert.equal((await rowsOf(path)).length, 2);
});

test('store: a line that a kill cut off is passed over, those before it and of the next run count', async () => {
  const path = place('torn');
  const store = await openStore(path);
  for (const id of ['a', 'b']) await store.add(result(id));
  const [name] = files(path);
  appendFileSync(join(path, 'rows', name!), JSON.stringify(result('c')).slice(0, 200));
  const next = await openStore(path);
  assert.deepEqual([...next.done].sort(), ['a', 'b']);
  await next.add(result('c'));
  await next.close();
  await store.close();
  assert.deepEqual((await rowsOf(path)).map(({ id }) => id).sort(), ['a', 'b', 'c']);
});

test('store: lines of a process that is gone are compacted, those of one that may live are left', async () => {
  const path = place('dead');
  const store = await openStore(path);
  await store.add(result('a'));
  const [name] = files(path);
  const dead = name!.replace(/-\d+-(\w+)\.open/, `-${deadPid()}-$1.open`);
  writeFileSync(join(path, 'rows', dead), `${sealed(result('b'))}\n`);
  const elsewhere = name!.replace(/^[^-]+/, 'another_machine');
  writeFileSync(join(path, 'rows', elsewhere), `${sealed(result('c'))}\n`);
  await store.close();
  assert.deepEqual(
    files(path).filter((file) => file.endsWith('.jsonl')),
    [elsewhere],
  );
  assert.deepEqual((await rowsOf(path)).map(({ id }) => id).sort(), ['a', 'b', 'c']);
});

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

test('store: killed between the new Parquet file and the end of the old lines, nothing counts twice', async () => {
  const path = place('between');
  const store = await openStore(path);
  await store.add(result('a', 3));
  const [open] = files(path);
  const copy = join(path, 'copy');
  mkdirSync(copy);
  spawnSync('cp', [join(path, 'rows', open!), copy]);
  await store.close();
  renameSync(join(copy, open!), join(path, 'rows', 'old.jsonl'));
  assert.equal(files(path).length, 2);
  assert.equal((await rowsOf(path)).length, 3);
  await (await openStore(path)).close();
  assert.equal((await rowsOf(path)).length, 3);
});

const flipped = (file: string, from: string, to: string): void => {
  const text = readFileSync(file, 'latin1');
  assert.ok(text.includes(from));
  writeFileSync(file, text.replace(from, to), 'latin1');
};

test('store: a changed digit in a line or Parquet file is warned of, its cell computed again', async () => {
  const path = place('damaged');
  const said: string[] = [];
  const listen = ({ message }: Error) => said.push(message);
  process.on('warning', listen);
  const store = await openStore(path);
  for (const id of ['a', 'b', 'c']) await store.add(result(id));
  const line = join(path, 'rows', files(path)[0]!);
  flipped(line, '"psnr":0.3333', '"psnr":0.9333');
  assert.deepEqual(
    (await rowsOf(path)).map(({ id }) => id),
    ['b', 'c'],
  );
  await store.close();
  const again = await openStore(path);
  assert.deepEqual([...again.done].sort(), ['b', 'c']);
  await again.add(result('a'));
  await again.close();
  assert.equal((await rowsOf(path)).length, 3);
  for (const name of files(path)) flipped(join(path, 'rows', name), 'PAR1', 'PAR2');
  assert.deepEqual(await rowsOf(path), []);
  assert.deepEqual([...(await openStore(path)).done], []);
  await new Promise(setImmediate);
  process.off('warning', listen);
  assert.match(said[0]!, /^line 1 of .*\.jsonl is damaged or of an older version; its cells are computed again$/);
  assert.match(said.at(-1)!, /^.*\.parquet is damaged or of an older version; its cells are computed again$/);
});

test('ledger: a changed letter in the list of cells or in who the sweep is is refused', async () => {
  const path = place('ledger');
  const about = { name: 'small', version: '0', base: '.' };
  const ids = async function* () {
    for (let i = 0; i < 2500; i++) yield `cell-${i}`;
  };
  const ledger = await writeLedger(path, about, ids());
  assert.deepEqual([await readLedger(path), (await cellIds(path)).size], [ledger, 2500]);
  flipped(join(path, 'cells.txt'), 'cell-17\n', 'cell-71\n');
  await assert.rejects(
    cellIds(path),
    /cells\.txt is damaged or of an older version; run the sweep again: what is done/,
  );
  flipped(join(path, 'sweep.json'), '"total":2500', '"total":2501');
  await assert.rejects(readLedger(path), /sweep\.json is damaged or of an older version; delete it and run/);
});

/** A small file system of our own, where that is allowed. */
function tinyDisk(path: string): string | false {
  mkdirSync(path);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]);
  return status === 0 ? false : 'mounting a small file system is not allowed here';
}

const disk = place('disk');
const noDisk = tinyDisk(disk);
test('store: a full disk is one line, and what was there before stays', { skip: noDisk }, async (t) => {
  t.after(() => spawnSync('umount', [disk]));
  const store = await openStore(disk);
  const fill = async (): Promise<number> => {
    for (let i = 0; ; i++) await store.add(result(`cell-${i}`)).then(() => i);
  };
  await assert.rejects(
    fill(),
    /^RoglabError: sweep: cannot write .*: the disk is full; free some space and try again$/,
  );
  const before = (await rowsOf(disk)).length;
  assert.ok(before > 10);
  assert.equal(before, store.done.size);
  await assert.rejects(store.close(), /the disk is full/);
  assert.equal((await rowsOf(disk)).length, before);
});

test('store: a folder that cannot be made is one line', async () => {
  writeFileSync(place('file'), '');
  symlinkSync(place('file'), place('link'));
  await assert.rejects(
    (await openStore(place('link'))).add(result('a')),
    /sweep: cannot write .*a part of the path is a file/,
  );
});
