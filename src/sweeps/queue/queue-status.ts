import { cellQueue } from './bullmq.js';
import { type Connection, connectRedis } from './connect.js';
import { announced, workersOf } from './registry.js';

export interface QueuedSweep {
  readonly sweep: string;
  readonly version: string;
  /** Cells on the queue: not begun, being computed, put back for a while, computed and not collected yet. */
  readonly waiting: number;
  readonly running: number;
  readonly later: number;
  readonly done: number;
  readonly failed: number;
  /** Seconds since its coordinator last said that it is there. */
  readonly 'coordinator seen (s)': number;
}

/** A worker as it last said that it is there. */
export interface SeenWorker {
  readonly worker: string;
  readonly state: 'alive' | 'not heard of';
  readonly version: string;
  readonly running: number;
  readonly of: number;
  readonly done: number;
  readonly 'seen (s)': number;
}

/** What a Redis knows of sweeps and workers. */
export interface QueueStatus {
  readonly sweeps: readonly QueuedSweep[];
  readonly workers: readonly SeenWorker[];
}

/** A worker says every second that it is there; after so long its cells go to others. */
const ALIVE_S = 10;

/** Asks a Redis or Valkey for its sweeps and workers. Errors in one line: nobody there, a password wrong. */
export async function queueStatus(url: string): Promise<QueueStatus> {
  const connection = await connectRedis('roglab sweep status', url);
  try {
    const since = (at: number): number => Math.max(0, Math.round((Date.now() - at) / 1000));
    const sweeps = await Promise.all(
      (await announced(connection)).map(async ({ key, name, version, at }) => ({
        sweep: name,
        version,
        ...(await countsOf(connection, key)),
        'coordinator seen (s)': since(at),
      })),
    );
    const workers = (await workersOf(connection)).map(({ worker, version, concurrency, running, done, at }) => ({
      worker,
      state: since(at) <= ALIVE_S ? ('alive' as const) : ('not heard of' as const),
      version,
      running,
      of: concurrency,
      done,
      'seen (s)': since(at),
    }));
    return { sweeps, workers: workers.sort((a, b) => a['seen (s)'] - b['seen (s)']) };
  } finally {
    connection.close();
  }
}

async function countsOf(connection: Connection, key: string) {
  const queue = cellQueue(connection, key);
  const { waiting = 0, active = 0, delayed = 0, completed = 0, failed = 0 } = await queue.counts();
  await queue.close('leave');
  return { waiting, running: active, later: delayed, done: completed, failed };
}
