/** Golden numbers: from ROGLAB_FIXTURES=DIR, else from ../shared/fixtures beside the checkout; absent, tests skip aloud. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder (this file runs from dist/test). */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = process.env.ROGLAB_FIXTURES ?? join(root, '../shared/fixtures');

/** A file or folder of ../shared, for tests that use it when it is there. */
export const shared = (path: string): string => join(root, '../shared', path);

export const fixture = {
  missing: (name: string): string | false =>
    existsSync(join(folder, name)) ? false : `no ${name}: set ROGLAB_FIXTURES to a folder of golden numbers`,
  // biome-ignore lint/suspicious/noExplicitAny: the fixtures are foreign JSON of several forms
  read: (name: string): any => JSON.parse(readFileSync(join(folder, name), 'utf8')),
};
