import { cores } from '../core/cores.js';
import { clientUpdate } from '../federation/index.js';
import type { Audit } from './config.js';
import type { Subject } from './subject.js';

/** Seconds of an attack's step in simulated updates: .6 to 2.5 in sixteen cases of four networks and three phi. */
const STEP = 1.5;

/** Seconds that an attack is expected to take on one core, by a trial: the client's update is simulated once more. */
export async function foretold({ client, iterations }: Audit, { model, batches }: Subject): Promise<number> {
  const began = performance.now();
  await clientUpdate(model, batches[0]!, client);
  return (STEP * iterations * (performance.now() - began)) / 1000;
}

/**
 * Seconds that the open ones of a list of attacks still take: by what is foretold of one until one has ended, then at
 * the pace so far.
 * @param now milliseconds
 */
export function timeLeft(each: number, workers: number = cores(), now: () => number = () => performance.now()) {
  const began = now();
  return (ended: number, open: number): number =>
    ended ? ((now() - began) / 1000 / ended) * open : (each * open) / Math.max(1, Math.min(workers, open));
}
