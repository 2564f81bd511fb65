import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { problem } from '../core/errors.js';
import { makeFolder } from './files.js';

/** A file that this run holds alone. */
export interface Lock {
  /** Harmless when done twice. */
  readonly release: () => Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system counts, for a process id comes again; empty where it does not say. */
  readonly began: string;
  /** One run of the process. */
  readonly run: string;
  readonly since: string;
}

/** A holder gone from this machine is seen at once; one on another when its lock has not been touched for so long. */
const SILENT_MS = 120_000;
const TOUCH_MS = 20_000;
const WAIT_MS = 150;

/**
 * Holds `path` for this run alone, by a file beside it, `PATH.lock`. What a killed process left is taken over.
 * @throws another run holds it ({@link isHeld}); the folder cannot be written
 */
export async function lockFile(where: string, path: string): Promise<Lock> {
  const file = `${path}.lock`;
  await makeFolder(dirname(path));
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    began: beganAt(process.pid) ?? '',
    run: randomUUID(),
    since: new Date().toISOString(),
  };
  const text = JSON.stringify(holder);
  while (!(await written(file, text))) {
    const other = await readHolder(file);
    if (other && !other.gone) throw held(where, path, other.holder);
    if (other) await removeStale(file, other.text);
  }
  const touching = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => {}), TOUCH_MS).unref();
  return {
    release: async () => {
      clearInterval(touching);
      if ((await readFile(file, 'utf8').catch(() => '')) === text) await rm(file, { force: true });
    },
  };
}

/** Waits until nobody else holds `path`, then holds it. @throws those of `signal`; the folder cannot be written */
export async function waitForLock(where: string, path: string, signal?: AbortSignal): Promise<Lock> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await lockFile(where, path);
    } catch (error) {
      if (!isHeld(error)) throw error;
      await setTimeout(WAIT_MS, undefined, { signal });
    }
  }
}

/** True for the error of a file that another run holds. */
export const isHeld = (error: unknown): boolean => (error as { code?: string })?.code === 'HELD';

function held(where: string, path: string, holder: Holder | undefined): Error {
  const who = holder ? `process ${holder.pid} on ${holder.host}, since ${holder.since}` : 'it does not say which';
  const fix = `wait for it, or choose another file; if it is gone, delete ${path}.lock`;
  return Object.assign(problem(where, `another run holds ${path} (${who})`, undefined, fix), { code: 'HELD' });
}

/** Whether the file is new and holds the whole text: written elsewhere and linked, so that nobody reads a part. */
async function written(file: string, text: string): Promise<boolean> {
  const temporary = `${file}.${randomUUID()}.part`;
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      return writeFile(file, text, { flag: 'wx' }); // no links on this file system
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

interface Found {
  readonly text: string;
  readonly holder?: Holder;
  readonly gone: boolean;
}

/** Who holds a lock, or undefined when it is free again. */
async function readHolder(file: string): Promise<Found | undefined> {
  try {
    const [text, { mtimeMs }] = [await readFile(file, 'utf8'), await stat(file)];
    const silent = Date.now() - mtimeMs > SILENT_MS;
    const holder = parsed(text);
    if (!holder) return { text, gone: silent };
    return { text, holder, gone: holder.host === hostname() ? !isAlive(holder) : silent };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parsed(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    return Number.isInteger(holder?.pid) && typeof holder?.host === 'string' ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

/** Takes a stale lock away, unless another run was quicker and the lock is already its own. */
async function removeStale(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID()}.part`;
  try {
    await rename(file, aside);
    if ((await readFile(aside, 'utf8')) !== text) await link(aside, file);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

function isAlive({ pid, began }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const now = beganAt(pid);
  return now === undefined || began === '' || now === began;
}

/** When a process began, in kernel ticks; `dead` for one that waits to be buried; undefined where nobody tells. */
function beganAt(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : fields[19];
  } catch {
    return undefined;
  }
}
