import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { cores } from '../core/cores.js';
import { type PlainError, problem, revivedError } from '../core/errors.js';
import { integer, oneOf } from '../core/options.js';
import { settled } from '../core/settled.js';
import type { Reconstruction } from '../core/types.js';
import { currentSession, interrupts, start } from '../engine/index.js';
import type { Job } from './attack-worker.js';

/** Options of {@link attackAll}. */
export interface PoolOptions {
  /**
   * Threads, each on one core with its own session; default one per core. A thread has one attack at a time, or as many
   * as the session stacks, see start(). The results do not depend on it.
   */
  readonly workers?: number;
  /** Called as each attack ends. */
  readonly onDone?: (done: number, total: number, result: Reconstruction, index: number) => void;
  /** Cancels what has not started and stops the running attacks. */
  readonly signal?: AbortSignal;
  /** What an error of a job does: end all others and be thrown (default), or be kept as this job's outcome. */
  readonly onError?: 'throw' | 'keep';
}

/**
 * Threads that run the default export of a module of this folder.
 * As many at least as at most: a thread that waits for its next job would else be ended, with its engine and compiled
 * steps.
 */
export const workerPool = (module: string, threads: number, concurrentTasksPerWorker = 1): Piscina =>
  new Piscina({
    filename: fileURLToPath(new URL(module, import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker,
  });

/** How long an idle pool waits for the next study, in milliseconds. */
const WAIT = 10_000;

// The last pool that was given back: a thread's engine and compiled steps cost a second of a core to make again.
let waiting: { readonly key: string; readonly pool: Piscina; readonly end: NodeJS.Timeout } | undefined;

/** The pool that an earlier study gave back, if it has the key; it is the caller's then. Any other one is ended. */
function takePool(key?: string): Piscina | undefined {
  const found = waiting;
  waiting = undefined;
  clearTimeout(found?.end);
  if (found && found.key === key) return found.pool;
  void found?.pool.destroy();
  return undefined;
}

/** Keeps an idle pool: it ends after a while, or with the process, which it does not keep alive. */
function givePool(key: string, pool: Piscina): void {
  takePool(); // ends the one that waits
  waiting = { key, pool, end: setTimeout(() => takePool(), WAIT).unref() };
}

/** Runs a job in a thread of the pool. Its error is thrown here with its name, message and code. */
export async function runIn<J, R>(pool: Piscina, job: J): Promise<R> {
  const answer = (await pool.run(job)) as R | PlainError;
  if (typeof answer === 'object' && answer !== null && 'failed' in answer) throw revivedError(answer);
  return answer as R;
}

/** Functions stay in the thread that they were made in. */
function checkPlain({ options, attack }: Job): void {
  const held = Object.entries(options ?? {}).find(([, value]) => typeof value === 'function');
  if (held)
    throw problem(
      'attackAll',
      `the option ${held[0]} is a function, and a worker thread takes data only`,
      undefined,
      `run ${attack}(observation, { ${held[0]} }) in this thread`,
    );
}

/** What became of one job: its result, or the error that it ended with; stopped on its way it has both. */
export type AttackOutcome =
  | { readonly result: Reconstruction; readonly error?: undefined }
  | { readonly error: Error; readonly result?: Reconstruction };

type Jobs = readonly (() => Promise<Job>)[];

/**
 * Runs independent attacks side by side in worker threads; results in the order of the jobs.
 * Jobs are made on demand, so that a long study does not hold all its observations at once.
 * The jobs run on the execution provider of the session.
 *
 * By default (`onError: 'throw'`) the first error of a job stops the running attacks after their closure and rejects
 * with the job's own message; a notebook's interrupt likewise: `attackAll: interrupted after 3 of 8 attacks`. What had
 * finished is not lost: it is in the error's `outcomes`, an {@link AttackOutcome} for each job. With `onError: 'keep'`
 * all jobs run, and these outcomes are what comes back, also after an interrupt or an abort of `signal`.
 * @example
 * const outcomes = await rog.attackAll(jobs, { onError: 'keep' });
 * outcomes.map(({ result, error }) => result?.objective ?? error.message);
 */
export function attackAll(jobs: Jobs, options: PoolOptions & { readonly onError: 'keep' }): Promise<AttackOutcome[]>;
export function attackAll(jobs: Jobs, options?: PoolOptions): Promise<Reconstruction[]>;
export async function attackAll(jobs: Jobs, options: PoolOptions = {}): Promise<unknown> {
  const { onError = 'throw' } = options;
  oneOf('attackAll', 'onError', onError, ['throw', 'keep']);
  const { outcomes, reason } = await outcomesOf(jobs, options);
  if (onError === 'keep') return outcomes;
  if (reason) throw Object.defineProperty(reason, 'outcomes', { value: outcomes, configurable: true });
  return outcomes.map(({ result }) => result!);
}

/** The outcome of every job, and why not all of them finished. */
async function outcomesOf(
  jobs: Jobs,
  { workers = cores(), onDone, signal, onError }: PoolOptions,
): Promise<{ readonly outcomes: AttackOutcome[]; readonly reason?: Error }> {
  integer('attackAll', 'workers', workers, 1, 256);
  const { provider, stack } = currentSession() ?? (await start());
  const threads = Math.max(1, Math.min(workers, Math.ceil(jobs.length / stack)));
  const key = JSON.stringify([threads, stack, process.env]); // a thread has the environment that it began with
  const pool = takePool(key) ?? workerPool('./attack-worker.js', threads, stack);
  const outcomes = new Array<AttackOutcome | undefined>(jobs.length);
  let next = 0;
  let done = 0;
  const stopped = new AbortController();
  const interrupt = interrupts('attackAll', {
    onHit: () => stopped.abort(problem('attackAll', `interrupted after ${done} of ${jobs.length} attacks`)),
  });
  const either = AbortSignal.any(signal ? [signal, stopped.signal] : [stopped.signal]);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const stopAll = (): void => void Atomics.store(stop, 0, 1);
  if (either.aborted) stopAll();
  either.addEventListener('abort', stopAll);
  const one = async (index: number): Promise<AttackOutcome> => {
    const job = await jobs[index]!();
    checkPlain(job);
    const result = await runIn<Job, Reconstruction>(pool, { provider, stack, stop, ...job });
    return result.stopped === 'cancelled' ? { result, error: reasonOf(either) } : { result };
  };
  const lane = async (): Promise<void> => {
    while (next < jobs.length && !either.aborted) {
      const index = next++;
      const outcome: AttackOutcome = await one(index).catch((error) => ({ error }));
      outcomes[index] = outcome;
      if (outcome.error && onError !== 'keep') stopped.abort(outcome.error);
      if (!outcome.error) onDone?.(++done, jobs.length, outcome.result, index);
    }
  };
  try {
    await settled(
      Array.from({ length: threads * stack }, () =>
        lane().catch((error) => {
          stopped.abort(error); // of onDone
          throw error;
        }),
      ),
    );
  } finally {
    interrupt.release();
    if (either.aborted) await pool.destroy();
    else givePool(key, pool);
  }
  const failed = outcomes.find((outcome) => outcome?.error)?.error;
  const reason = done < jobs.length ? (either.aborted ? reasonOf(either) : failed) : undefined;
  const ended = (outcome: AttackOutcome | undefined): AttackOutcome => outcome ?? { error: reasonOf(either) };
  return { outcomes: Array.from(outcomes, ended), ...(reason && { reason }) };
}

const reasonOf = ({ reason }: AbortSignal): Error => (reason instanceof Error ? reason : new Error(String(reason)));
