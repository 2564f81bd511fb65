import type { RogOptions, RunOptions } from '../attacks/index.js';
import type { Observation, Reconstruction } from '../core/types.js';
import { type ProviderName, start } from '../engine/index.js';
import { ATTACKS, type AttackName } from '../registry/index.js';

/** Options of an attack that are plain data, so that they can go to a worker. */
export type JobOptions = Omit<RogOptions, Exclude<keyof RunOptions, 'seed'> | 'preset'>;

/** One attack as a message: everything in it is plain data. */
export interface Job {
  readonly observation: Observation;
  readonly attack: AttackName;
  readonly options: JobOptions;
  /** Default: that of the session that sends the job. */
  readonly provider?: ProviderName;
}

/** The body of a worker thread: one attack on one core. */
export default async function work({ observation, attack, options, provider }: Job): Promise<Reconstruction> {
  await start({ threads: 1, provider });
  return ATTACKS[attack](observation, options);
}
