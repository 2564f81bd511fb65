import type { Observation, Reconstruction } from '../core/types.js';
import { start } from '../engine/index.js';
import { ATTACKS, type AttackName } from '../registry/index.js';

/** One attack as a message: everything in it is plain data. */
export interface Job {
  readonly observation: Observation;
  readonly attack: AttackName;
  readonly options: { readonly seed?: number; readonly iterations?: number };
}

/** The body of a worker thread: one attack on one core. */
export default async function work({ observation, attack, options }: Job): Promise<Reconstruction> {
  await start({ threads: 1 });
  return ATTACKS[attack](observation, options);
}
