import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { problem } from '../../core/errors.js';
import { decodeOnnx, type External, type OnnxGraph } from './graph.js';

const MOST_BYTES = 2 ** 31;
/** Bytes that weights beside the file may have beyond 4 times those of their files. */
const MOST_BEYOND = 2 ** 20;

/**
 * The graph of an ONNX file, at most 2 GiB; weights beside it (external data) only from files in its folder or
 * below, wherever links point.
 * @throws it cannot be read, paths out of the folder, and those of {@link decodeOnnx}
 */
export function loadOnnx(path: string): OnnxGraph {
  const where = `loadOnnx ${path}`;
  const { size } = inspect(where, path);
  if (size > MOST_BYTES) throw problem(where, 'a file of at most 2 GiB is read', `${size} bytes`);
  return decodeOnnx(readFileSync(path), where, besides(path, where));
}

/** A file of the folder or below it, by its real place: a link to one outside is none. */
function within(where: string, folder: string, location: string): string {
  const refuse = (got: string): never => {
    throw problem(where, 'weights beside the file must lie in its own folder', got);
  };
  const parts = location.split('/');
  if (isAbsolute(location) || location.includes('\\') || parts.includes('..') || parts.at(-1) === '') refuse(location);
  const file = join(folder, location);
  inspect(where, file, location);
  const real = realpathSync(file);
  const from = relative(realpathSync(folder), real);
  return isAbsolute(from) || from.split(sep)[0] === '..' ? refuse(`${location}, a link out of it`) : real;
}

function inspect(where: string, path: string, what = 'it'): { size: number } {
  try {
    const found = statSync(path);
    if (found.isFile()) return found;
  } catch (error) {
    throw problem(where, `cannot read ${what}: ${(error as NodeJS.ErrnoException).code}`);
  }
  throw problem(where, `${what === 'it' ? 'this' : what} is no file`);
}

function besides(path: string, where: string): External {
  let taken = 0;
  const sizes = new Map<string, number>();
  return (location, offset, length) => {
    const file = within(where, dirname(path), location);
    const { size } = inspect(where, file, location);
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
