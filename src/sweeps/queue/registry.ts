import { parsedJson, problem } from '../../core/errors.js';
import type { Connection } from './connect.js';

/** A sweep whose cells are on a Redis. */
export interface Announced {
  readonly key: string;
  readonly name: string;
  readonly version: string;
  /** When its coordinator last said so, in milliseconds since 1970. */
  readonly at: number;
}

/** A worker as it last said that it is there. */
export interface Present {
  readonly worker: string;
  readonly version: string;
  /** Cells at a time. */
  readonly concurrency: number;
  /** Cells that it computes, and that it has done so far. */
  readonly running: number;
  readonly done: number;
  /** In milliseconds since 1970. */
  readonly at: number;
}

const SWEEPS = 'roglab:sweeps';
const WORKERS = 'roglab:workers';
const WEEK_MS = 7 * 24 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;

/** Says that a sweep is there; workers that wait hear it at once. */
export const announce = async ({ redis }: Connection, sweep: Omit<Announced, 'at'>): Promise<void> => {
  await redis.hset(SWEEPS, sweep.key, JSON.stringify({ ...sweep, at: Date.now() }));
  await redis.publish(SWEEPS, sweep.key);
};

export const withdraw = async ({ redis }: Connection, key: string): Promise<void> => {
  await redis.hdel(SWEEPS, key);
};

/** Calls back whenever a sweep is announced, for as long as the connection lives. */
export async function onAnnounced(connection: Connection, heard: () => void): Promise<void> {
  const ear = connection.twin();
  ear.on('message', heard);
  await ear.subscribe(SWEEPS);
}

/**
 * The sweeps of a Redis, also those whose coordinator is away; for a week.
 * @throws an entry that this library did not write
 */
export const announced = (connection: Connection): Promise<Announced[]> =>
  recent<Announced>(connection, SWEEPS, 'key', WEEK_MS);

export const present = async ({ redis }: Connection, worker: Omit<Present, 'at'>): Promise<void> => {
  await redis.hset(WORKERS, worker.worker, JSON.stringify({ ...worker, at: Date.now() }));
};

export const absent = async ({ redis }: Connection, worker: string): Promise<void> => {
  await redis.hdel(WORKERS, worker);
};

/** The workers that said within a day that they are there, and did not take leave. */
export const workersOf = (connection: Connection): Promise<Present[]> =>
  recent<Present>(connection, WORKERS, 'worker', DAY_MS);

/** The entries of a hash; old ones are taken out of it. */
async function recent<T extends { readonly at: number; readonly version: string }>(
  { redis }: Connection,
  hash: string,
  field: keyof T & string,
  keptMs: number,
): Promise<T[]> {
  const entries = Object.values(await redis.hgetall(hash)).map((text) => parsed<T>(hash, field, text));
  const old = entries.filter(({ at }) => Date.now() - at > keptMs);
  if (old.length > 0) await redis.hdel(hash, ...old.map((entry) => String(entry[field])));
  return entries.filter((entry) => !old.includes(entry));
}

function parsed<T extends { readonly version: string }>(hash: string, field: keyof T, text: string): T {
  const entry = parsedJson('roglab worker', text) as T;
  if (typeof entry[field] !== 'string' || typeof entry.version !== 'string')
    throw problem('roglab worker', `${hash} on this Redis is not of this library`);
  return entry;
}
