import { crc32, inflateRawSync } from 'node:zlib';
import { problem } from '../../core/errors.js';
import { LIMITS } from '../limits.js';
import type { ByteSource } from './source.js';

/** A file inside a zip, stored or deflated. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes of the content, and of what stands for it in the archive. */
  readonly size: number;
  readonly packed: number;
  readonly deflated: boolean;
  /** Begin of the local header, and the first byte that belongs to something else. */
  readonly begin: number;
  readonly end: number;
  readonly crc: number;
}

/** Deflate reaches 1,032 at most; weights of a network, even many zeros, stay far below. */
const MOST_PACKED = 1032;

const CORRUPT = 'the file is truncated or corrupt';
/** End-of-directory record (22 bytes) with the longest comment. */
const TAIL = 22 + 65_535;

/**
 * The entries of a zip archive, from its directory at the end. Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and
 * 4.3.16.
 * @throws no zip, several disks, more than 4 GB
 */
export async function zipEntries(source: ByteSource, where: string): Promise<Map<string, ZipEntry>> {
  const begin = Math.max(0, source.size - TAIL);
  const tail = await source.read(begin, source.size);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  let at = tail.length - 22;
  while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw problem(where, 'a zip archive ends with its directory', undefined, CORRUPT);
  const [count, size, offset] = [
    view.getUint16(at + 10, true),
    view.getUint32(at + 12, true),
    view.getUint32(at + 16, true),
  ];
  if (size === 0xffffffff || offset === 0xffffffff || count === 0xffff)
    throw problem(where, 'zip archives of 4 GB and more are not read');
  if (offset + size > begin + at)
    throw problem(where, `the directory does not fit ${source.size} bytes`, offset + size);
  const inTail = offset >= begin;
  const directory = inTail
    ? tail.subarray(offset - begin, offset - begin + size)
    : await source.read(offset, offset + size);
  return readDirectory(directory, count, offset, where);
}

function readDirectory(bytes: Uint8Array, count: number, directory: number, where: string): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Omit<ZipEntry, 'end'>[] = [];
  if (count > LIMITS.zipEntries) throw problem(where, `a zip may hold at most ${LIMITS.zipEntries} files`, count);
  let read = 0;
  for (let k = 0; k < count; k++) {
    const at = read;
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50)
      throw problem(where, `entry ${k} of the directory is damaged`, undefined, CORRUPT);
    const [method, crc, packed, size] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 16, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 24, true),
    ];
    const lengths = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [number, number, number];
    const begin = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + lengths[0]));
    if (method !== 8 && (method !== 0 || packed !== size))
      throw problem(where, `${name} must be stored or deflated`, `method ${method}`);
    if (size > MOST_PACKED * packed + 1024)
      throw problem(
        where,
        `${name} must not unpack to more than ${MOST_PACKED} times its bytes`,
        `${size} from ${packed}`,
      );
    found.push({ name, size, packed, deflated: method === 8, begin, crc });
    read = at + 46 + lengths[0] + lengths[1] + lengths[2];
  }
  if (bytes.length > 0 && read !== bytes.length)
    throw problem(where, `the directory must end after its ${count} entries`, bytes.length - read, CORRUPT);
  const sum = (field: 'size' | 'packed'): number => found.reduce((total, entry) => total + entry[field], 0);
  const most = LIMITS.unpackedBeyond + 32 * sum('packed');
  if (sum('size') > most) throw problem(where, `a zip may unpack to at most ${most} bytes`, sum('size'));
  const starts = [...new Set(found.map(({ begin }) => begin)), directory].sort((a, b) => a - b);
  const after = new Map(starts.map((start, i) => [start, starts[i + 1] ?? directory]));
  const entries = found.map((entry) => ({ ...entry, end: after.get(entry.begin)! }));
  const damaged = entries.find(({ begin, end, packed }) => begin + 30 + packed > end || end > directory);
  if (damaged) throw problem(where, `${damaged.name} does not fit where it lies`, undefined, CORRUPT);
  if (new Set(found.map(({ name }) => name)).size < found.length)
    throw problem(where, 'every file of the archive needs its own name');
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** The content of an entry from the bytes begin..end, checked against its CRC-32. */
export function zipContent(
  { name, size, packed, deflated, crc }: ZipEntry,
  bytes: Uint8Array,
  where: string,
): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== 0x04034b50) throw problem(where, `${name} has no header`, undefined, CORRUPT);
  const named = 30 + view.getUint16(26, true);
  if (new TextDecoder().decode(bytes.subarray(30, named)) !== name)
    throw problem(where, `${name} must have the same name in its header`, undefined, CORRUPT);
  const start = named + view.getUint16(28, true);
  const stored = bytes.subarray(start, start + packed);
  const content = deflated ? inflated(stored, size) : stored;
  if (content.length !== size || crc32(content) !== crc)
    throw problem(where, `${name} must have the checksum of its directory entry`, undefined, CORRUPT);
  return content;
}

/** Nothing where the stream is broken or gives more than `size` bytes: the check of the length then says so. */
function inflated(stored: Uint8Array, size: number): Uint8Array {
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(1, size) });
  } catch {
    return new Uint8Array();
  }
}
