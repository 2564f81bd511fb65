import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './fixtures.js';

const OWN = 'text that this process has just written itself, or a page that a browser runs';
const PACKAGE = "a file of the package that is part of its code: the registry's hash stands for it";
const SIGNED = 'text whose signature or checksum was checked before';

/** Where a text is parsed outside of a `try`, and why that is no fault; all else goes through parsedJson or a `try`. */
const UNGUARDED: Readonly<Record<string, string>> = {
  'assets/checkpoint.ts': SIGNED,
  'assets/manifest.ts': PACKAGE,
  'cli/long-run.ts': PACKAGE,
  'notebook/page/live-figures.ts': OWN,
  'notebook/wire.ts': SIGNED,
  'report/chart/live-chart.ts': OWN,
  'studies/dp/dp-settings.ts': OWN,
};

/** Whether the place of a text is between `try {` and its `} catch`, by indentation. */
function guarded(source: string, at: number): boolean {
  const before = source.slice(0, at);
  const opened = before.lastIndexOf('try {');
  return opened >= 0 && !/^ *\} (catch|finally)/m.test(before.slice(opened));
}

test('JSON.parse: nowhere on the path of a user without a guard', () => {
  const source = join(root, 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const found = files.flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8');
    const places = [...text.matchAll(/JSON\.parse\(/g)];
    return places.some(({ index }) => !guarded(text, index)) ? [file.replaceAll('\\', '/')] : [];
  });
  assert.deepEqual(found.sort(), Object.keys(UNGUARDED).sort());
});
