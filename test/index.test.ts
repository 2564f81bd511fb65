import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as rog from '../src/index.js';
import { root } from './fixtures.js';
import { unexportedTypes } from './signatures.js';

const GROUPS = 'attacks audits bounds charts data engine federation metrics nets phi privacy studies sweeps train';
const FLAT =
  'attackAll audit checkClient clientUpdate counter federate imageAt imageGrid lenet loadNetwork loadWeights matched ' +
  'ndarray network note observe openDataset plot profile progress rog score stackImages start study summary sweep ' +
  'table tf uniformQuantizer updateFrom';

const library = rog as unknown as Record<string, Record<string, unknown>>;
const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|ipynb|mjs|ts)$/.test(name))
    .map((name) => `${folder}/${name}`);
/** A file's text; of a notebook, what its cells say and not what they gave. */
function wordsOf(file: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  if (!file.endsWith('.ipynb')) return text;
  return (JSON.parse(text) as { cells: { source: string[] }[] }).cells.flatMap(({ source }) => source).join('');
}

test('the root has forty-five names; all others are in groups', () => {
  const names = `${GROUPS} ${FLAT}`.split(' ').sort();
  assert.deepEqual(Object.keys(rog).sort(), names);
  assert.equal(names.length, 45);
});

test('each group has more than one name, and every function of the root is in a group too', () => {
  const members = new Set(GROUPS.split(' ').flatMap((group) => Object.keys(library[group]!)));
  for (const group of GROUPS.split(' ')) assert.ok(Object.keys(library[group]!).length > 1, group);
  assert.deepEqual(
    FLAT.split(' ').filter((name) => !members.has(name)),
    [],
  );
});

test('README, guides, notebooks, scripts and templates name only what there is', () => {
  const told = ['README.md', ...filesOf('docs'), ...filesOf('notebooks'), ...filesOf('.github'), ...filesOf('src/cli')];
  const absent: string[] = [];
  let count = 0;
  for (const file of told)
    for (const [path, first, second] of wordsOf(file).matchAll(/\brog\.(\w+)(?:\.(\w+))?/g)) {
      if (/^[A-Z][a-z]/.test(first!)) continue; // a type: the compiler asks for those
      count++;
      const isThere = first! in rog && (!GROUPS.split(' ').includes(first!) || !second || second in library[first!]!);
      if (!isThere) absent.push(`${file}: ${path}`);
    }
  assert.ok(count > 300);
  assert.deepEqual(absent, []);
});

test('every type that a signature of the library names is exported', () => {
  assert.deepEqual(unexportedTypes(join(root, 'dist/src/index.d.ts')), []);
});
