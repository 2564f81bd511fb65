import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { problem } from '../core/errors.js';

export interface WriteOptions {
  /** A name under which the content before is kept. */
  readonly keep?: string;
}

/**
 * Writes a file so that a reader sees the old bytes or the new ones, never a part: to a temporary name in the same
 * folder, flushed, then renamed. Makes the folder.
 * @throws disk full, no permission; the temporary file is removed
 */
export async function writeAtomic(
  path: string,
  bytes: Uint8Array | string,
  { keep }: WriteOptions = {},
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await makeFolder(dirname(path));
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (keep) await keepAs(path, keep);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskProblem('writeAtomic', path, error);
  }
}

/**
 * Makes a folder and those above it, one by one. (Node's recursive mkdir never ends where the system says that a
 * folder is not there and cannot be made, as below /proc.)
 * @throws those of the file system
 */
export async function makeFolder(path: string): Promise<void> {
  const parent = dirname(path);
  const make = (): Promise<void> => mkdir(path);
  await make()
    .catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || parent === path) throw error;
      // where the parent is there by now, another call has made it: the second try tells
      if (!existsSync(parent)) await makeFolder(parent);
      await make();
    })
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
    });
}

/** Gives a file a second name in one step, so that the first is always there; a copy where links are not. */
async function keepAs(path: string, keep: string): Promise<void> {
  const second = `${keep}.${randomUUID()}.part`;
  try {
    await link(path, second).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw error;
      return copyFile(path, second);
    });
    await rename(second, keep);
  } catch (error) {
    await rm(second, { force: true }).catch(() => {});
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: 'the disk quota is used up; free some space and try again',
  EACCES: 'no permission to write there; choose another folder',
  EPERM: 'no permission to write there; choose another folder',
  EROFS: 'the file system is read-only; choose another folder',
  ENOTDIR: 'a part of the path is a file; choose another folder',
  EEXIST: 'a part of the path is a file; choose another folder',
  EISDIR: 'that is a folder; choose another name',
  ENOTEMPTY: 'that is a folder; choose another name',
  ELOOP: 'its links lead in a circle; choose another folder',
  EBUSY: 'something else uses it; close that or choose another folder',
  ENOENT: 'there is no such folder, and it cannot be made; choose another',
  EIO: 'the disk reports an error; choose another place',
  EFBIG: 'the file is larger than the file system allows; choose another place',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
  EMFILE: 'too many files are open; close some and try again',
  ENFILE: 'too many files are open; close some and try again',
};

/** An error of the file system as a sentence with what to do; errors of other kinds come back unchanged. */
export function diskProblem(where: string, path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException)?.code ?? '';
  const reason = (error as Error)?.name === 'RoglabError' ? undefined : REASONS[code];
  return reason ? Object.assign(problem(where, `cannot write ${path}: ${reason}`), { code }) : (error as Error);
}

/** True for an error of the file system: no space, no permission, read-only, and the like. */
export const isDiskProblem = (error: unknown): boolean =>
  Object.hasOwn(REASONS, (error as NodeJS.ErrnoException)?.code ?? '');

/** True when the disk or the quota is full. */
export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException)?.code ?? '');

/**
 * A catcher for what may fail on the disk without ending the work: each such error is one warning that ends with what
 * follows from it.
 * Errors of other kinds are thrown.
 */
export function warnsOnce(consequence: string): (error: unknown) => void {
  const said = new Set<string>();
  return (error) => {
    if (!isDiskProblem(error)) throw error;
    const { message } = error as Error;
    if (said.has(message)) return;
    said.add(message);
    process.emitWarning(`${message} (${consequence})`, 'RoglabWarning');
  };
}
