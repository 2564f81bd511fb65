import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { root } from './fixtures.js';

/** The letters of captions, as data. */
const DRAWN = 'glyphs.ts';

const files = ['src', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith(DRAWN))
    .map((file) => `${folder}/${file}`),
);

/** file:line of every line for which `isWrong`. */
const lines = (isWrong: (line: string) => boolean, wanted = files): string[] =>
  wanted.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) => (isWrong(line) ? [`${file}:${i + 1}`] : [])),
  );

test('no line is over 120 characters, but for a pattern alone on its line', () =>
  assert.deepEqual(
    lines((line) => line.length > 120 && !/^ *\/[^/*].*\/[a-z]*[,;]$/.test(line)),
    [],
  ));

test('no fields are spread out of a literal only to share a line', () =>
  assert.deepEqual(
    lines(
      (line) => line.includes('...{'),
      files.filter((file) => file.startsWith('src')),
    ),
    [],
  ));

test('what a function refuses is told as @throws, a phrase without for', () =>
  assert.deepEqual(
    lines((line) => /^ *(\/\*)?\*.*(\bErrors: |@throws for )/.test(line)),
    [],
  ));

test('numbers, texts and lists of them that a module fixes are UPPER_CASE', () =>
  assert.deepEqual(
    lines(
      (line) => /^(export )?const [a-z]\w*(: [^=]+)? = \[?(-?\d|')/.test(line),
      files.filter((file) => file.startsWith('src')),
    ),
    [],
  ));
