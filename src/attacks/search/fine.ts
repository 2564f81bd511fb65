import { isExactToScale, type Widths, widthsOf } from '../../core/evidence.js';
import { squaredLength } from '../../core/numbers.js';
import type { Evidence, Observation } from '../../core/types.js';

/** Entries are known finely where the root mean square of their bounds is at most this part of that of the tensor. */
const FINE = 0.1;

/** Whether every entry was sent as it is, or rounded finely. */
export const isFine = ({ tensors, obfuscation }: Observation): boolean =>
  obfuscation.evidence.every((evidence, k) => isFineIn(evidence, tensors[k]!.data));

export const isFinelyRounded = (observation: Observation): boolean =>
  isFine(observation) && !observation.obfuscation.evidence.every(isExactToScale);

/** The same of one tensor. */
export function isFineIn(evidence: Evidence, data: Float32Array): boolean {
  if (isExactToScale(evidence)) return true;
  const { noise, signOnly, projection, unsent } = evidence;
  if (noise > 0 || signOnly || projection || unsent) return false;
  const { kept, zero } = widthsOf(evidence);
  return Math.max(meanSquare(kept), meanSquare(zero)) <= FINE ** 2 * meanSquare(data);
}

const meanSquare = (x: Widths): number => (typeof x === 'number' ? x * x : squaredLength(x) / x.length);

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
