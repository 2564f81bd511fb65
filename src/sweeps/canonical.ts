import { createHash } from 'node:crypto';

/** JSON with sorted keys and without what is undefined: equal settings give equal text. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );

/** SHA-256 in hexadecimal digits. */
export const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

/** 128 bits of the hash of what decides a cell's numbers. */
export const idOf = (settings: unknown): string => sha256(canonical(settings)).slice(0, 32);
