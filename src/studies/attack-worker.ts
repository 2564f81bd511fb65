import type { RunOptions } from '../attacks/index.js';
import { abortWhen } from '../core/abort-when.js';
import { type PlainError, plainError } from '../core/errors.js';
import type { Observation, Progress, Reconstruction, Snapshot } from '../core/types.js';
import { type ProviderName, start } from '../engine/index.js';
import { type AttackName, type AttackOptions, attackBy } from '../registry/index.js';

type Plain<T> = T extends unknown
  ? Omit<T, 'onProgress' | 'signal' | 'checkpoint' | 'checkpointSeconds' | 'preset'>
  : never;

/** Options of an attack that are plain data, so that they can go to a worker. */
export type JobOptions = Plain<AttackOptions>;

/** One attack as a message: everything in it is plain data. */
export interface Job {
  readonly observation: Observation;
  readonly attack: AttackName;
  readonly options: JobOptions;
  /** Closures after which the pictures are kept, as the reconstruction's `trail`; default none. */
  readonly trace?: readonly number[];
  /** Default: that of the session that sends the job. */
  readonly provider?: ProviderName;
  /** Attacks of one thread that take their steps together; default likewise. */
  readonly stack?: number;
  /** One shared number; anything but 0 stops the attack. */
  readonly stop?: Int32Array;
}

/**
 * The body of a worker thread: an attack on one core, beside others where they are stacked. An error comes back as
 * plain data, so that it keeps its type.
 */
export default (job: Job): Promise<Reconstruction | PlainError> => work(job).catch(plainError);

async function work({ observation, attack, options, trace, provider, stack, stop }: Job): Promise<Reconstruction> {
  await start({ threads: 1, provider, stack });
  const stopped = abortWhen(() => stop !== undefined && Atomics.load(stop, 0) !== 0);
  const trail: Snapshot[] = [];
  const onProgress: RunOptions['onProgress'] = (at) => {
    stopped.look();
    if (trace && isDue(trace, trail, at)) trail.push(snapshot(at));
  };
  try {
    const result = await attackBy(attack)(observation, { ...options, onProgress, signal: stopped.signal });
    return trace ? { ...result, trail } : result;
  } finally {
    stopped.end();
  }
}

/** Whether the next closure of the trace has been reached: an attack may pass it by, several closures a step. */
const isDue = (trace: readonly number[], trail: readonly Snapshot[], { closure }: Progress): boolean =>
  trail.length < trace.length && closure >= trace[trail.length]!;

const snapshot = ({ closure, objective, seconds, images }: Progress): Snapshot => ({
  closure,
  objective,
  seconds,
  images: images(),
});
