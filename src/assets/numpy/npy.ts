import { sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import type { NamedArray } from '../../core/types.js';
import { halfToFloat } from '../half.js';
import { LIMITS } from '../limits.js';

const MAGIC = '\x93NUMPY';
const MOST_HEADER = 1 << 16;

interface Kind {
  readonly bytes: number;
  readonly at: (data: DataView, offset: number, little: boolean) => number;
}

/** numpy's type codes without their byte order; all others, objects among them, are refused by name. */
const KINDS: Readonly<Record<string, Kind>> = {
  f2: { bytes: 2, at: (data, i, little) => halfToFloat(data.getUint16(i, little)) },
  f4: { bytes: 4, at: (data, i, little) => data.getFloat32(i, little) },
  f8: { bytes: 8, at: (data, i, little) => data.getFloat64(i, little) },
  i1: { bytes: 1, at: (data, i) => data.getInt8(i) },
  i2: { bytes: 2, at: (data, i, little) => data.getInt16(i, little) },
  i4: { bytes: 4, at: (data, i, little) => data.getInt32(i, little) },
  i8: { bytes: 8, at: (data, i, little) => Number(data.getBigInt64(i, little)) },
  u1: { bytes: 1, at: (data, i) => data.getUint8(i) },
  u2: { bytes: 2, at: (data, i, little) => data.getUint16(i, little) },
  u4: { bytes: 4, at: (data, i, little) => data.getUint32(i, little) },
  u8: { bytes: 8, at: (data, i, little) => Number(data.getBigUint64(i, little)) },
  b1: { bytes: 1, at: (data, i) => data.getUint8(i) },
};

/** Whether bytes begin as a .npy file does. */
export const isNpy = (bytes: Uint8Array): boolean =>
  bytes.length >= MAGIC.length && [...MAGIC].every((letter, i) => bytes[i] === letter.charCodeAt(0));

/** An array of a .npy file, and where it ends: several may follow each other. */
export interface Npy extends NamedArray {
  readonly end: number;
}

/**
 * One array in numpy's .npy format, versions 1 to 3, as 32-bit floats, row-major; Fortran order is turned. The header
 * is read as a text of three fields, never evaluated; arrays of objects (pickles) are refused.
 * Errors (starting with `where`): another kind of file, truncation, an unknown type.
 * Source: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function decodeNpy(bytes: Uint8Array, where = 'decodeNpy', name = 'array', begin = 0): Npy {
  const body = bytes.subarray(begin);
  if (!isNpy(body)) throw problem(where, `${name} must begin as a .npy file does`);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const wide = body[6]! > 1;
  const start = wide ? 12 : 10;
  if (body.length < start) throw problem(where, `${name} ends in its header`, body.length, CORRUPT);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > MOST_HEADER || start + length > body.length)
    throw problem(where, `${name}: a header of ${length} bytes does not fit`, `${body.length} bytes`, CORRUPT);
  const { kind, fortran, shape, little } = readHeader(
    where,
    name,
    new TextDecoder().decode(body.subarray(start, start + length)),
  );
  const end = start + length + sizeOf(shape) * kind.bytes;
  if (!Number.isSafeInteger(end) || end > body.length)
    throw problem(where, `${name} of shape [${shape}] needs ${end} bytes`, body.length, CORRUPT);
  const data = entries({ kind, fortran, shape, little }, body.subarray(start + length, end));
  return { name, shape, data, end: begin + end };
}

/**
 * The entries of an array whose type (`<f4`), order and shape are told beside it, as 32-bit floats, row-major.
 * @throws an unknown type; bytes that are not exactly those entries
 */
export function decodeEntries(
  where: string,
  name: string,
  { code, fortran, shape }: { readonly code: string; readonly fortran: boolean; readonly shape: readonly number[] },
  bytes: Uint8Array,
): Float32Array {
  const [order, type] = [code.slice(0, 1), code.slice(1)];
  const kind = kindOf(where, name, order, type);
  if (sizeOf(shape) * kind.bytes !== bytes.length)
    throw problem(
      where,
      `${name} of shape [${shape}] needs ${sizeOf(shape) * kind.bytes} bytes`,
      bytes.length,
      CORRUPT,
    );
  return entries({ kind, fortran, shape, little: order !== '>' }, bytes);
}

interface Form {
  readonly kind: Kind;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly little: boolean;
}

function entries({ kind, fortran, shape, little }: Form, bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = kind.at(view, i * kind.bytes, little);
  return fortran ? rowMajor(shape, data) : data;
}

function kindOf(where: string, name: string, order: string, code: string): Kind {
  const kind = Object.hasOwn(KINDS, code) ? KINDS[code] : undefined;
  if (kind) return kind;
  throw problem(where, `${name} must be of ${Object.keys(KINDS).join(', ')}`, `${order}${code}`);
}

function readHeader(where: string, name: string, text: string) {
  const type = /'descr':\s*'([<>=|])([a-zA-Z]\d+)'/.exec(text);
  const order = /'fortran_order':\s*(True|False)/.exec(text);
  const sizes = /'shape':\s*\(([\d,\sL]*)\)/.exec(text);
  if (!type || !order || !sizes) {
    const objects = /'descr':\s*'\|?O/.test(text);
    const got = objects ? 'an array of objects' : text.slice(0, 80).trim();
    const fix = objects ? 'nothing of a pickle is ever run; save plain arrays' : CORRUPT;
    throw problem(where, `${name} must be a plain array of numbers`, got, fix);
  }
  const [, byteOrder, code] = type;
  const isBytes = /^S\d+$/.test(code!) && sizes[1]!.trim() === '';
  const kind = isBytes ? KINDS.u1! : kindOf(where, name, byteOrder!, code!);
  const shape = sizes[1]!
    .split(',')
    .map((part) => part.replace(/[\sL]/g, ''))
    .filter(Boolean)
    .map(Number);
  if (shape.length > LIMITS.dimensions)
    throw problem(where, `${name} may have at most ${LIMITS.dimensions} dimensions`, shape.length);
  // one byte string is so many bytes: what a blob of Flower becomes in an array of numpy
  if (isBytes) shape.push(Number(code!.slice(1)));
  return { kind, fortran: order[1] === 'True', shape, little: byteOrder !== '>' };
}

/** Fortran order is the row-major order of the transpose. */
function rowMajor(shape: readonly number[], data: Float32Array): Float32Array {
  const out = new Float32Array(data.length);
  const index = shape.map(() => 0);
  for (let at = 0; at < data.length; at++) {
    out[index.reduce((sum, i, axis) => sum * shape[axis]! + i, 0)] = data[at]!;
    for (let axis = 0; axis < shape.length && ++index[axis]! === shape[axis]; axis++) index[axis] = 0;
  }
  return out;
}

const CORRUPT = 'the file is truncated or corrupt';
