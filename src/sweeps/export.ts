import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskProblem } from '../assets/files.js';
import { COLUMNS, cellIds, ledgerOf, type SweepRow, storedFailures, storedRows, writeParquet } from './store/index.js';

const cell = (value: string | number | null | undefined): string => {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

async function* csv(rows: AsyncIterable<SweepRow>): AsyncGenerator<string> {
  const names = Object.keys(COLUMNS);
  yield `${names.join(',')}\n`;
  for await (const row of rows) yield `${names.map((name) => cell(row[name])).join(',')}\n`;
}

async function* lines(rows: AsyncIterable<SweepRow>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

async function writeText(path: string, text: AsyncGenerator<string>): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await pipeline(Readable.from(text), createWriteStream(temporary, { flush: true }));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw diskProblem('sweep export', path, error);
  }
}

/** Formats of {@link exportSweep}, with how each is written. */
const FORMATS = {
  parquet: async (path, rows) => {
    await writeParquet(path, rows);
  },
  csv: (path, rows) => writeText(path, csv(rows)),
  jsonl: (path, rows) => writeText(path, lines(rows)),
} satisfies Record<string, (path: string, rows: AsyncIterable<SweepRow>) => Promise<void>>;

export type ExportFormat = keyof typeof FORMATS;
export const EXPORT_FORMATS = Object.keys(FORMATS) as ExportFormat[];

/** Writes the rows of a sweep's cells into one file, row by row; failed cells go to a file of lines beside it. */
export async function exportSweep(
  folder: string,
  path: string,
  format: ExportFormat,
): Promise<{ readonly rows: number; readonly failed: number }> {
  await ledgerOf(folder);
  const ids = await cellIds(folder);
  let rows = 0;
  const counted = async function* (): AsyncGenerator<SweepRow> {
    for await (const row of storedRows(folder, ids)) {
      rows++;
      yield row;
    }
  };
  await FORMATS[format](path, counted());
  const failures = await storedFailures(folder, ids);
  if (failures.length > 0) await writeText(`${path}.failed.jsonl`, lines(Readable.from(failures)));
  return { rows, failed: failures.length };
}
