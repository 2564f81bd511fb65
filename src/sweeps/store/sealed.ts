import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { sha256 } from '../../core/hash.js';

/** Hexadecimal digits of a SHA-256 that are kept: 64 bits find any damage that is no attack. */
const DIGITS = 16;

const sealOf = (text: string): string => sha256(text).slice(0, DIGITS);

/** A value as a line of JSON that ends with a tab and its checksum. */
export function sealed(value: unknown): string {
  const text = JSON.stringify(value);
  return `${text}\t${sealOf(text)}`;
}

/** The value of a {@link sealed} line; undefined where the line is not as it was written. */
export function unsealed(line: string): unknown {
  const end = line.lastIndexOf('\t');
  const text = line.slice(0, end);
  if (end < 0 || sealOf(text) !== line.slice(end + 1)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The checksum of a file. @throws it is gone */
export async function sealOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex').slice(0, DIGITS);
}

/** Says that a part of a store is not used. */
export const warnDamaged = (what: string): void =>
  process.emitWarning(`${what} is damaged or of an older version; its cells are computed again`, 'RoglabWarning');
