import { isBounded, isErring, isNoised, isRounded } from '../core/evidence.js';
import type { Observation } from '../core/types.js';

/** What is known of the noise on an update, as far as it bounds how well pictures can be told. */
export interface NoiseLaw {
  /** Standard deviation on each entry, per tensor. */
  readonly deviations: readonly number[];
  /** Fisher information of one entry's mean times its variance: 1 for normal noise, 2 for Laplace noise. */
  readonly information: number;
  /** Why this is an approximation; absent where it is exact. */
  readonly but?: string;
}

/** Laws of announced size, whatever the update, by the first operator; what follows it only loses. */
const ANNOUNCED: readonly (readonly [operator: string, information: number])[] = [
  ['gaussianNoise', 1],
  ['laplaceNoise', 2],
];

/** The noise law of phi; undefined where phi leaves some entries as they are, or nothing is known of it. */
export function noiseLaw({ obfuscation, tensors, client }: Observation): NoiseLaw | undefined {
  const { name, parameters, evidence } = obfuscation;
  const sigma = parameters.sigma ?? parameters['1.sigma'];
  const law = ANNOUNCED.find(([operator]) => name.startsWith(`${operator}(`));
  if (client.privacy) return undefined;
  if (law && typeof sigma === 'number' && sigma > 0)
    // of a sum of clients the noise is less than each one's
    return parameters.clients === undefined
      ? { deviations: tensors.map(() => sigma), information: law[1] }
      : evidence.every(isNoised)
        ? { deviations: evidence.map(({ noise }) => noise), information: law[1] }
        : undefined;
  if (evidence.every(isNoised))
    return {
      deviations: evidence.map(({ noise }) => noise),
      information: law?.[1] ?? 1,
      but: 'the size of the noise follows the update, and its size says a little',
    };
  const rounding =
    evidence.every((e) => isRounded(e) || isErring(e)) && evidence.some((e) => isBounded(e) || e.noise > 0);
  if (!rounding) return undefined;
  const each = evidence.map(({ tolerance, noise }) => (noise > 0 ? noise : tolerance / Math.sqrt(3)));
  const least = Math.min(...each.filter((one) => one > 0));
  return {
    deviations: each.map((one) => (one > 0 ? one : least)),
    information: 1,
    but: 'rounding is taken for normal noise of the same variance, which it is not',
  };
}
