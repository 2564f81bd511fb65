import { EXACT, rounded } from '../core/evidence.js';
import { type FloatFormat, formatOf, halfStepsAbout } from '../core/float-format.js';
import { squaredLength } from '../core/numbers.js';
import type { ClientSettings, Evidence, NamedArray } from '../core/types.js';

/** Fewer entries than this may look short by chance: they have the format of the finest of the others. */
const ENOUGH = 8;

/** The formats that weights are stored in, tensor by tensor, as they show. */
export function storedIn(weights: readonly NamedArray[]): FloatFormat[] {
  const seen = weights.map(({ data }) => formatOf(data));
  const finest = seen.reduce((a, b) => (b.fraction > a.fraction ? b : a));
  return seen.map((format, k) => (weights[k]!.data.length < ENOUGH ? finest : format));
}

/** The root mean square error of an update by rounding, as a part of it, from which on it is told. */
const TOLD = 0.15;

/**
 * What is known of an update that was read off stored weights, delta = (before - after) / rate: every local step
 * rounds a weight by at most half a step of its format, so that an entry errs by at most localSteps / (2 rate) such
 * steps about `after`. It keeps its sign, and is 0 where less was done. Undefined where that is little beside the
 * update: then it is as good as exact.
 * @param counts which tensors were trained and sent
 */
export function storedEvidence(
  after: readonly NamedArray[],
  delta: readonly NamedArray[],
  { learningRate, localSteps }: Pick<ClientSettings, 'learningRate' | 'localSteps'>,
  counts: readonly boolean[],
): readonly Evidence[] | undefined {
  const formats = storedIn(after);
  const bounds = after.map(({ data }, k) =>
    halfStepsAbout(data, formats[k]!).map((half) => (localSteps * half) / learningRate),
  );
  const size = (arrays: readonly Float32Array[]): number =>
    Math.sqrt(arrays.reduce((sum, data, k) => sum + (counts[k] ? squaredLength(data) : 0), 0));
  const told = size(bounds) / Math.sqrt(3) > TOLD * size(delta.map(({ data }) => data));
  return told ? bounds.map((bound) => rounded(EXACT, bound, bound)) : undefined;
}
