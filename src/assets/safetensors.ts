import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import type { NamedArray } from '../core/types.js';
import { writeAtomic } from './files.js';
import { floatToHalf, halfToFloat } from './half.js';
import { LIMITS } from './limits.js';
import { readBounded } from './read-bounded.js';

/** Content of a safetensors file: arrays in the order of their bytes, and free text. */
export interface Safetensors {
  readonly tensors: readonly NamedArray[];
  /** Without the checksum. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Checked extends Safetensors {
  /** Whether the file had a checksum; it then was the right one. Files of others have none. */
  readonly checked: boolean;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

interface Dtype {
  readonly width: number;
  readonly floats: (buffer: ArrayBuffer) => Float32Array;
}

const dtype = (width: number, floats: Dtype['floats']): Dtype => ({ width, floats });

/** How the entries of each type become 32-bit floats; whole numbers are counters and masks. */
const DTYPES: Readonly<Record<string, Dtype>> = {
  F32: dtype(4, (buffer) => new Float32Array(buffer)),
  F16: dtype(2, (buffer) => new Float32Array(new Uint16Array(buffer)).map(halfToFloat)),
  BF16: dtype(
    2,
    (buffer) => new Float32Array(new Uint32Array(new Uint16Array(buffer)).map((half) => half << 16).buffer),
  ),
  F64: dtype(8, (buffer) => Float32Array.from(new Float64Array(buffer))),
  I64: dtype(8, (buffer) => Float32Array.from(new BigInt64Array(buffer), Number)),
  U64: dtype(8, (buffer) => Float32Array.from(new BigUint64Array(buffer), Number)),
  I32: dtype(4, (buffer) => Float32Array.from(new Int32Array(buffer))),
  U32: dtype(4, (buffer) => Float32Array.from(new Uint32Array(buffer))),
  I16: dtype(2, (buffer) => Float32Array.from(new Int16Array(buffer))),
  U16: dtype(2, (buffer) => Float32Array.from(new Uint16Array(buffer))),
  I8: dtype(1, (buffer) => Float32Array.from(new Int8Array(buffer))),
  U8: dtype(1, (buffer) => Float32Array.from(new Uint8Array(buffer))),
  BOOL: dtype(1, (buffer) => Float32Array.from(new Uint8Array(buffer))),
};

export interface EncodeOptions {
  /** Store F16 (IEEE binary16, rounded to nearest) instead of F32; default false. */
  readonly half?: boolean;
}

/**
 * The bytes of a safetensors file: u64 header length, JSON header padded to 8 bytes, then the F32 (or F16) data,
 * little-endian. The metadata gets a checksum, `sha256`: that of the whole file with 64 zeros in its place, and a mark
 * that there is one.
 * @throws two arrays of one name, data that does not fit the shape
 */
export function encodeSafetensors(
  tensors: readonly NamedArray[],
  metadata: Readonly<Record<string, string>> = {},
  { half = false }: EncodeOptions = {},
): Uint8Array {
  const marked = { [MARK]: '1', ...metadata, [CHECKSUM]: BLANK };
  const header = new Map<string, unknown>([['__metadata__', marked]]);
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
  const place = placeOf(bytes.subarray(0, start), BLANK);
  bytes.set(new TextEncoder().encode(digestOf(bytes, place)), place);
  return bytes;
}

const MARK = 'roglab';
const CHECKSUM = 'sha256';
const BLANK = '0'.repeat(64);

/** The digest of a file with zeros in place of the one that stands at `place`. */
const digestOf = (bytes: Uint8Array, place: number): string =>
  sha256(bytes.subarray(0, place), BLANK, bytes.subarray(place + BLANK.length));

/** Where the digest stands in a header; inside other texts its quotes would be escaped. */
function placeOf(header: Uint8Array, said: string): number {
  const before = `"${CHECKSUM}":"`;
  const at = Buffer.from(header.buffer, header.byteOffset, header.length).indexOf(`${before}${said}"`);
  return at < 0 ? at : at + before.length;
}

/**
 * Whether the file has a checksum.
 * @throws it is another one, or it is damaged itself: of its name, its value and the mark one is enough to know that
 * there was one
 */
function checkDigest(
  bytes: Uint8Array,
  start: number,
  metadata: Readonly<Record<string, unknown>>,
  where: string,
): boolean {
  const values = Object.values(metadata);
  const said = metadata[CHECKSUM];
  if (!(MARK in metadata) && said === undefined && !values.some((text) => /^[0-9a-f]{60,}$/.test(String(text))))
    return false;
  const place = typeof said === 'string' && said.length === BLANK.length ? placeOf(bytes.subarray(0, start), said) : -1;
  if (place < 0 || digestOf(bytes, place) !== said)
    throw problem(where, 'the content must have the checksum that it was written with', undefined, CHANGED);
  return true;
}

/**
 * Reads a safetensors file. F32, F16, BF16, F64, whole numbers and BOOL become 32-bit floats. Strict: every byte must
 * belong to exactly one array, and a file that was written with a checksum must still have it; files of others have
 * none and load without.
 * Errors (starting with `where`): truncation, garbage, overlap, holes, an unknown dtype, damage, a header of over 32
 * MB.
 */
export function decodeSafetensors(bytes: Uint8Array, where = 'decodeSafetensors'): Safetensors {
  const { tensors, metadata } = decodeChecked(bytes, where);
  return { tensors, metadata };
}

/** {@link decodeSafetensors}, and whether there was a checksum. */
export function decodeChecked(bytes: Uint8Array, where: string): Checked {
  const { header, start } = readHeader(bytes, where);
  const { __metadata__: given = {}, ...rest } = header;
  if (typeof given !== 'object' || !given || !Object.values(given).every((text) => typeof text === 'string'))
    throw problem(where, '__metadata__ must map names to texts', given, CORRUPT);
  const { [MARK]: _, [CHECKSUM]: __, ...metadata } = given as Record<string, string>;
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
  const checked = checkDigest(bytes, start, given as Record<string, string>, where);
  const tensors = entries.map(({ name, shape, dtype, begin, end }) => ({
    name,
    shape,
    data: DTYPES[dtype]!.floats(new Uint8Array(bytes.subarray(start + begin, start + end)).buffer),
  }));
  return { tensors, metadata, checked };
}

/** {@link decodeSafetensors} of a file of at most 2 GB; its name begins every message. */
export async function loadSafetensors(path: string): Promise<Safetensors> {
  return decodeSafetensors(readBounded('loadSafetensors', path, LIMITS.stateBytes), `loadSafetensors ${path}`);
}

/** {@link encodeSafetensors} to a file, atomically. */
export const saveSafetensors = (
  path: string,
  tensors: readonly NamedArray[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> => writeAtomic(path, encodeSafetensors(tensors, metadata));

const CHANGED = 'the file is damaged, or was written anew by a tool that kept the old checksum';
const CORRUPT = 'the file is truncated or corrupt';

function readHeader(bytes: Uint8Array, where: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw problem(where, 'a safetensors file has at least 8 bytes', bytes.length, CORRUPT);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8)
    throw problem(where, `a header of ${length} bytes does not fit`, `${bytes.length} bytes`, CORRUPT);
  if (length > LIMITS.headerBytes)
    throw problem(where, `a header may have at most ${LIMITS.headerBytes} bytes`, length);
  try {
    const header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
    if (header && typeof header === 'object' && !Array.isArray(header)) return { header, start: 8 + length };
  } catch {}
  throw problem(where, 'the header must be a JSON object', undefined, 'this is no safetensors file');
}

function checkEntry(where: string, name: string, entry: unknown) {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<Entry>;
  const width = typeof dtype === 'string' && Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype]!.width : undefined;
  if (!dtype || !width)
    throw problem(
      where,
      `${name} must be one of ${Object.keys(DTYPES).join(', ')}`,
      dtype,
      /^F[48]/.test(String(dtype))
        ? 'numbers of 4 and 8 bits have scales beside them: save them as F16 or F32'
        : undefined,
    );
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!whole(shape) || shape.length > LIMITS.dimensions || !whole(offsets) || offsets.length !== 2)
    throw problem(where, `${name} needs a shape and two data_offsets of whole numbers`, entry, CORRUPT);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== sizeOf(shape) * width)
    throw problem(where, `${name} of shape [${shape}] needs ${sizeOf(shape) * width} bytes`, end - begin, CORRUPT);
  return { dtype, shape, begin, end };
}
