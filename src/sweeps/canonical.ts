import { sha256 } from '../core/hash.js';

/** JSON with sorted keys and without what is undefined: equal settings give equal text. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );

/** 128 bits of the hash of what decides a cell's numbers. */
export const idOf = (settings: unknown): string => sha256(canonical(settings)).slice(0, 32);
