import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { problem } from '../core/errors.js';

/** Opening a pipe would wait for its writer; with this flag it does not. Windows has neither. */
export const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * The bytes of a regular file of at most `most` bytes, at the start of `into` where that is given.
 * @throws not openable; a folder, a pipe, a device; larger
 */
export function readBounded(where: string, path: string, most: number, into?: Uint8Array): Uint8Array {
  const handle = opened(where, path);
  try {
    const status = fstatSync(handle);
    if (!status.isFile()) throw problem(where, `${path} must be a regular file`);
    if (status.size > most) throw problem(where, `${path} may have at most ${most} bytes`, status.size);
    const bytes = into?.subarray(0, status.size) ?? new Uint8Array(status.size);
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

/** How zlib is to unpack a .gz file: in one piece, no further than its last four bytes announce and `most` allows. */
export function unpackedAtMost(packed: Uint8Array, most: number) {
  const tail = Buffer.from(packed.slice(-4));
  const size = Math.min(most, tail.length < 4 ? 0 : tail.readUInt32LE());
  return { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size) };
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
