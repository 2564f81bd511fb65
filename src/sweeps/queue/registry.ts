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

const SWEEPS = 'roglab:sweeps';

export const announce = async ({ redis }: Connection, sweep: Omit<Announced, 'at'>): Promise<void> => {
  await redis.hset(SWEEPS, sweep.key, JSON.stringify({ ...sweep, at: Date.now() }));
};

export const withdraw = async ({ redis }: Connection, key: string): Promise<void> => {
  await redis.hdel(SWEEPS, key);
};

/** The sweeps of a Redis, also those whose coordinator is away; for a week. Errors: an entry that this library did not write. */
export async function announced({ redis }: Connection): Promise<Announced[]> {
  const entries = Object.values(await redis.hgetall(SWEEPS)).map(parsed);
  const old = entries.filter(({ at }) => Date.now() - at > WEEK_MS);
  if (old.length > 0) await redis.hdel(SWEEPS, ...old.map(({ key }) => key));
  return entries.filter((entry) => !old.includes(entry));
}

const WEEK_MS = 7 * 24 * 3600 * 1000;

function parsed(text: string): Announced {
  const entry = parsedJson('roglab worker', text) as Announced;
  if (typeof entry.key !== 'string' || typeof entry.version !== 'string')
    throw problem('roglab worker', `${SWEEPS} on this Redis is not of this library`);
  return entry;
}
