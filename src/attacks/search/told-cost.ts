import type { ClientSettings } from '../../core/types.js';
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
    `${attack}: simulating ${localSteps} local steps will take about ${duration(seconds * closures)} ` +
    `(${closures} closures of ${duration(seconds)}) and ${(memory / 2 ** 30).toFixed(1)} GB; rog with ` +
    `simulate: 'direction' (--simulate direction) takes one gradient for all steps, a fraction of that, ` +
    'and is as good only where the weights hardly moved'
  );
}

const duration = (seconds: number): string =>
  seconds < 100
    ? `${Number(seconds.toPrecision(2))} s`
    : seconds < 6000
      ? `${Math.round(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;
