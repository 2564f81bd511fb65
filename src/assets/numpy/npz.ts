import { problem } from '../../core/errors.js';
import type { NamedArray } from '../../core/types.js';
import type { ByteSource } from '../torch/source.js';
import { zipContent, zipEntries } from '../torch/zip.js';
import { decodeNpy, isNpy } from './npy.js';

/**
 * The arrays of a .npz archive (np.savez, np.savez_compressed; Flower's saved rounds: arr_0, arr_1, ...), by name and
 * in the order of the archive; numbers in the names of one stem are put in order. An array that itself holds the bytes
 * of a .npy file (a byte blob of Flower's Parameters) is read as that file.
 */
export async function npzTensors(source: ByteSource, where: string): Promise<NamedArray[]> {
  const arrays: NamedArray[] = [];
  for (const [file, entry] of await zipEntries(source, where)) {
    if (!file.endsWith('.npy')) throw problem(where, 'every file of a .npz archive is a .npy file', file);
    const content = zipContent(entry, await source.read(entry.begin, entry.end), where);
    arrays.push(unwrapped(decodeNpy(content, where, file.slice(0, -'.npy'.length)), where));
  }
  return arrays.every(({ name }) => NUMBERED.test(name))
    ? arrays.sort((a, b) => numberOf(a.name) - numberOf(b.name))
    : arrays;
}

/** The arrays of a .npy file: one, or several joined (np.save to an open file; Flower's byte blobs). */
export function npyTensors(bytes: Uint8Array, where: string): NamedArray[] {
  const arrays: NamedArray[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { end, ...array } = decodeNpy(bytes, where, `arr_${arrays.length}`, at);
    arrays.push(unwrapped(array, where));
    at = end;
  }
  return arrays;
}

const NUMBERED = /^arr_\d+$/;
const numberOf = (name: string): number => Number(name.slice('arr_'.length));

function unwrapped({ name, shape, data }: NamedArray, where: string): NamedArray {
  if (shape.length !== 1 || data[0] !== 0x93) return { name, shape, data };
  const bytes = Uint8Array.from(data);
  return isNpy(bytes) ? decodeNpy(bytes, where, name) : { name, shape, data };
}
