import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { problem } from '../core/errors.js';

/**
 * Writes a file so that a reader sees the old bytes or the new ones, never a part: to a temporary name in the same
 * folder, flushed, then renamed. Makes the folder. Errors: disk full, no permission; the temporary file is removed.
 */
export async function writeAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskProblem('writeAtomic', path, error);
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
};

/** An error of the file system as a sentence with what to do; errors of other kinds come back unchanged. */
export function diskProblem(where: string, path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException)?.code ?? '';
  const reason = REASONS[code];
  return reason ? Object.assign(problem(where, `cannot write ${path}: ${reason}`), { code }) : (error as Error);
}
