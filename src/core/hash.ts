import { createHash } from 'node:crypto';

/** Anything that a hash is made of: a text as UTF-8, numbers as their bytes in memory. */
export type Hashable = string | NodeJS.ArrayBufferView;

/** SHA-256 of the parts, one after the other, in hexadecimal digits. */
export function sha256(...parts: readonly Hashable[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** A short hash that tells whether two runs started from the same texts and numbers: 16 hexadecimal digits. */
export const fingerprint = (parts: readonly Hashable[]): string =>
  sha256(...parts.flatMap((part) => [part, '|'])).slice(0, 16);
