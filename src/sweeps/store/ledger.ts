import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskProblem } from '../../assets/files.js';
import { writeAtomic } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import type { SweepDefinition } from '../types.js';
import { sealed, unsealed } from './sealed.js';

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

/** The ledger of a folder, or undefined. @throws a file that is no ledger */
export async function readLedger(folder: string): Promise<Ledger | undefined> {
  const text = await readFile(join(folder, LEDGER), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const ledger = unsealed(text.replace(/\n$/, ''));
  if (ledger !== undefined) return ledger as Ledger;
  throw problem('sweep', `${join(folder, LEDGER)} is ${DAMAGED}`, undefined, 'delete it and run the sweep again');
}

const DAMAGED = 'damaged or of an older version';

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
  await writeAtomic(join(folder, LEDGER), `${sealed(ledger)}\n`);
  return ledger;
}

/** The ids of the cells that the sweep has now. @throws a list that is not as it was written */
export async function cellIds(folder: string): Promise<ReadonlySet<string>> {
  const path = join(folder, CELLS);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return new Set();
  const end = text.lastIndexOf(SEAL);
  const list = text.slice(0, end);
  if (end < 0 || text.slice(end) !== `${SEAL}${sha256(list)}\n`)
    throw problem('sweep', `${path} is ${DAMAGED}`, undefined, 'run the sweep again: what is done stays');
  return new Set(list.split('\n').filter(Boolean));
}

/** Begins the last line of the list, its checksum. */
const SEAL = 'sha256 ';

async function writeLines(path: string, lines: AsyncIterable<string>): Promise<number> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await mkdir(join(path, '..'), { recursive: true });
    const handle = await open(temporary, 'wx');
    let count = 0;
    const hash = createHash('sha256');
    try {
      let block: string[] = [];
      const flush = async (): Promise<void> => {
        const text = block.join('');
        hash.update(text);
        await handle.appendFile(text);
        block = [];
      };
      for await (const line of lines) {
        count++;
        if (block.push(`${line}\n`) === 1000) await flush();
      }
      await flush();
      await handle.appendFile(`${SEAL}${hash.digest('hex')}\n`);
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
