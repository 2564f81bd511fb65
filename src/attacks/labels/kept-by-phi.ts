import { isErring, isNoised, isUnknown, widthsOf } from '../../core/evidence.js';
import type { Evidence } from '../../core/types.js';
import { projectedData } from '../search/seen.js';

/** Different values of a received tensor up to which they are levels. */
const MOST_LEVELS = 512;

/**
 * What phi would have left of another update, by what it left of the received one: signs, entries within the bound of
 * a zero dropped, others moved to the nearest level, or to the middle of an interval as wide as theirs where the levels
 * are many, a projection. Noise, random rounding included, is left out: it has mean 0.
 */
export function keptByPhi(data: Float32Array, evidence: Evidence, received: Float32Array): Float32Array {
  if (isNoised(evidence) || (evidence.noise > 0 && isErring(evidence)) || isUnknown(evidence)) return data;
  const seen = evidence.projection ? projectedData(data, evidence.projection) : data;
  const { kept, zero } = widthsOf(evidence);
  const at = (width: number | Float32Array, i: number): number =>
    typeof width === 'number' ? width : width[i % width.length]!;
  const levels = evidence.signOnly || evidence.tolerance === 0 ? undefined : levelsOf(received);
  if (levels) return seen.map((value) => nearest(levels, value));
  return seen.map((value, i) => {
    const least = at(zero, i);
    if (Number.isFinite(least) && Math.abs(value) < least) return 0;
    if (evidence.signOnly) return value < 0 ? -1 : 1;
    const step = 2 * at(kept, i);
    return step > 0 && Number.isFinite(step) ? Math.round(value / step) * step : value;
  });
}

/** The values of a tensor in order, where they are few. */
function levelsOf(received: Float32Array): number[] | undefined {
  const values = new Set<number>();
  for (const value of received) if (values.add(value).size > MOST_LEVELS) return undefined;
  return [...values].sort((a, b) => a - b);
}

function nearest(levels: readonly number[], value: number): number {
  let [low, high] = [0, levels.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (levels[middle]! <= value) low = middle;
    else high = middle;
  }
  return value - levels[low]! < levels[high]! - value ? levels[low]! : levels[high]!;
}
