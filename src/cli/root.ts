import { existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifestOf } from '../assets/manifest-of.js';
import { problem } from '../core/errors.js';

/** How a command is called from here: a script of the project, or the program of the installed package. */
export const callOf = (command: string): string =>
  existsSync(join(projectRoot(), 'src', 'index.ts')) ? `npm run ${command}` : `npx roglab ${command}`;

/** Where a command keeps what it makes: the project, or, of an installed package, a folder where the reader is. */
export const homeOf = (root: string, at: string): string =>
  root.split(sep).includes('node_modules') ? join(at, 'roglab-lab') : root;

/** The project's folder: the nearest one above this file with a package.json. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw problem('roglab', 'the folder of the package was not found');
    folder = above;
  }
  return folder;
}

export const packageVersion = (): string => manifestOf(projectRoot()).version;
