import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { integer } from '../core/options.js';
import type { Reconstruction } from '../core/types.js';
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
 * Runs independent attacks side by side in worker threads; results in the order of the jobs.
 * Jobs are made on demand, so that a long study does not hold all its observations at once.
 * Errors of a job reject with the job's own message.
 */
export async function attackAll(
  jobs: readonly (() => Promise<Job>)[],
  { workers = availableParallelism(), onDone, signal }: PoolOptions = {},
): Promise<Reconstruction[]> {
  integer('attackAll', 'workers', workers, 1, 256);
  const threads = Math.max(1, Math.min(workers, jobs.length));
  // As many at least as at most: a thread that waits for its next job would else be ended, with its engine and compiled steps.
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
  });
  const results = new Array<Reconstruction>(jobs.length);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < jobs.length) {
      const index = next++;
      const result = (await pool.run(await jobs[index]!(), { signal })) as Reconstruction;
      results[index] = result;
      onDone?.(++done, jobs.length, result, index);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, lane));
    return results;
  } finally {
    await pool.destroy();
  }
}
