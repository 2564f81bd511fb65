import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskProblem } from '../assets/files.js';
import { problem } from '../core/errors.js';
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

/**
 * Writes the rows of a sweep's cells into one file, row by row; failed cells go to a file of lines beside it. Of
 * several folders, which hold the shards of a sweep, each cell once.
 */
export async function exportSweep(
  folders: string | readonly string[],
  path: string,
  format: ExportFormat,
): Promise<{ readonly rows: number; readonly failed: number }> {
  const parts = await partsOf([folders].flat());
  const done = new Set<string>();
  let rows = 0;
  const counted = async function* (): AsyncGenerator<SweepRow> {
    for (const { folder, ids } of parts) {
      const before = new Set(done);
      for await (const row of storedRows(folder, ids)) {
        if (before.has(String(row.id))) continue;
        done.add(String(row.id));
        rows++;
        yield row;
      }
    }
  };
  await FORMATS[format](path, counted());
  const failures = new Map<string, SweepRow>();
  for (const { folder, ids } of parts)
    for (const failure of await storedFailures(folder, ids))
      if (!done.has(String(failure.id))) failures.set(String(failure.id), failure);
  if (failures.size > 0) await writeText(`${path}.failed.jsonl`, lines(Readable.from(failures.values())));
  return { rows, failed: failures.size };
}

/** The folders with the ids of their cells. @throws one without a sweep, or with another one than the first */
async function partsOf(folders: readonly string[]): Promise<{ folder: string; ids: ReadonlySet<string> }[]> {
  const parts = [];
  for (const folder of new Set(folders)) {
    const { name, version } = await ledgerOf(folder);
    parts.push({ folder, name, version, ids: await cellIds(folder) });
  }
  const [first] = parts;
  const other = parts.find(({ ids }) => ids.size !== first!.ids.size || [...ids].some((id) => !first!.ids.has(id)));
  if (other)
    throw problem(
      'sweep export',
      `${other.folder} holds another sweep than ${first!.folder}`,
      `${other.name} of roglab ${other.version}`,
      'folders that go together hold shards of the same sweep, of one version',
    );
  return parts;
}
