import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { problem } from '../core/errors.js';
import { size } from '../core/units.js';
import { diskProblem, makeFolder } from './files.js';

/** Room that small results take, in bytes. */
const LITTLE = 2 ** 20;

/**
 * Tries a folder before the work whose results go there: it can be made, takes a file, and has room for `bytes`
 * (default 1 MiB). Leaves all as it was; several processes may try the same place at once.
 * Errors (starting with `where`): what of it does not hold, in one line.
 */
export async function checkPlace(where: string, folder: string, bytes: number = LITTLE): Promise<void> {
  const there = nearestThere(resolve(folder));
  const own = join(there, `.${randomUUID()}.part`);
  const inside = join(own, relative(there, resolve(folder))); // the folders that are missing, out of everybody's way
  try {
    await makeFolder(inside);
    await writeFile(join(inside, 'probe'), new Uint8Array(4096));
    const { bavail, bsize, blocks } = await statfs(inside);
    const isTold = blocks > 0; // some network file systems say nothing
    if (isTold && bavail * bsize < bytes) throw tooSmall(where, folder, bytes, bavail * bsize);
  } catch (error) {
    throw diskProblem(where, folder, error);
  } finally {
    await rm(own, { recursive: true, force: true }).catch(() => {});
  }
}

/** {@link checkPlace} for one file: its folder, and that the name is not that of a folder. */
export async function checkFilePlace(where: string, file: string, bytes?: number): Promise<void> {
  const isFolder = existsSync(file) && statSync(file).isDirectory();
  if (isFolder) throw diskProblem(where, file, Object.assign(new Error('a folder'), { code: 'EISDIR' }));
  await checkPlace(where, dirname(file), bytes);
}

/** The folder itself or the nearest one above it that is there. */
function nearestThere(path: string): string {
  const above = dirname(path);
  return above === path || isThere(path) ? path : nearestThere(above);
}

/** A link to nowhere is there too: no folder can be made of it. */
const isThere = (path: string): boolean => {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
};

function tooSmall(where: string, folder: string, wanted: number, free: number): Error {
  const rule = `${folder} must have ${size(wanted)} of free disk`;
  return Object.assign(problem(where, rule, size(free), 'free some space or choose another folder'), {
    code: 'ENOSPC',
  });
}
