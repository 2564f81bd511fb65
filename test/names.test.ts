import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { root } from './fixtures.js';

const below = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'));

/** One idea told at several stages: an operation is recorded, emitted, traced; a command runs what it is named for. */
const STAGES = [
  /^engine\/compiled\/(ir|onnx\/ops|trace\/kernels)\//,
  /^engine\/ops\//,
  /^engine\/gradients\//,
  /^models\/layers\//,
];
const NAMED_FOR = /^(cli|groups)\//;
/** What each room may have: its door, its nouns. */
const EVERYWHERE = ['index.ts', 'types.ts'];

const isOneIdea = (files: readonly string[]): boolean =>
  files.every((file) => STAGES.some((stage) => stage.test(file))) ||
  files.filter((file) => !NAMED_FOR.test(file)).length <= 1;

test('every file and folder of src and test is named in kebab-case', () => {
  const named = [...below('src'), ...below('test')];
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/;
  assert.deepEqual(
    named.filter((file) => !file.split('/').every((part) => kebab.test(part))),
    [],
  );
});

test('a file name of src stands for one idea', () => {
  const homes = new Map<string, string[]>();
  for (const file of below('src')) {
    const name = file.split('/').at(-1)!;
    homes.set(name, [...(homes.get(name) ?? []), file]);
  }
  const shared = [...homes].filter(([name, files]) => !EVERYWHERE.includes(name) && !isOneIdea(files));
  assert.deepEqual(
    shared.map(([, files]) => files.join(' and ')),
    [],
  );
});
