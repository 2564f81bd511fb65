import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { root } from './fixtures.js';

/** Rooms whose lines all fit. Still to do: attacks, audit, bounds, cli, engine, federation, models, the index, tests. */
const DONE =
  'assets core data groups making metrics notebook obfuscation privacy registry report studies sweeps training'.split(
    ' ',
  );
/** The letters of captions, as data. */
const DRAWN = 'glyphs.ts';

for (const room of DONE)
  test(`${room}: no line is over 120 characters`, () => {
    const folder = join(root, 'src', room);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const long = files
      .filter((file) => !file.endsWith(DRAWN))
      .flatMap((file) =>
        readFileSync(join(folder, file), 'utf8')
          .split('\n')
          .flatMap((line, i) => (line.length > 120 ? [`${file}:${i + 1}`] : [])),
      );
    assert.deepEqual(long, []);
  });
