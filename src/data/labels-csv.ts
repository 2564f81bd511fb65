import { existsSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { LIMITS } from '../assets/limits.js';
import { PICTURE_NAMES } from '../assets/pictures/index.js';
import { readBounded } from '../assets/read-bounded.js';
import { problem } from '../core/errors.js';
import { columnOf, csvRows, FILE_COLUMNS, LABEL_COLUMNS, pixelColumns } from './csv.js';

/** A picture's file with its label as it is written. */
export interface LabelledFile {
  readonly file: string;
  readonly label: string;
}

interface Columns {
  readonly file: number;
  readonly label: number;
}

/** Pictures of a list may lie beside it or in one of these. */
const PLACES = ['', 'train', 'images'];

/**
 * The pictures that a csv file names, with their labels. The columns are found by their names (`file,label`,
 * `id,breed`, `image_id,category`, among others); without a header a line is `file,label`. An id without an ending is
 * looked for with each.
 * @throws a line that is none, a file that is not there or outside the folder, one named twice, too many
 */
export function readLabels(folder: string, csv: string): LabelledFile[] {
  const root = realpathSync(folder);
  const seen = new Set<string>();
  const found: LabelledFile[] = [];
  let columns: Columns | undefined;
  for (const { line, text, cells } of csvRows(csv, readBounded(csv, csv, LIMITS.labelsBytes))) {
    if (found.length === 0 && !columns) {
      columns = headerOf(csv, cells);
      if (columns) continue;
    }
    const [name, label] = columns ? [cells[columns.file], cells[columns.label]] : pair(cells);
    if (!name || !label) throw problem(csv, `line ${line} must be file,label`, text.slice(0, 200));
    const file = inside(csv, line, root, name);
    if (seen.has(file)) throw problem(csv, `line ${line} names a file a second time`, name);
    if (seen.add(file).size > LIMITS.pictures) throw problem(csv, `it may name at most ${LIMITS.pictures} pictures`);
    found.push({ file, label });
  }
  return found;
}

/** Without a header the label is the last cell: a name may have commas. */
const pair = (cells: readonly string[]): [string, string | undefined] =>
  cells.length < 2 ? ['', undefined] : [cells.slice(0, -1).join(','), cells.at(-1)];

function headerOf(csv: string, cells: readonly string[]): Columns | undefined {
  if (pixelColumns(cells).length > 0)
    throw problem(csv, 'holds pixels, not the names of files', undefined, `open "csv:${csv}"`);
  const file = columnOf(cells, FILE_COLUMNS);
  const label = columnOf(cells, LABEL_COLUMNS);
  if (file < 0) return undefined;
  if (label >= 0) return { file, label };
  return cells.length === 2 ? { file, label: 1 - file } : undefined;
}

/** The file of a name, which must lie in the folder, also when it is a link. */
function inside(csv: string, line: number, root: string, name: string): string {
  const outside = (): Error => problem(csv, `line ${line} names a file outside its folder`, name);
  if (leaves(relative(root, join(root, name)))) throw outside();
  const names = /\.[^./]+$/.test(name) ? [name] : [name, ...PICTURE_NAMES.map((ending) => `${name}.${ending}`)];
  const file = PLACES.flatMap((place) => names.map((each) => join(root, place, each))).find((path) => existsSync(path));
  if (!file || name.includes('\0')) throw problem(csv, `line ${line} names a file that is not there`, name);
  if (leaves(relative(root, realpathSync(file)))) throw outside();
  return file;
}

/** Whether a relative path goes out of the folder it is relative to. */
export const leaves = (path: string): boolean => path === '..' || path.startsWith(`..${sep}`);
