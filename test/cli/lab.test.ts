import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFile } from '../../src/assets/index.js';
import { workingCopies } from '../../src/cli/lab/copies.js';
import { prepare } from '../../src/cli/lab/environment.js';
import { homeOf } from '../../src/cli/root.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root } from '../fixtures.js';

const folder = temporaryFolder();

function project(name: string) {
  const [from, to] = [join(folder, name, 'notebooks'), join(folder, name, 'lab')];
  const write = (base: string) => (file: string, text: string) => {
    mkdirSync(dirname(join(base, file)), { recursive: true });
    writeFileSync(join(base, file), text);
  };
  const shown = (): string[] =>
    (readdirSync(to, { recursive: true }) as string[])
      .filter((file) => !file.startsWith('.') && file.includes('.'))
      .sort()
      .map((file) => `${file}: ${readFileSync(join(to, file), 'utf8')}`);
  return { original: write(from), copy: write(to), shown, update: () => workingCopies(from, to) };
}

test('workingCopies(): an untouched copy follows its original, folders and all; hidden files stay behind', async () => {
  const { original, update, shown } = project('untouched');
  original('00.ipynb', 'one');
  original('files/a.bin', 'bytes');
  original('.ipynb_checkpoints/00.ipynb', 'no');
  assert.deepEqual(await update(), []);
  assert.deepEqual(shown(), ['00.ipynb: one', 'files/a.bin: bytes']);
  original('00.ipynb', 'two');
  assert.deepEqual(await update(), []);
  assert.deepEqual(shown(), ['00.ipynb: two', 'files/a.bin: bytes']);
});

test('workingCopies(): a touched copy stays; beside a newer original it gets its own name, each time', async () => {
  const { original, copy, update, shown } = project('touched');
  original('00.ipynb', 'one');
  await update();
  copy('00.ipynb', 'mine');
  copy('own.ipynb', 'own');
  assert.deepEqual(await update(), []);
  assert.deepEqual(shown(), ['00.ipynb: mine', 'own.ipynb: own']);
  original('00.ipynb', 'two');
  assert.deepEqual(await update(), ['00-yours.ipynb']);
  assert.deepEqual(await update(), []);
  copy('00.ipynb', 'mine again');
  original('00.ipynb', 'three');
  assert.deepEqual(await update(), ['00-yours-2.ipynb']);
  assert.deepEqual(shown(), [
    '00-yours-2.ipynb: mine again',
    '00-yours.ipynb: mine',
    '00.ipynb: three',
    'own.ipynb: own',
  ]);
});

test('workingCopies(): where the list of copies is lost or damaged nothing of the reader is', async () => {
  const { original, copy, update, shown } = project('lost');
  original('00.ipynb', 'one');
  original('01.ipynb', 'same');
  await update();
  copy('00.ipynb', 'mine');
  for (const list of ['', '{"00.ipynb"', 'null', '[]', '7']) {
    copy('.copies.json', list);
    await update();
  }
  assert.equal(shown().filter((line) => line.endsWith(': mine')).length, 1);
  assert.equal(shown().length, 3);
});

test('homeOf(): a package that an install may replace keeps what is its reader’s beside his project', () => {
  const installed = join('/home/me/project', 'node_modules', 'roglab');
  assert.equal(homeOf(installed, '/home/me/project'), join('/home/me/project', 'roglab-lab'));
  assert.equal(homeOf('/home/me/roglab', '/home/me'), '/home/me/roglab');
});

test('workingCopies(): only what is wanted', async () => {
  const { original, shown } = project('wanted');
  original('a.json', '{}');
  original('b.bin', 'bytes');
  await workingCopies(join(folder, 'wanted/notebooks'), join(folder, 'wanted/lab'), (name) => name.endsWith('.json'));
  assert.deepEqual(shown(), ['a.json: {}']);
});

test('prepare(): the second of two waits for the first, and a failed one leaves no lock', async () => {
  const place = join(folder, 'twice');
  const lock = await lockFile('test', join(place, '.lab'));
  let over = false;
  const second = prepare(place, () => {}).finally(() => {
    over = true;
  });
  second.catch(() => {});
  await sleep(600);
  assert.ok(!over, 'it waits');
  await lock.release();
  await assert.rejects(second, /constraints\.txt/);
  assert.deepEqual(readdirSync(place), []);
});

test('data/lab/constraints.txt pins every package to one version with the hashes of its files', () => {
  const text = readFileSync(join(root, 'data/lab/constraints.txt'), 'utf8').replace(/^#.*\n/gm, '');
  const pins = text.replaceAll('\\\n', ' ').trim().split('\n');
  assert.ok(pins.length > 90);
  for (const pin of pins)
    assert.match(pin, /^[\w-]+(\[\w+\])?==[\w.]+( ; [^#]+?)? +(--hash=sha256:[0-9a-f]{64} *)+$/, pin.slice(0, 80));
  for (const name of ['jupyterlab', 'notebook', 'nbclassic'])
    assert.ok(pins.some((pin) => pin.startsWith(`${name}==`)));
});
