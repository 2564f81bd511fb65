import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { checkFilePlace, checkPlace } from '../../src/assets/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { roglab, sweepFolder, WRITERS } from './places.js';

const folder = temporaryFolder();
const within = (path: string): string[] => readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();

test('checkPlace: makes nothing, leaves nothing, and tells each reason in one line', async () => {
  mkdirSync(join(folder, 'there'));
  writeFileSync(join(folder, 'plain'), 'text');
  const listed = within(folder);
  for (const good of ['there', 'there/a/b/c', 'new', '.']) await checkPlace('here', join(folder, good));
  await checkFilePlace('here', join(folder, 'there/a/file'));
  await checkFilePlace('here', join(folder, 'plain'));
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  const bad: readonly [() => Promise<void>, RegExp][] = [
    [
      () => checkPlace('here', join(folder, 'plain')),
      /^here: cannot write .*plain: a part of the path is a file; choose/,
    ],
    [() => checkPlace('here', join(folder, 'plain/a')), /a part of the path is a file/],
    [() => checkPlace('here', join(folder, 'x'.repeat(300))), /the name is too long/],
    [
      () => checkPlace('here', '/proc/nothing/a'),
      /no such folder, and it cannot be made|no permission|a part of the path/,
    ],
    [() => checkPlace('here', join(folder, 'link')), /cannot be made; choose another/],
    [
      () => checkPlace('here', folder, 2 ** 60),
      /must have 1152921504\.6 GB of free disk, got "[\d.]+ [GM]B"; free some space/,
    ],
    [() => checkFilePlace('here', join(folder, 'there')), /that is a folder; choose another name/],
    [() => checkFilePlace('here', join(folder, 'plain/a')), /a part of the path is a file/],
  ];
  for (const [checking, message] of bad) await assert.rejects(checking, { name: 'RoglabError', message });
  assert.deepEqual(
    within(folder).filter((name) => name !== 'link'),
    listed,
  );
});

test('checkPlace: many at once in one new folder do not get into each other’s way', async () => {
  const place = join(folder, 'shared/by/many');
  await Promise.all(Array.from({ length: 40 }, () => checkPlace('here', place)));
});

const blocked = join(folder, 'blocked');
const sweep = join(folder, 'sweep');
before(async () => {
  await sweepFolder(sweep);
  writeFileSync(blocked, 'a file');
});

for (const [what, run] of Object.entries(WRITERS))
  test(`roglab ${what}: a place that cannot be written is told in one line before the work; nothing is left`, () => {
    const all = [within(folder), readFileSync(blocked, 'utf8')];
    const { status, stdout, stderr } = run(join(blocked, 'deep'), sweep);
    const said = stderr.split('\n').filter((line) => line && !/Warning|^\s+at /.test(line));
    assert.match(said.at(-1) ?? '', /cannot write .*blocked.*: a part of the path is a file; choose another folder$/);
    assert.ok(said.length <= 2 && !/\bE[A-Z]{4,}\b/.test(stderr), stderr);
    assert.equal(status, 1);
    assert.equal(stdout.includes('{'), false, stdout);
    assert.deepEqual([within(folder), readFileSync(blocked, 'utf8')], all);
  });

test('roglab attack: the answer is printed where a picture cannot be written; no part of a file is left', () => {
  const out = join(folder, 'taken');
  mkdirSync(join(out, 'grid.png/full'), { recursive: true });
  const words = '--data scenes --size 16 --attack dlg --iterations 2 --json'.split(' ');
  const { status, stdout, stderr } = roglab(['attack', ...words, '--out', out]);
  assert.equal(status, 1);
  assert.equal(JSON.parse(stdout).closures, 2);
  assert.match(stderr.trim().split('\n').at(-1)!, /cannot write .*grid.png: that is a folder; choose another name$/);
  assert.deepEqual(readdirSync(out).sort(), ['grid.png', 'private-0.png', 'reconstructed-0.png']);
});

test('roglab run: a notebook or page that cannot be written costs itself; the others run, and it is told', () => {
  const [notebooks, out] = [join(folder, 'notebooks'), join(folder, 'ran')];
  const cell = { cell_type: 'code', metadata: {}, source: 'console.log(6 * 7)', outputs: [] };
  const text = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] });
  mkdirSync(notebooks);
  for (const name of ['a', 'b']) writeFileSync(join(notebooks, `${name}.ipynb`), text);
  for (const taken of ['a.ipynb', 'index.html']) mkdirSync(join(out, taken), { recursive: true });
  const { status, stdout, stderr } = roglab(['run', '--notebooks', notebooks, '--out', out]);
  assert.equal(status, 1);
  assert.match(stdout, /2 of 2 notebooks ran in .+ s\n$/);
  assert.match(stderr, /^a: .*cannot write .*a.ipynb: that is a folder.*\n.*cannot write .*index.html: that is a/);
  assert.match(readFileSync(join(out, 'b.ipynb'), 'utf8'), /42/);
  assert.deepEqual(readdirSync(out).sort(), ['a.ipynb', 'b.ipynb', 'index.html']);
});
