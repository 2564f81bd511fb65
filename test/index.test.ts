import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
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
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const deprecated = [
  ...read('src/groups/flat.ts').matchAll(/\/\*\* @deprecated use rog\.(\w+)\.(\w+); removed in 0\.7 \*\/ (\w+),/g),
].map(([, group, member, name]) => ({ group: group!, member: member!, name: name! }));

test('the root has forty-five names; all others are in groups, and at the root for one version more', () => {
  const old = new Set(deprecated.map(({ name }) => name));
  const now = Object.keys(rog).filter((name) => !old.has(name));
  assert.deepEqual(now.sort(), `${GROUPS} ${FLAT}`.split(' ').sort());
  assert.equal(now.length, 45);
});

test('each old name says which member of which group it is, and is that very thing', () => {
  assert.ok(deprecated.length > 100);
  for (const { group, member, name } of deprecated)
    assert.equal(library[group]![member], library[name], `rog.${name} is not rog.${group}.${member}`);
});

test('each group has more than one name, and every function of the root is in a group too', () => {
  const members = new Set(GROUPS.split(' ').flatMap((group) => Object.keys(library[group]!)));
  for (const group of GROUPS.split(' ')) assert.ok(Object.keys(library[group]!).length > 1, group);
  assert.deepEqual(
    FLAT.split(' ').filter((name) => !members.has(name)),
    [],
  );
});

test('the flow of the README uses names of the root that stay', () => {
  const old = new Set(deprecated.map(({ name }) => name));
  const flow = read('README.md').split('## The API')[1]!.split('\n## ')[0]!;
  const used = [...flow.matchAll(/\brog\.(\w+)/g)].map(([, name]) => name!);
  assert.ok(used.length > 10);
  assert.deepEqual(
    used.filter((name) => old.has(name)),
    [],
  );
});

test('every type that a signature of the library names is exported', () => {
  assert.deepEqual(unexportedTypes(join(root, 'dist/src/index.d.ts')), []);
});
