/**
 * Golden numbers: test/golden, and once more each from the folder ROGLAB_FIXTURES, where it has the file (other seeds).
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder (this file runs from dist/test). */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** A file or folder of ../shared, for tests that use it when it is there. */
export const shared = (path: string): string => join(root, '../shared', path);

// biome-ignore lint/suspicious/noExplicitAny: JSON of several forms
const read = (path: string): any => JSON.parse(readFileSync(path, 'utf8'));

/** The golden numbers NAME.json of this project. */
export const golden = (name: string): ReturnType<typeof read> => read(join(root, 'test/golden', `${name}.json`));

const { ROGLAB_FIXTURES: added } = process.env;
if (added && !existsSync(added)) throw new Error(`ROGLAB_FIXTURES: no folder ${added}`);

/**
 * The same, and those of the added folder; `from` tells them apart in a title.
 * @example for (const { from, numbers } of goldens('bicubic')) test(`... ${from}`, () => { ... });
 */
export function goldens(name: string): { from: string; numbers: ReturnType<typeof read> }[] {
  const other = added && join(added, `${name}.json`);
  const own = { from: 'golden', numbers: golden(name) };
  return other && existsSync(other) ? [own, { from: `golden of ${added}`, numbers: read(other) }] : [own];
}
