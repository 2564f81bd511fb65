import { DelayedError, type Job, Queue, Worker } from 'bullmq';
import { PAUSE, TRIES } from '../local.js';
import type { CellJob, CellResult } from '../types.js';
import type { Connection } from './connect.js';

/** A job of the queue: a cell, and how often its worker was lost when it was last put back. */
interface Message {
  readonly cell: CellJob;
  readonly losses: number;
}

/** A cell whose worker is lost this often is given up. */
const MOST_LOSSES = 10;
/** A worker that has not said for so long that it is there is lost. */
const LOCK_MS = 10_000;
const PREFIX = 'roglab';

const queueName = (key: string): string => `sweep-${key}`;
/** BullMQ takes no jobs named by a number. */
const jobId = (id: string): string => `cell-${id}`;

export interface Ended {
  readonly cell: CellJob;
  /** What the worker gave; absent where it was tried too often. */
  readonly result?: CellResult;
  readonly reason?: string;
}

/** The coordinator's end of a sweep's queue. */
export interface CellQueue {
  /** Adds cells; those that are on the queue already stay as they are. */
  readonly add: (cells: readonly CellJob[]) => Promise<void>;
  readonly ended: (most: number) => Promise<Ended[]>;
  /** Forgets cells that have ended. */
  readonly drop: (ids: readonly string[]) => Promise<void>;
  readonly counts: () => Promise<Readonly<Record<string, number>>>;
  /** Leaves: with nothing left behind, with only what workers have begun or done, or with everything as it is. */
  readonly close: (how: 'forget' | 'drain' | 'leave') => Promise<void>;
}

export function cellQueue({ redis }: Connection, key: string): CellQueue {
  const queue = new Queue<Message, CellResult>(queueName(key), { connection: redis, prefix: PREFIX });
  queue.on('error', () => {});
  const opts = {
    attempts: TRIES,
    backoff: { type: 'exponential', delay: PAUSE, jitter: 0.5 },
    removeOnComplete: { age: KEPT_S },
    removeOnFail: { age: KEPT_S },
  };
  return {
    add: async (cells) => {
      const message = (cell: CellJob) => ({
        name: 'cell',
        data: { cell, losses: 0 },
        opts: { ...opts, jobId: jobId(cell.id) },
      });
      await queue.addBulk(cells.map(message));
    },
    ended: async (most) => {
      const jobs = await queue.getJobs(['completed', 'failed'], 0, most - 1, true);
      return jobs.filter(Boolean).map(({ data, returnvalue, failedReason }) => ({
        cell: data.cell,
        ...(returnvalue && { result: returnvalue }),
        ...(failedReason && { reason: failedReason }),
      }));
    },
    drop: async (ids) => {
      await Promise.all(ids.map((id) => queue.remove(jobId(id))));
    },
    counts: () => queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed'),
    close: async (how) => {
      if (how === 'forget') await queue.obliterate({ force: true });
      if (how === 'drain') await queue.drain(true);
      await queue.close();
    },
  };
}

/** Results that nobody collects are kept for a week. */
const KEPT_S = 7 * 24 * 3600;

/** The worker's end of a sweep's queue. */
export interface CellWorker {
  /** Takes no more; ends when the running cells are done. */
  readonly close: () => Promise<void>;
}

/** A cell comes back to the queue instead of being done, after so many milliseconds. */
export class PutBack extends Error {
  constructor(readonly delay: number) {
    super('put back');
  }
}

/** Takes cells from the queue, so many at a time; `work` gives the result or throws PutBack; a lost one waits. */
export function cellWorker(
  connection: Connection,
  key: string,
  concurrency: number,
  work: (cell: CellJob) => Promise<CellResult>,
): CellWorker {
  const handle = async (job: Job<Message, CellResult>, token?: string): Promise<CellResult> => {
    const { cell, losses } = job.data;
    const putBack = async (delay: number): Promise<never> => {
      await job.moveToDelayed(Date.now() + delay, token);
      throw new DelayedError();
    };
    if (job.stalledCounter > losses) {
      await job.updateData({ cell, losses: job.stalledCounter });
      await putBack(PAUSE * 2 ** (job.stalledCounter - 1));
    }
    try {
      return await work(cell);
    } catch (error) {
      if (error instanceof PutBack) return putBack(error.delay);
      throw error;
    }
  };
  const worker = new Worker<Message, CellResult>(queueName(key), handle, {
    connection: connection.twin(),
    prefix: PREFIX,
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_MS / 2,
    maxStalledCount: MOST_LOSSES,
    drainDelay: 2,
  });
  worker.on('error', () => {});
  return { close: () => worker.close() };
}
