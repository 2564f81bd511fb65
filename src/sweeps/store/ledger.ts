import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskProblem } from '../../assets/files.js';
import { writeAtomic } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import type { SweepDefinition } from '../types.js';

/** What a folder of results says about its sweep. */
export interface Ledger {
  /** Of the sweep's queue; kept when the sweep goes on. */
  readonly key: string;
  readonly name: string;
  /** Of the library that planned it. */
  readonly version: string;
  /** Cells, those excluded left out. */
  readonly total: number;
  /** Absent where networks or data exist in memory only: then the program that has them must run it again. */
  readonly definition?: SweepDefinition;
  /** Relative paths of the definition are seen from here; itself seen from the folder of results. */
  readonly base: string;
}

const LEDGER = 'sweep.json';
const CELLS = 'cells.txt';

/** The ledger of a folder, or undefined. Errors: a file that is no ledger. */
export async function readLedger(folder: string): Promise<Ledger | undefined> {
  const text = await readFile(join(folder, LEDGER), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw problem('sweep', `${join(folder, LEDGER)} is damaged`, undefined, 'delete it and run the sweep again');
  }
}

/** {@link readLedger} of a folder that must have one. */
export async function ledgerOf(folder: string): Promise<Ledger> {
  const ledger = await readLedger(folder);
  if (ledger) return ledger;
  throw problem('sweep', 'there is no sweep in this folder', folder, 'name the folder of its results, or its file');
}

/** Writes who the sweep is and the ids of its cells, as they come, in bounded memory; returns what it wrote. */
export async function writeLedger(
  folder: string,
  about: Omit<Ledger, 'total' | 'key'>,
  ids: AsyncIterable<string>,
): Promise<Ledger> {
  const total = await writeLines(join(folder, CELLS), ids);
  const key = (await readLedger(folder))?.key ?? randomUUID();
  const ledger = { ...about, key, total };
  await writeAtomic(join(folder, LEDGER), `${JSON.stringify(ledger, null, 1)}\n`);
  return ledger;
}

/** The ids of the cells that the sweep has now. */
export async function cellIds(folder: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(folder, CELLS), 'utf8').catch(() => '');
  return new Set(text.split('\n').filter(Boolean));
}

async function writeLines(path: string, lines: AsyncIterable<string>): Promise<number> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await mkdir(join(path, '..'), { recursive: true });
    const handle = await open(temporary, 'wx');
    let count = 0;
    try {
      let block: string[] = [];
      const flush = async (): Promise<void> => {
        await handle.appendFile(block.join(''));
        block = [];
      };
      for await (const line of lines) {
        count++;
        if (block.push(`${line}\n`) === 1000) await flush();
      }
      await flush();
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    return count;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskProblem('sweep', path, error);
  }
}
