import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import type { Blob } from '../blobs.js';
import type { Connection } from './connect.js';

/** Bytes of a piece: a value that a Redis takes without a pause. */
const PIECE = 512 * 1024;
const KEPT_S = 24 * 3600;

const keyOf = (hash: string, piece: number | 'pieces'): string => `roglab:blob:${hash}:${piece}`;

/** Puts bytes beside the queue, in pieces, the number of pieces last; what is there already is kept for another day. */
export async function putPieces({ redis }: Connection, { hash, bytes }: Blob): Promise<void> {
  const count = Math.max(1, Math.ceil(bytes.length / PIECE));
  const names = Array.from({ length: count }, (_, i) => keyOf(hash, i));
  if ((await redis.exists(keyOf(hash, 'pieces'), ...names)) === count + 1) {
    await Promise.all([...names, keyOf(hash, 'pieces')].map((name) => redis.expire(name, KEPT_S)));
    return;
  }
  for (const [i, name] of names.entries())
    await redis.set(name, Buffer.from(bytes.subarray(i * PIECE, (i + 1) * PIECE)), 'EX', KEPT_S);
  await redis.set(keyOf(hash, 'pieces'), String(count), 'EX', KEPT_S);
}

/** Puts bytes into a folder that the workers see, under their hash. */
export async function putFile(folder: string, { hash, bytes }: Blob): Promise<void> {
  const path = join(folder, hash);
  if (!existsSync(path)) await writeAtomic(path, bytes);
}

/** The bytes of a hash, or undefined where they are not all there. @throws bytes that are not the hash's */
export async function getPieces({ redis }: Connection, hash: string): Promise<Uint8Array | undefined> {
  const count = Number(await redis.get(keyOf(hash, 'pieces')));
  const pieces: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const piece = await redis.getBuffer(keyOf(hash, i));
    if (!piece) return undefined;
    pieces.push(piece);
  }
  return count > 0 ? checked(hash, Buffer.concat(pieces), 'the queue') : undefined;
}

/** Bytes only if they are what their name says. */
export function checked(hash: string, bytes: Uint8Array, from: string): Uint8Array {
  if (sha256(bytes) !== hash) throw problem('roglab worker', `${from} gives other bytes than ${hash.slice(0, 12)}`);
  return bytes;
}
