import { isExactToScale } from '../../core/evidence.js';
import { squaredLength } from '../../core/numbers.js';
import type { Evidence, Observation } from '../../core/types.js';

/** An entry is known finely where its bound is at most this part of its tensor's root mean square. */
const FINE = 0.1;

/** Whether every entry was sent as it is, or rounded finely. */
export const isFine = ({ tensors, obfuscation }: Observation): boolean =>
  obfuscation.evidence.every((evidence, k) => isFineIn(evidence, tensors[k]!.data));

export const isFinelyRounded = (observation: Observation): boolean =>
  isFine(observation) && !observation.obfuscation.evidence.every(isExactToScale);

/** The same of one tensor. */
export function isFineIn(evidence: Evidence, data: Float32Array): boolean {
  if (isExactToScale(evidence)) return true;
  const { tolerance, zeroTolerance, noise, signOnly, projection, unsent } = evidence;
  if (noise > 0 || signOnly || projection || unsent) return false;
  const square = squaredLength(data) / data.length;
  return Math.max(tolerance, zeroTolerance) ** 2 <= FINE ** 2 * square;
}

/** The part of sum q^2 that phi's noise is expected to be, sum n sigma^2: by chance above 1. */
export function noisePart({ tensors, obfuscation }: Pick<Observation, 'tensors' | 'obfuscation'>): number {
  const noise = tensors.reduce((sum, { data }, k) => sum + data.length * obfuscation.evidence[k]!.noise ** 2, 0);
  return noise > 0 ? noise / tensors.reduce((sum, { data }) => sum + squaredLength(data), 0) : 0;
}

/** Whether phi's noise has at least the power of the update itself. */
export const isDrowned = (observation: Observation): boolean => noisePart(observation) >= 0.5;

/** Whether phi left signs alone, so that lengths and rests tell nothing. */
export const areSigns = ({ obfuscation }: Pick<Observation, 'obfuscation'>): boolean =>
  obfuscation.evidence.some(({ signOnly }) => signOnly);
