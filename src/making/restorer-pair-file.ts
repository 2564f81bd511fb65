import { appendFile, readFile, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder, diskProblem, makeFolder } from '../assets/index.js';
import { problem } from '../core/errors.js';

/** Where the pairs lie that `train restorer` reads: one file per part. */
export const pairsFolder = (): string => join(cacheFolder(), 'restorer-pairs');

/** A raw reconstruction and the training image it should have been. */
export interface Pair {
  /** Position in the training split. */
  readonly image: number;
  readonly label: number;
  /** Index in PAIR_SETTINGS. */
  readonly setting: number;
  /** 8-bit pixels [height, width, channels]. */
  readonly raw: Uint8Array;
}

/** Bytes of a record before its pixels: u32 job, u32 image, u16 setting, u16 label; little-endian. */
const HEAD = 12;

/** The complete pairs of a file, of images with so many values. */
export async function readPairs(path: string, values: number): Promise<Pair[]> {
  const bytes = await readFile(path);
  const width = HEAD + values;
  return Array.from({ length: Math.floor(bytes.length / width) }, (_, record) => {
    const at = record * width;
    return {
      image: bytes.readUInt32LE(at + 4),
      setting: bytes.readUInt16LE(at + 8),
      label: bytes.readUInt16LE(at + 10),
      raw: new Uint8Array(bytes.subarray(at + HEAD, at + width)),
    };
  });
}

/** Writes the pairs of one job behind the others. */
export const appendPairs = (path: string, pairs: readonly Pair[], job: number): Promise<void> =>
  appendFile(path, Buffer.concat(pairs.map((pair) => encode(pair, job)))).catch((error) => {
    throw diskProblem('makePairs', path, error);
  });

function encode({ image, label, setting, raw }: Pair, job: number): Buffer {
  const bytes = Buffer.alloc(HEAD + raw.length);
  bytes.writeUInt32LE(job, 0);
  bytes.writeUInt32LE(image, 4);
  bytes.writeUInt16LE(setting, 8);
  bytes.writeUInt16LE(label, 10);
  bytes.set(raw, HEAD);
  return bytes;
}

/**
 * Which job comes next, and how many pairs there are. The file's last job, which may be incomplete, is dropped; the
 * folder is made.
 * @throws the file belongs to another part
 */
export async function resumeAt(
  path: string,
  values: number,
  part: number,
  parts: number,
): Promise<{ job: number; count: number }> {
  await makeFolder(dirname(path));
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const width = HEAD + values;
  const whole = Math.floor(bytes.length / width);
  if (whole === 0) return { job: part, count: 0 };
  const jobOf = (record: number): number => bytes.readUInt32LE(record * width);
  const job = jobOf(whole - 1);
  let kept = whole;
  while (kept > 0 && jobOf(kept - 1) === job) kept--;
  if (job % parts !== part) throw problem('makePairs', `${path} holds another part of the jobs`, `part ${part}`);
  await truncate(path, kept * width);
  return { job, count: kept };
}
