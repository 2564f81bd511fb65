import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { problem } from '../core/errors.js';

/** Opening a pipe would wait for its writer; with this flag it does not. Windows has neither. */
export const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The bytes of a regular file of at most `most` bytes. @throws not openable; a folder, a pipe, a device; larger */
export function readBounded(where: string, path: string, most: number): Uint8Array {
  const handle = opened(where, path);
  try {
    const status = fstatSync(handle);
    if (!status.isFile()) throw problem(where, `${path} must be a regular file`);
    if (status.size > most) throw problem(where, `${path} may have at most ${most} bytes`, status.size);
    const bytes = new Uint8Array(status.size);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(handle, bytes, at, bytes.length - at, at);
      if (count === 0) throw problem(where, `${path} became shorter while it was read`);
      at += count;
    }
    return bytes;
  } finally {
    closeSync(handle);
  }
}

/** {@link readBounded} as text (UTF-8, without a byte order mark). */
export const readBoundedText = (where: string, path: string, most: number): string =>
  new TextDecoder().decode(readBounded(where, path, most));

function opened(where: string, path: string): number {
  try {
    return openSync(path, READ_FLAGS);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(problem(where, `cannot read ${path}: ${code}`), { code });
  }
}
