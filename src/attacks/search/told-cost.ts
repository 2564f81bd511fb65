import type { ClientSettings } from '../../core/types.js';
import { roughly, size } from '../../core/units.js';
import type { Cost } from '../../federation/index.js';

/** Beyond these an attack says what it will take before it starts: a minute, 2 GiB. */
const TOLD: Cost = { seconds: 60, bytes: 2 ** 31 };

/**
 * What simulating a client's local steps will take in an attack of so many closures, and what to do instead, as one
 * line; undefined where it is little.
 * @param used bytes that the process has
 */
export function toldCost(
  attack: string,
  { localSteps }: Pick<ClientSettings, 'localSteps'>,
  { seconds, bytes }: Cost,
  closures: number,
  used: number,
): string | undefined {
  const memory = used + bytes;
  if (seconds * closures < TOLD.seconds && memory < TOLD.bytes) return undefined;
  return (
    `${attack}: simulating ${localSteps} local steps will take about ${roughly(seconds * closures)} ` +
    `(${closures} closures of ${roughly(seconds)}) and ${size(memory)}; rog with ` +
    `simulate: 'direction' (--simulate direction) takes one gradient for all steps, a fraction of that, ` +
    'and is as good only where the weights hardly moved'
  );
}
