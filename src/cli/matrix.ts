import { existsSync } from 'node:fs';
import { checkFilePlace, LIMITS, readBoundedText, warnsOnce, writeAtomic } from '../assets/index.js';
import { parsedJson, problem } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { openDataset } from '../data/index.js';
import type { Compared, MatrixRow } from '../studies/matrix.js';
import { aheadOf, attackCell, bestOther, COMPARED, emptyRow, matrixCells, nameOf } from '../studies/matrix.js';

/** What `quality --matrix` may be told. */
export interface MatrixFlags {
  readonly seed: number;
  readonly data?: string;
  readonly split: 'test' | 'train';
  /** A file of rows that it goes on from and writes; default results/matrix.json. */
  readonly out?: string;
  /** So many cells, a fair sample of all; default all. */
  readonly sample?: number;
  /** Words that a cell must contain, e.g. `lenet5,none`. */
  readonly only?: string;
  /** Which attacks; default all. */
  readonly attacks?: readonly Compared[];
  /** Attacks that are run again where the file has them. */
  readonly redo?: readonly Compared[];
}

export const MATRIX_ATTACKS = Object.keys(COMPARED) as Compared[];

/** Attacks the cells that the file does not have yet, one after the other; says which fail. */
export async function matrix(flags: MatrixFlags) {
  const { data: source, out = 'results/matrix.json', only, seed, split } = flags;
  const { attacks = MATRIX_ATTACKS, redo = [] } = flags;
  await checkFilePlace('roglab quality', out);
  const warn = warnsOnce('the rows so far are printed only');
  const data = await openDataset(source, source?.startsWith('folder:') ? { size: 32 } : {});
  if (data.notice) console.error(data.notice);
  const all = matrixCells(data.classNames.length, seed);
  const words = only?.split(',') ?? [];
  const matching = all.filter((cell) => words.every((word) => nameOf(cell).includes(word)));
  const wanted = matching.slice(0, flags.sample);
  const key = (row: MatrixRow): string => `${row.seed} ${row.split} ${row.data} ${nameOf(row)}`;
  const rows = new Map(readRows(out).map((row) => [key(row), row]));
  for (const [at, cell] of wanted.entries()) {
    const fresh = emptyRow(data, cell, seed, split);
    const before = rows.get(key(fresh)) ?? fresh;
    const kept = Object.entries(before.reached).filter(([name]) => !redo.includes(name as Compared));
    const row = await attackCell(data, { ...before, reached: Object.fromEntries(kept) }, attacks);
    if (Object.keys(row.reached).length === kept.length) continue;
    rows.set(key(row), row);
    console.log(`${at + 1} of ${wanted.length}  ${line(row)}`);
    await writeAtomic(out, matrixFile(all.length, [...rows.values()])).catch(warn);
  }
  for (const text of summary([...rows.values()], all.length)) console.log(text);
}

const hashOf = (rows: unknown): string => sha256(JSON.stringify(rows) ?? '');

/** A file of rows, with the SHA-256 of their text. */
export const matrixFile = (cells: number, rows: readonly MatrixRow[]): string =>
  `${JSON.stringify({ cells, sha256: hashOf(rows), rows })}\n`;

/** The rows of a {@link matrixFile}; none without one. @throws they are not as they were written */
export function readRows(file: string): MatrixRow[] {
  if (!existsSync(file)) return [];
  const where = `roglab quality ${file}`;
  const text = readBoundedText('roglab quality', file, LIMITS.tableBytes);
  const { rows, sha256: said } = (parsedJson(where, text) ?? {}) as { rows?: MatrixRow[]; sha256?: string };
  if (!rows || said !== hashOf(rows))
    throw problem(where, 'the rows are damaged or of an older version', undefined, 'keep the file elsewhere');
  return rows;
}

/** What the rows say together, and every failing cell. */
function summary(rows: readonly MatrixRow[], cells: number): string[] {
  const known = rows.filter((row) => !Number.isNaN(aheadOf(row)));
  const failing = known.filter((row) => aheadOf(row) < -1).sort((a, b) => aheadOf(a) - aheadOf(b));
  if (!known.length) return ['no cell has both the default and another attack'];
  const share = (100 * (known.length - failing.length)) / known.length;
  const worst = Math.min(...known.map(aheadOf));
  return [
    '',
    `${known.length} cells (the matrix of one seed has ${cells}): the default is within 1 dB of the best of ` +
      'ours, or above, in ' +
      `${share.toFixed(1)} %; at worst ${worst.toFixed(1)} dB`,
    `more than 1 dB under the best of ours in ${failing.length}:`,
    ...failing.map((row) => `${row.seed} ${row.split} ${line(row)}`),
  ];
}

const line = (row: MatrixRow): string =>
  `${nameOf(row).padEnd(52)} ${aheadOf(row).toFixed(1).padStart(6)} dB to ${bestOther(row).name}  ${Object.entries(
    row.reached,
  )
    .flatMap(([name, value]) => (value ? [`${name} ${value.psnr.toFixed(1)}`] : []))
    .join(', ')}`;
