import { appendFile, readFile, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder, diskProblem, makeFolder } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { sha256 } from '../core/hash.js';

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

/** Bytes of a record after its pixels: the SHA-256 of all before. */
const SEAL = 32;

const sealOf = (body: Uint8Array): Buffer => Buffer.from(sha256(body), 'hex');

/**
 * The complete records of a file, of images with so many values; without their checksums.
 * @throws a record that is not as it was written, by its sha256
 */
function records(where: string, path: string, bytes: Buffer, values: number): Buffer[] {
  const width = HEAD + values + SEAL;
  return Array.from({ length: Math.floor(bytes.length / width) }, (_, k) => {
    const record = bytes.subarray(k * width, (k + 1) * width);
    const body = record.subarray(0, HEAD + values);
    const found = sealOf(body);
    if (!found.equals(record.subarray(HEAD + values))) {
      const fix = 'the file is damaged or of an older version: delete it, roglab pairs makes it again';
      throw problem(where, `pair ${k} of ${path} must be as it was written, by its sha256`, found.toString('hex'), fix);
    }
    return body;
  });
}

/**
 * The complete pairs of a file, of images with so many values.
 * @throws a pair that is not as it was written, by its sha256
 */
export async function readPairs(path: string, values: number): Promise<Pair[]> {
  return records('readPairs', path, await readFile(path), values).map((record) => ({
    image: record.readUInt32LE(4),
    setting: record.readUInt16LE(8),
    label: record.readUInt16LE(10),
    raw: new Uint8Array(record.subarray(HEAD)),
  }));
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
  return Buffer.concat([bytes, sealOf(bytes)]);
}

/**
 * Which job comes next, and how many pairs there are. The file's last job, which may be incomplete, is dropped; the
 * folder is made.
 * @throws the file belongs to another part; a pair that is not as it was written, by its sha256
 */
export async function resumeAt(
  path: string,
  values: number,
  part: number,
  parts: number,
): Promise<{ job: number; count: number }> {
  await makeFolder(dirname(path));
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const jobs = records('makePairs', path, bytes, values).map((record) => record.readUInt32LE(0));
  const job = jobs.at(-1);
  if (job === undefined) return { job: part, count: 0 };
  const kept = jobs.findLastIndex((other) => other !== job) + 1;
  if (job % parts !== part) throw problem('makePairs', `${path} holds another part of the jobs`, `part ${part}`);
  await truncate(path, kept * (HEAD + values + SEAL));
  return { job, count: kept };
}
