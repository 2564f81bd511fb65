import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '../core/errors.js';
import { integer } from '../core/options.js';
import type { Split } from './types.js';

/** An image file with its class. */
export interface ListedImage {
  readonly split: Split;
  readonly file: string;
  readonly label: number;
}

interface Row {
  readonly split: Split;
  readonly file: string;
  readonly label: string;
}

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;
const MOST_CLASSES = 100_000;

/**
 * The images of a folder and the names of their classes, in an order that depends on names alone.
 * Labels that are all whole numbers are the class indices themselves; other labels are numbered in the order of their names.
 */
export function listImages(
  where: string,
  directory: string,
  classes?: number,
): { readonly images: readonly ListedImage[]; readonly classNames: readonly string[] } {
  const halves = (['train', 'test'] as const).map((split) => ({ split, path: join(directory, split) }));
  const places = halves.every(({ path }) => isFolder(path)) ? halves : [{ split: 'test' as const, path: directory }];
  const rows = places.flatMap(({ split, path }) => listRows(where, path).map((row) => ({ split, ...row })));
  const numbers = rows.every(({ label }) => /^\d+$/.test(label));
  const classNames = numbers ? numberedNames(where, directory, rows, classes) : namedClasses(where, rows, classes);
  const numberOf = new Map(classNames.map((name, i) => [name, i]));
  const images = rows.map(({ split, file, label }) => ({
    split,
    file,
    label: numbers ? Number(label) : numberOf.get(label)!,
  }));
  return { images, classNames };
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

function listRows(where: string, path: string): Omit<Row, 'split'>[] {
  const csv = join(path, 'labels.csv');
  const rows = existsSync(csv) ? readCsv(path, csv) : readClassFolders(path);
  if (rows.length > 0) return rows;
  throw problem(
    where,
    `no images in ${path}`,
    undefined,
    'it needs one sub-folder per class, or labels.csv with file,label',
  );
}

const readClassFolders = (path: string): Omit<Row, 'split'>[] =>
  sortedNames(path)
    .filter((label) => isFolder(join(path, label)))
    .flatMap((label) =>
      sortedNames(join(path, label))
        .filter((name) => IMAGE.test(name))
        .map((name) => ({ file: join(path, label, name), label })),
    );

const sortedNames = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .sort();

function readCsv(path: string, csv: string): Omit<Row, 'split'>[] {
  return readFileSync(csv, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, i) => {
      if (line.trim() === '' || (i === 0 && /^\W*file\W*,\W*label\W*$/i.test(line))) return [];
      const match = /^\s*"?(.+?)"?\s*,\s*"?([^,"]+?)"?\s*$/.exec(line);
      if (!match) throw problem(csv, `line ${i + 1} must be file,label`, line);
      const file = join(path, match[1]!);
      if (!existsSync(file)) throw problem(csv, `line ${i + 1} names a file that is not there`, match[1]);
      return [{ file, label: match[2]! }];
    });
}

function numberedNames(where: string, directory: string, rows: readonly Row[], classes?: number): string[] {
  const largest = rows.reduce((most, { label }) => Math.max(most, Number(label)), 0);
  integer(where, 'a label', largest, 0, MOST_CLASSES - 1);
  const file = join(directory, 'classes.txt');
  const named = existsSync(file) ? readFileSync(file, 'utf8').trim().split(/\r?\n/) : [];
  const count = classes ?? Math.max(named.length, largest + 1);
  integer(where, 'classes', count, largest + 1, MOST_CLASSES, `the largest label is ${largest}`);
  return Array.from({ length: count }, (_, i) => named[i]?.trim() || String(i));
}

function namedClasses(where: string, rows: readonly Row[], classes?: number): string[] {
  const names = [...new Set(rows.map(({ label }) => label))].sort();
  if (classes !== undefined && classes !== names.length)
    throw problem(where, `classes must be ${names.length}, the number of class names`, classes);
  return names;
}
