import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsedJson } from '../core/errors.js';

/** What the library reads of its own package.json. */
export interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The package.json of the package in folder `root`. */
export const manifestOf = (root: string): Manifest =>
  parsedJson('roglab package.json', readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
