import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'node:test';
import { root } from './fixtures.js';

/** The floors of DESIGN.md: a room may import rooms on lower floors; rooms on one floor never import each other. */
const FLOORS: Record<string, number> = {
  core: 0,
  engine: 1,
  assets: 1,
  privacy: 1,
  data: 2,
  models: 2,
  federation: 3,
  obfuscation: 3,
  metrics: 3,
  training: 3,
  attacks: 4,
  bounds: 4,
  registry: 5,
  studies: 6,
  report: 6,
  notebook: 6,
  audit: 7,
  figures: 7,
  making: 7,
  sweeps: 7,
  groups: 8,
  index: 9,
  cli: 10,
};

/** Rooms that see less than their floor allows. */
const ONLY: Record<string, readonly string[]> = {
  attacks: ['core', 'engine', 'assets', 'models', 'federation'],
  report: ['core'],
  obfuscation: ['core'],
  privacy: ['core'],
  notebook: ['core', 'assets', 'report'],
};

const source = join(root, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const roomOf = (file: string): string => file.split('/')[0]!.replace(/\.ts$/, '');

const imports = files.flatMap((file) =>
  [...readFileSync(join(source, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target]) => ({
    file,
    target: target!,
  })),
);

test('imports point down the floors', () => {
  const wrong = imports
    .filter(({ target }) => target.startsWith('.'))
    .map(({ file, target }) => ({
      file,
      from: roomOf(file),
      to: roomOf(relative(source, join(source, dirname(file), target.replace(/\.js$/, '.ts')))),
    }))
    .filter(({ from, to }) => from !== to)
    .filter(({ from, to }) => {
      assert.ok(FLOORS[from] !== undefined && FLOORS[to] !== undefined, `a room without a floor: ${from} or ${to}`);
      return FLOORS[to] >= FLOORS[from] || (ONLY[from] && !ONLY[from].includes(to));
    });
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  );
});

test('each foreign package has one door', () => {
  const doors = new Map<string, Set<string>>();
  for (const { file, target } of imports) {
    if (target.startsWith('.') || target.startsWith('node:')) continue;
    const name = target
      .split('/')
      .slice(0, target.startsWith('@') ? 2 : 1)
      .join('/');
    doors.set(name, (doors.get(name) ?? new Set()).add(file));
  }
  const several = [...doors]
    .filter(([, where]) => where.size > 1)
    .map(([name, where]) => `${name}: ${[...where].join(', ')}`);
  assert.deepEqual(several, []);
});

test('no file of the library is longer than 300 lines, and the index is a table of contents under 80', () => {
  const lines = (file: string): number => readFileSync(join(source, file), 'utf8').split('\n').length;
  assert.deepEqual(
    files.filter((file) => lines(file) > 300).map((file) => `${file}: ${lines(file)}`),
    [],
  );
  assert.ok(lines('index.ts') < 80);
});

test('no files import each other in a circle, types included', () => {
  const uses = new Map(
    files.map((file) => [
      file,
      [...readFileSync(join(source, file), 'utf8').matchAll(/^(?:import|export)[^;]*? from '(\.[^']+)';/gm)].map(
        ([, target]) => relative(source, join(source, dirname(file), target!.replace(/\.js$/, '.ts'))),
      ),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const follow = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    else if (!done.has(file)) for (const next of uses.get(file) ?? []) follow(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) follow(file, []);
  assert.deepEqual(circles, []);
});
