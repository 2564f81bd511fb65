import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { counted } from '../../core/units.js';
import { needsOf } from '../blobs.js';
import { threadCrew } from '../local.js';
import type { CellJob, CellResult } from '../types.js';
import { partsVersion } from '../version.js';
import { workerName } from '../worker-name.js';
import { type CellWorker, cellWorker, PutBack } from './bullmq.js';
import { type Connection, connectRedis } from './connect.js';
import { fetcher } from './fetcher.js';
import { type Announced, absent, announced, onAnnounced, present } from './registry.js';

export interface ServeOptions {
  /** Of the Redis or Valkey: redis://, or rediss:// for TLS; a password in the URL. */
  readonly redis: string;
  /** Cells at a time, each on one core. */
  readonly concurrency: number;
  /** A folder that coordinator and workers share, for images and weights. */
  readonly shared?: string;
  /** Takes no more cells, and ends when the running ones are done. */
  readonly signal: AbortSignal;
  /** Gives the running cells back to the queue too. */
  readonly now?: AbortSignal;
  /** What a person should know, a line at a time. */
  readonly onLine: (line: string) => void;
}

const LOOK_MS = 1000;
const AWAY_LOOKS = 3;
/** Until a cell that cannot be computed here is offered again. */
const OTHERS_TURN_MS = 2000;

/**
 * V8 compiles and collects garbage for a cell on the cell's own thread: with helpers beside it a cell keeps 1.4 cores
 * busy, and workers on all cores of a machine are in each other's way.
 */
const ON_ITS_OWN_THREAD = [
  '--no-concurrent-recompilation',
  '--no-parallel-scavenge',
  '--no-concurrent-marking',
  '--no-concurrent-sweeping',
];

/**
 * Computes cells of every sweep that a Redis announces and that is of this version of the library, until the signal.
 * Settings come as data, images and weights by hash: nothing that is executed travels. Sweeps of another version are
 * refused, once each, in a line.
 * @throws no Redis, its password. A Redis that goes away later is waited for.
 */
export async function serveCells({ redis, concurrency, shared, signal, now, onLine }: ServeOptions): Promise<void> {
  const version = partsVersion();
  let waiting: string | undefined;
  const onWaiting = (text?: string): void => {
    if (text !== waiting) onLine(text ?? 'Redis is back');
    waiting = text;
  };
  let silent = true;
  const connection = await connectRedis('roglab worker', redis, (text) => silent || onWaiting(text));
  silent = false;
  for (const flag of ON_ITS_OWN_THREAD) setFlagsFromString(flag);
  const crew = threadCrew(concurrency, now);
  const fetch = fetcher(connection, shared);
  const serving = new Map<string, CellWorker>();
  const refused = new Set<string>();
  const name = workerName();
  let [running, done] = [0, 0];
  const refuse = ({ name, version: theirs }: Pick<Announced, 'name' | 'version'>): void => {
    if (refused.has(theirs)) return;
    refused.add(theirs);
    onLine(`roglab worker: ${name} is of roglab ${theirs}, this is ${version}; refused: install the same version`);
  };
  const work = async (job: CellJob): Promise<CellResult> => {
    if (job.version !== version) {
      refuse({ name: `cell ${job.id}`, version: job.version });
      throw new PutBack(OTHERS_TURN_MS);
    }
    const blobs = await Promise.all(needsOf(job).map(fetch));
    const there = blobs.filter((blob) => blob !== undefined);
    if (there.length < blobs.length) throw new PutBack(OTHERS_TURN_MS);
    running++;
    const result = await crew.run({ job, blobs: there }).finally(() => running--);
    if (!result) throw new PutBack(0);
    done++;
    return result;
  };
  const look = async (): Promise<void> => {
    await present(connection, { worker: name, version, concurrency, running, done });
    const sweeps = await announced(connection);
    for (const sweep of sweeps) {
      if (sweep.version !== version) refuse(sweep);
      else if (!serving.has(sweep.key)) {
        onLine(`roglab worker: takes cells of ${sweep.name}`);
        serving.set(sweep.key, cellWorker(connection, sweep.key, concurrency, work));
      }
    }
    for (const [key, worker] of serving)
      if (!sweeps.some((sweep) => sweep.key === key)) {
        serving.delete(key);
        await worker.close();
      }
  };
  onLine(`roglab worker: ready, version ${version}, ${counted(concurrency, 'cell')} at a time`);
  const serve = async (): Promise<void> => {
    let [heard, wake] = [false, (): void => {}];
    await onAnnounced(connection, () => {
      heard = true;
      wake();
    });
    while (!signal.aborted) {
      heard = false;
      await look();
      const call = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!heard) await Promise.race([sleep(LOOK_MS, undefined, { signal }).catch(() => {}), call]);
    }
    await Promise.all([...serving.values()].map((worker) => worker.close()));
    await absent(connection, name);
  };
  try {
    await Promise.race([serve(), nobodyToTell(connection, signal)]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await crew.end();
    connection.close();
  }
}

/** Ends some time after the signal when there is no Redis any more that could be told that this worker leaves. */
async function nobodyToTell({ redis }: Connection, signal: AbortSignal): Promise<void> {
  for (let away = 0; away < AWAY_LOOKS; ) {
    await sleep(LOOK_MS, undefined, { ref: false });
    away = signal.aborted && redis.status !== 'ready' ? away + 1 : 0;
  }
}
