import { isErring, isNoised, isUnknown, widthAt, widthsOf } from '../../core/evidence.js';
import type { Evidence } from '../../core/types.js';
import { projectedData } from '../search/seen.js';

/** Different values of a received tensor up to which they are levels. */
const MOST_LEVELS = 512;

/**
 * What phi would have left of other updates of a tensor, by what it left of the received one: signs, entries within the
 * bound of a zero dropped, others moved to the nearest level, or to the middle of an interval as wide as theirs where
 * the levels are many, a projection. Noise, random rounding included, is left out: it has mean 0.
 */
export function keptByPhi(evidence: Evidence, received: Float32Array): (data: Float32Array) => Float32Array {
  if (isNoised(evidence) || (evidence.noise > 0 && isErring(evidence)) || isUnknown(evidence)) return (data) => data;
  const entry = entryOf(evidence, received);
  const out = new Float32Array(received.length);
  return (data) => {
    const seen = evidence.projection ? projectedData(data, evidence.projection) : data;
    for (let i = 0; i < out.length; i++) out[i] = entry(seen[i]!, i);
    return out;
  };
}

function entryOf(evidence: Evidence, received: Float32Array): (value: number, i: number) => number {
  if (evidence.tolerance === 0 && evidence.zeroTolerance === 0) return (value) => value;
  const levels = evidence.signOnly || evidence.tolerance === 0 ? undefined : levelsOf(received);
  if (levels) return nearestOf(levels);
  const { kept, zero } = widthsOf(evidence);
  return (value, i) => {
    const least = widthAt(zero, i);
    if (Number.isFinite(least) && Math.abs(value) < least) return 0;
    if (evidence.signOnly) return value < 0 ? -1 : 1;
    const step = 2 * widthAt(kept, i);
    return step > 0 && Number.isFinite(step) ? Math.round(value / step) * step : value;
  };
}

/** The values of a tensor in order, where they are few. */
function levelsOf(received: Float32Array): Float64Array | undefined {
  const values = new Set<number>();
  for (const value of received) if (values.add(value).size > MOST_LEVELS) return undefined;
  return Float64Array.from(values).sort();
}

function nearestOf(levels: Float64Array): (value: number) => number {
  const borders = levels.subarray(1).map((level, k) => (level + levels[k]!) / 2);
  return (value) => {
    let [low, high] = [0, borders.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (borders[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return levels[low]!;
  };
}
