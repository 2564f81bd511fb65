import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { LIMITS } from '../assets/limits.js';
import { isPictureName } from '../assets/pictures/index.js';
import { readBoundedText } from '../assets/read-bounded.js';
import { problem } from '../core/errors.js';
import { integer } from '../core/options.js';
import { leaves, readLabels } from './labels-csv.js';
import type { Split } from './types.js';

/** An image file with its class. */
export interface ListedImage {
  readonly split: Split;
  readonly file: string;
  readonly label: number;
}

/** What a folder holds. */
export interface Listing {
  readonly images: readonly ListedImage[];
  readonly classNames: readonly string[];
  /** What is not read, one phrase a kind, e.g. `2 .txt`; empty when everything is. */
  readonly skipped: readonly string[];
}

interface Row {
  readonly split: Split;
  readonly file: string;
  readonly label: string;
}

/** Counts by kind. */
type Tally = Map<string, number>;

const count = (tally: Tally, kind: string): void => void tally.set(kind, (tally.get(kind) ?? 0) + 1);

const MOST_CLASSES = 100_000;
/** Files of a folder that are read for what they say. */
const KNOWN = ['labels.csv', 'classes.txt', 'SOURCE.txt'];

/**
 * The images of a folder and the names of their classes, in an order that depends on names alone.
 * Labels that are all whole numbers are the class indices themselves; other labels are numbered in the order of their
 * names.
 */
export function listImages(where: string, directory: string, classes?: number): Listing {
  const halves = (['train', 'test'] as const).map((split) => ({ split, path: join(directory, split) }));
  const split = !existsSync(join(directory, 'labels.csv')) && halves.every(({ path }) => isFolder(path));
  const places = split ? halves : [{ split: 'test' as const, path: directory }];
  const skipped: Tally = new Map();
  if (split) countBeside(directory, ['train', 'test'], skipped);
  const rows = places.flatMap(({ split, path }) => listRows(where, path, skipped).map((row) => ({ split, ...row })));
  if (rows.length > LIMITS.pictures)
    throw problem(where, `a folder may have at most ${LIMITS.pictures} pictures`, rows.length);
  return { ...numbered(where, directory, rows, classes), skipped: [...skipped].map(([kind, n]) => `${n} ${kind}`) };
}

/** Labels as numbers, with the names of the classes. */
export function numbered<T extends { readonly label: string }>(
  where: string,
  directory: string,
  rows: readonly T[],
  classes?: number,
): { images: (Omit<T, 'label'> & { label: number })[]; classNames: string[] } {
  const numbers = rows.every(({ label }) => /^\d+$/.test(label));
  const classNames = numbers ? numberedNames(where, directory, rows, classes) : namedClasses(where, rows, classes);
  const numberOf = new Map(classNames.map((name, i) => [name, i]));
  const images = rows.map((row) => ({ ...row, label: numbers ? Number(row.label) : numberOf.get(row.label)! }));
  return { images, classNames };
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

function listRows(where: string, path: string, skipped: Tally): Omit<Row, 'split'>[] {
  const csv = join(path, 'labels.csv');
  const rows = existsSync(csv) ? readLabels(path, csv) : readClassFolders(path, skipped);
  if (existsSync(csv)) countUnnamed(path, new Set(rows.map(({ file }) => file)), skipped);
  if (rows.length > 0) return rows;
  const seen = [...skipped].map(([kind, n]) => `${n} ${kind}`).join(', ');
  const fix = 'it needs one sub-folder per class, or labels.csv with file,label';
  throw problem(where, `no images in ${path}${seen ? ` (not read: ${seen})` : ''}`, undefined, fix);
}

function readClassFolders(path: string, skipped: Tally): Omit<Row, 'split'>[] {
  const root = realpathSync(path);
  const classes = visible(path, skipped).filter((label) => isFolder(join(path, label)));
  countBeside(path, classes, skipped);
  return classes.flatMap((label) =>
    visible(join(path, label), skipped).flatMap((name) => {
      const file = join(path, label, name);
      const kind = unread(root, file, name);
      if (kind) count(skipped, kind);
      return kind ? [] : [{ file, label }];
    }),
  );
}

/** Why an entry of a class's folder is not read, or undefined for a picture. */
function unread(root: string, file: string, name: string): string | undefined {
  if (lstatSync(file).isSymbolicLink()) {
    if (!existsSync(file)) return 'links to nothing';
    if (leaves(relative(root, realpathSync(file)))) return 'links that lead outside the folder';
  }
  const status = statSync(file);
  if (status.isDirectory()) return 'folders inside a class';
  if (!isPictureName(name)) return /\.[^.]+$/.exec(name)?.[0].toLowerCase() ?? 'files without an ending';
  return status.isFile() ? undefined : 'pipes or devices';
}

/** Entries of a folder in the order of their names; hidden ones are counted. */
function visible(path: string, skipped: Tally): string[] {
  const names = readdirSync(path).sort();
  for (const name of names) if (name.startsWith('.')) count(skipped, 'hidden');
  return names.filter((name) => !name.startsWith('.'));
}

function countBeside(path: string, used: readonly string[], skipped: Tally): void {
  for (const name of readdirSync(path))
    if (!name.startsWith('.') && !used.includes(name) && !KNOWN.includes(name))
      count(skipped, `${isPictureName(name) ? 'pictures' : 'files'} beside the class folders`);
}

function countUnnamed(path: string, named: ReadonlySet<string>, skipped: Tally): void {
  const root = realpathSync(path);
  for (const name of visible(path, skipped))
    if (isPictureName(name) && !named.has(join(root, name))) count(skipped, 'pictures that labels.csv does not name');
}

function numberedNames(
  where: string,
  directory: string,
  rows: readonly { readonly label: string }[],
  classes?: number,
): string[] {
  const largest = rows.reduce((most, { label }) => Math.max(most, Number(label)), 0);
  integer(where, 'a label', largest, 0, MOST_CLASSES - 1);
  const file = join(directory, 'classes.txt');
  const named = existsSync(file) ? readBoundedText(where, file, LIMITS.textBytes).trim().split(/\r?\n/) : [];
  const count = classes ?? Math.max(named.length, largest + 1);
  integer(where, 'classes', count, largest + 1, MOST_CLASSES, `the largest label is ${largest}`);
  return Array.from({ length: count }, (_, i) => named[i]?.trim() || String(i));
}

function namedClasses(where: string, rows: readonly { readonly label: string }[], classes?: number): string[] {
  const names = [...new Set(rows.map(({ label }) => label))].sort();
  if (classes !== undefined && classes !== names.length)
    throw problem(where, `classes must be ${names.length}, the number of class names`, classes);
  return names;
}
