import { readFile } from 'node:fs/promises';
import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { NamedArray } from '../core/types.js';
import { writeAtomic } from './files.js';
import { floatToHalf, halfToFloat } from './half.js';

/** Content of a safetensors file: arrays in the order of their bytes, and free text. */
export interface Safetensors {
  readonly tensors: readonly NamedArray[];
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const WIDTHS: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, F64: 8 };

/** Options of {@link encodeSafetensors}. */
export interface EncodeOptions {
  /** Store F16 (IEEE binary16, rounded to nearest) instead of F32; default false. */
  readonly half?: boolean;
}

/**
 * The bytes of a safetensors file: u64 header length, JSON header padded to 8 bytes, then the F32 (or F16) data, little-endian.
 * Errors: two arrays of one name, data that does not fit the shape.
 */
export function encodeSafetensors(
  tensors: readonly NamedArray[],
  metadata: Readonly<Record<string, string>> = {},
  { half = false }: EncodeOptions = {},
): Uint8Array {
  const header = new Map<string, unknown>([['__metadata__', metadata]]);
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (header.has(name)) throw problem('encodeSafetensors', 'every array needs its own name', name);
    if (data.length !== sizeOf(shape))
      throw problem('encodeSafetensors', `${name} of shape [${shape}] needs ${sizeOf(shape)} values`, data.length);
    const end = offset + data.length * (half ? 2 : 4);
    header.set(name, { dtype: half ? 'F16' : 'F32', shape, data_offsets: [offset, end] });
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + offset).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let at = start;
  for (const { data: floats } of tensors) {
    const data = half ? Uint16Array.from(floats, floatToHalf) : floats;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file. F32, F16, BF16 and F64 become 32-bit floats. Strict: every byte must belong to exactly one
 * array. Errors (starting with `where`): truncation, garbage, overlap, holes, an unknown dtype.
 */
export function decodeSafetensors(bytes: Uint8Array, where = 'decodeSafetensors'): Safetensors {
  const { header, start } = readHeader(bytes, where);
  const { __metadata__: metadata = {}, ...rest } = header;
  const entries = Object.entries(rest)
    .map(([name, entry]) => ({ name, ...checkEntry(where, name, entry) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== position) throw problem(where, `the bytes of ${name} must begin at ${position}`, begin, CORRUPT);
    position = end;
  }
  if (start + position !== bytes.length)
    throw problem(where, `the header announces ${start + position} bytes`, `${bytes.length} bytes`, CORRUPT);
  const tensors = entries.map(({ name, shape, dtype, begin, end }) => ({
    name,
    shape,
    data: toFloats(dtype, new Uint8Array(bytes.subarray(start + begin, start + end))),
  }));
  return { tensors, metadata: metadata as Record<string, string> };
}

/** {@link decodeSafetensors} of a file; its name begins every message. */
export async function loadSafetensors(path: string): Promise<Safetensors> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw problem('loadSafetensors', `cannot read ${path}: ${error.code}`);
  });
  return decodeSafetensors(bytes, `loadSafetensors ${path}`);
}

/** {@link encodeSafetensors} to a file, atomically. */
export const saveSafetensors = (
  path: string,
  tensors: readonly NamedArray[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> => writeAtomic(path, encodeSafetensors(tensors, metadata));

const CORRUPT = 'the file is truncated or corrupt';

function readHeader(bytes: Uint8Array, where: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw problem(where, 'a safetensors file has at least 8 bytes', bytes.length, CORRUPT);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8)
    throw problem(where, `a header of ${length} bytes does not fit`, `${bytes.length} bytes`, CORRUPT);
  try {
    const header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
    if (header && typeof header === 'object' && !Array.isArray(header)) return { header, start: 8 + length };
  } catch {}
  throw problem(where, 'the header must be a JSON object', undefined, 'this is no safetensors file');
}

function checkEntry(where: string, name: string, entry: unknown) {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<Entry>;
  const width = typeof dtype === 'string' && Object.hasOwn(WIDTHS, dtype) ? WIDTHS[dtype]! : undefined;
  if (!dtype || !width) throw problem(where, `${name} must be one of ${Object.keys(WIDTHS).join(', ')}`, dtype);
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!whole(shape) || !whole(offsets) || offsets.length !== 2)
    throw problem(where, `${name} needs a shape and two data_offsets of whole numbers`, entry, CORRUPT);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== sizeOf(shape) * width)
    throw problem(where, `${name} of shape [${shape}] needs ${sizeOf(shape) * width} bytes`, end - begin, CORRUPT);
  return { dtype, shape, begin, end };
}

function toFloats(dtype: string, bytes: Uint8Array): Float32Array {
  const { buffer } = bytes;
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer));
  const halves = new Uint16Array(buffer);
  if (dtype === 'F16') return Float32Array.from(halves, halfToFloat);
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
