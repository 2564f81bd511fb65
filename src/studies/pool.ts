import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { problem } from '../core/errors.js';
import { integer } from '../core/options.js';
import { settled } from '../core/settled.js';
import type { Reconstruction } from '../core/types.js';
import { currentSession, interrupts } from '../engine/index.js';
import type { Job } from './worker.js';

/** Options of {@link attackAll}. */
export interface PoolOptions {
  /** Attacks at a time, each on one core with its own session; default one per core. The results do not depend on it. */
  readonly workers?: number;
  /** Called as each attack ends. */
  readonly onDone?: (done: number, total: number, result: Reconstruction, index: number) => void;
  /** Cancels what has not started and stops the running attacks. */
  readonly signal?: AbortSignal;
}

/**
 * Threads that run the default export of a module of this folder.
 * As many at least as at most: a thread that waits for its next job would else be ended, with its engine and compiled steps.
 */
export const workerPool = (module: string, threads: number): Piscina =>
  new Piscina({
    filename: fileURLToPath(new URL(module, import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
  });

/**
 * Runs independent attacks side by side in worker threads; results in the order of the jobs.
 * Jobs are made on demand, so that a long study does not hold all its observations at once.
 * The jobs run on the execution provider of the session.
 * Errors of a job reject with the job's own message. A notebook's interrupt cancels what has not started, stops the running
 * attacks after their closure and rejects: `attackAll: interrupted after 3 of 8 attacks`.
 */
export async function attackAll(
  jobs: readonly (() => Promise<Job>)[],
  { workers = availableParallelism(), onDone, signal }: PoolOptions = {},
): Promise<Reconstruction[]> {
  integer('attackAll', 'workers', workers, 1, 256);
  const threads = Math.max(1, Math.min(workers, jobs.length));
  const pool = workerPool('./worker.js', threads);
  const results = new Array<Reconstruction>(jobs.length);
  let next = 0;
  let done = 0;
  const { provider } = currentSession() ?? {};
  const stopped = new AbortController();
  const interrupt = interrupts('attackAll', {
    onHit: () => stopped.abort(problem('attackAll', `interrupted after ${done} of ${jobs.length} attacks`)),
  });
  const either = AbortSignal.any(signal ? [signal, stopped.signal] : [stopped.signal]);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  either.addEventListener('abort', () => Atomics.store(stop, 0, 1));
  const lane = async (): Promise<void> => {
    while (next < jobs.length && !either.aborted) {
      const index = next++;
      const job = await jobs[index]!();
      const result = (await pool.run({ provider, stop, ...job } satisfies Job)) as Reconstruction;
      if (result.stopped === 'cancelled') return;
      results[index] = result;
      onDone?.(++done, jobs.length, result, index);
    }
  };
  try {
    const lanes = Array.from({ length: Math.min(workers, jobs.length) }, lane);
    for (const running of lanes) running.catch((error) => stopped.abort(error));
    await settled(lanes);
    if (done < jobs.length) either.throwIfAborted();
    return results;
  } catch (error) {
    throw stopped.signal.aborted ? stopped.signal.reason : error;
  } finally {
    interrupt.release();
    await pool.destroy();
  }
}
