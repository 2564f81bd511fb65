import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { root } from './fixtures.js';

/** The letters of captions, as data. */
const DRAWN = 'glyphs.ts';

const folder = join(root, 'src');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** file:line of every line of src for which `isWrong`. */
const lines = (isWrong: (line: string) => boolean): string[] =>
  files
    .filter((file) => !file.endsWith(DRAWN))
    .flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .flatMap((line, i) => (isWrong(line) ? [`${file}:${i + 1}`] : [])),
    );

test('no line of src is over 120 characters', () =>
  assert.deepEqual(
    lines((line) => line.length > 120),
    [],
  ));

test('no fields are spread out of a literal only to share a line', () =>
  assert.deepEqual(
    lines((line) => line.includes('...{')),
    [],
  ));
