import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../assets/index.js';
import type { CellResult } from '../types.js';
import { failureOf, rowsOf, type SweepRow } from './columns.js';
import { readParquet, writeParquet } from './parquet.js';
import { sealed, sealOfFile, warnDamaged } from './sealed.js';
import { readSegment, segmentsIn, segmentWriter } from './segment.js';

/** Results that survive a kill at any moment: lines, Parquet later. Several processes may write at once. */
export interface Store {
  readonly folder: string;
  /** On the disk when it resolves; the picture first. A cell that is there already is not added again. */
  readonly add: (result: CellResult) => Promise<void>;
  /** Ids of the finished and of the failed cells, as read when the store was opened and added since. */
  readonly done: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  /** Ends this writer and turns closed segments into Parquet. */
  readonly close: () => Promise<void>;
}

const rowsFolder = (folder: string): string => join(folder, 'rows');

/** Opens the results of a sweep for reading and adding; makes the folder with the first row. */
export async function openStore(folder: string): Promise<Store> {
  const done = new Set<string>();
  const failed = new Set<string>();
  for await (const entry of entries(folder, ['id'])) (isFailure(entry) ? failed : done).add(entry.id);
  for (const id of done) failed.delete(id);
  const segment = segmentWriter(rowsFolder(folder));
  const pending = new Map<string, Promise<void>>();
  const write = async ({ png, ...result }: CellResult): Promise<void> => {
    if (png) await writeAtomic(join(folder, 'pictures', `${result.id}.png`), Buffer.from(png, 'base64'));
    await segment.append(sealed(result));
    if (result.failed) failed.add(result.id);
    else {
      done.add(result.id);
      failed.delete(result.id);
    }
  };
  const add = (result: CellResult): Promise<void> => {
    if (done.has(result.id)) return Promise.resolve();
    const known = pending.get(result.id);
    if (known) return known;
    const written = write(result).finally(() => pending.delete(result.id));
    pending.set(result.id, written);
    return written;
  };
  const close = async (): Promise<void> => {
    await segment.close();
    await compact(folder);
  };
  return { folder, add, done, failed, close };
}

interface Failure {
  readonly id: string;
  readonly failure: SweepRow;
}
interface Finished {
  readonly id: string;
  readonly rows: readonly SweepRow[];
}
const isFailure = (entry: Failure | Finished): entry is Failure => 'failure' in entry;

/** Every cell of a store, finished or failed; a finished one once. `columns`: the only ones wanted of Parquet files. */
async function* entries(folder: string, columns?: readonly string[]): AsyncGenerator<Failure | Finished> {
  const seen = new Set<string>();
  const read = new Set<string>();
  const home = rowsFolder(folder);
  for (;;) {
    const names = (await readdir(home).catch(() => [] as string[])).filter((name) => !read.has(name)).sort();
    const next = names.find((name) => name.endsWith('.parquet')) ?? names.find((name) => name.endsWith('.jsonl'));
    if (next === undefined) return;
    read.add(next);
    const file = join(home, next);
    const found = next.endsWith('.parquet') ? parquetEntries(file, columns) : lineEntries(file);
    for await (const entry of unlessGone(found)) {
      if (seen.has(entry.id)) continue;
      if (!isFailure(entry)) seen.add(entry.id);
      yield entry;
    }
  }
}

/** Nothing from a file that was compacted meanwhile: what was in it is in a newer one. */
async function* unlessGone<T>(found: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function* lineEntries(file: string): AsyncGenerator<Failure | Finished> {
  for await (const result of readSegment<CellResult>(file)) {
    if (result.failed) yield { id: result.id, failure: failureOf(result) };
    else if (result.done) yield { id: result.id, rows: rowsOf(result) };
  }
}

/** The rows of one cell lie together. The name of the file ends with its checksum. */
async function* parquetEntries(file: string, columns?: readonly string[]): AsyncGenerator<Finished> {
  if (!file.endsWith(`-${await sealOfFile(file)}.parquet`)) return warnDamaged(file);
  let rows: SweepRow[] = [];
  for await (const row of readParquet(file, columns)) {
    if (rows.length > 0 && rows[0]!.id !== row.id) {
      yield { id: String(rows[0]!.id), rows };
      rows = [];
    }
    rows.push(row);
  }
  if (rows.length > 0) yield { id: String(rows[0]!.id), rows };
}

/** The rows of all finished cells, one an image; of some ids, and with some columns at least, where given. */
export async function* storedRows(
  folder: string,
  wanted?: ReadonlySet<string>,
  columns?: readonly string[],
): AsyncGenerator<SweepRow> {
  for await (const entry of entries(folder, columns))
    if (!isFailure(entry) && (!wanted || wanted.has(entry.id))) yield* entry.rows;
}

/** The cells that cannot be had: the last failure of each that has not been finished since. */
export async function storedFailures(folder: string, wanted?: ReadonlySet<string>): Promise<SweepRow[]> {
  const failures = new Map<string, SweepRow>();
  const done = new Set<string>();
  for await (const entry of entries(folder, ['id'])) {
    if (!isFailure(entry)) done.add(entry.id);
    else if (!wanted || wanted.has(entry.id)) failures.set(entry.id, entry.failure);
  }
  return [...failures].filter(([id]) => !done.has(id)).map(([, failure]) => failure);
}

/**
 * Turns the segments that nobody writes any more into one Parquet file, and deletes them after it is there. Failed
 * cells stay lines. Killed at any moment, or done by two processes at once, it loses nothing: a cell that is in two
 * files counts once.
 */
async function compact(folder: string): Promise<void> {
  const home = rowsFolder(folder);
  const { closed } = await segmentsIn(home);
  if (!closed.some((name) => !name.startsWith('failed-'))) return;
  const seen = new Set<string>();
  const failures = new Map<string, CellResult>();
  const rows = async function* (): AsyncGenerator<SweepRow> {
    for (const name of closed)
      for await (const result of unlessGone(readSegment<CellResult>(join(home, name)))) {
        if (result.failed) failures.set(result.id, result);
        if (!result.done || seen.has(result.id)) continue;
        seen.add(result.id);
        yield* rowsOf(result);
      }
  };
  const name = `${Date.now()}-${randomUUID().slice(0, 8)}`;
  const file = join(home, `${name}.part`);
  if ((await writeParquet(file, rows())) === 0) await rm(file);
  else await rename(file, join(home, `${name}-${await sealOfFile(file)}.parquet`));
  if (failures.size === 0) return removeAll(home, closed);
  const left = [...failures.values()].filter(({ id }) => !seen.has(id));
  if (left.length > 0)
    await writeAtomic(join(home, `failed-${name}.jsonl`), left.map((one) => `${sealed(one)}\n`).join(''));
  return removeAll(home, closed);
}

async function removeAll(home: string, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => rm(join(home, name), { force: true })));
}
