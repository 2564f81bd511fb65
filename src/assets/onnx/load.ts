import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { problem } from '../../core/errors.js';
import { decodeOnnx, type External, type OnnxGraph } from './graph.js';

const MOST_BYTES = 2 ** 31;
/** Bytes that weights beside the file may have beyond 4 times those of their files. */
const MOST_BEYOND = 2 ** 20;

/**
 * The graph of an ONNX file, at most 2 GiB; weights beside it (external data) only from files of the same folder.
 * Errors: it cannot be read, paths out of the folder, and those of {@link decodeOnnx}.
 */
export function loadOnnx(path: string): OnnxGraph {
  const where = `loadOnnx ${path}`;
  const { size } = inspect(where, path);
  if (size > MOST_BYTES) throw problem(where, 'a file of at most 2 GiB is read', `${size} bytes`);
  return decodeOnnx(readFileSync(path), where, besides(path, where));
}

function inspect(where: string, path: string): { size: number } {
  try {
    const found = statSync(path);
    if (found.isFile()) return found;
  } catch (error) {
    throw problem(where, `cannot read it: ${(error as NodeJS.ErrnoException).code}`);
  }
  throw problem(where, 'this is no file');
}

function besides(path: string, where: string): External {
  let taken = 0;
  const sizes = new Map<string, number>();
  return (location, offset, length) => {
    if (!/^[^/\\]+$/.test(location) || location === '..' || location === '.')
      throw problem(where, 'weights beside the file must lie in its own folder', location);
    const file = join(dirname(path), location);
    const { size } = inspect(where, file);
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + (length ?? 0) > size)
      throw problem(where, `${location} must hold ${offset + (length ?? 0)} bytes`, size);
    sizes.set(location, size);
    taken += length ?? size - offset;
    const most = MOST_BEYOND + 4 * [...sizes.values()].reduce((sum, one) => sum + one, 0);
    if (taken > Math.min(most, MOST_BYTES))
      throw problem(where, 'weights beside the file must not be the same bytes again and again', location);
    const bytes = Buffer.alloc(length ?? size - offset);
    const handle = openSync(file, 'r');
    try {
      readSync(handle, bytes, 0, bytes.length, offset);
    } finally {
      closeSync(handle);
    }
    return bytes;
  };
}
