import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, writeAtomic } from '../../assets/index.js';
import type { Blob } from '../blobs.js';
import type { Connection } from './connect.js';
import { checked, getPieces } from './pieces.js';

/** Gives the bytes of a hash; undefined where nobody has them. */
export type Fetch = (hash: string) => Promise<Blob | undefined>;

/** Bytes kept in memory for the next cells. */
const MEMORY = 256 * 1024 * 1024;
/** Smaller ones are quicker fetched again than kept in a file. */
const WORTH_A_FILE = 256 * 1024;

const cached = (hash: string): string => join(cacheFolder(), 'blobs', hash);

/** Bytes by hash: from memory, this machine, the shared folder or the queue; what comes from afar is checked. */
export function fetcher(connection: Connection, shared?: string): Fetch {
  const memory = new Map<string, Uint8Array>();
  let size = 0;
  const keep = (hash: string, bytes: Uint8Array): Blob => {
    if (!memory.has(hash)) size += bytes.length;
    memory.delete(hash);
    memory.set(hash, bytes);
    for (const [oldest, old] of memory) {
      if (size <= MEMORY || oldest === hash) break;
      memory.delete(oldest);
      size -= old.length;
    }
    return { hash, bytes };
  };
  const fromFile = async (path: string, hash: string): Promise<Uint8Array | undefined> => {
    const bytes = await readFile(path).catch(() => undefined);
    return bytes && checked(hash, bytes, path);
  };
  return async (hash) => {
    const known = memory.get(hash) ?? (await fromFile(cached(hash), hash).catch(() => undefined));
    if (known) return keep(hash, known);
    const bytes = (shared && (await fromFile(join(shared, hash), hash))) || (await getPieces(connection, hash));
    if (!bytes) return undefined;
    if (bytes.length >= WORTH_A_FILE) await writeAtomic(cached(hash), bytes).catch(() => {});
    return keep(hash, bytes);
  };
}
