import { problem } from '../core/errors.js';
import { sum } from '../core/numbers.js';
import { checkOptions, integer, number } from '../core/options.js';
import { uniformStream } from '../core/random.js';

/** Options of {@link bootstrapInterval}. */
export interface BootstrapOptions {
  /** Resamples; default 2000. */
  readonly samples?: number;
  /** Share of the resamples' means inside the interval, between 0 and 1; default 0.95. */
  readonly level?: number;
  /** Of the resampling; default 1. */
  readonly seed?: number;
}

/** A mean between the ends of its interval. */
export interface BootstrapInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/**
 * The mean, and the percentile bootstrap interval around it: n values are drawn with replacement, `samples` times, and
 * the means of the draws, sorted, are cut at (1 - level) / 2 and (1 + level) / 2 (Efron 1979). It assumes no
 * distribution, but that the values are independent: give one value per image, not per cell. One value says nothing of
 * its spread: its interval is unbounded.
 * @throws no values, or values that are not finite
 * @example
 * const psnr = rows.filter((row) => row.phi === 'sign').array('psnr') as number[];
 * rog.sweeps.bootstrapInterval(psnr) // { mean: 15.1, low: 14.2, high: 16.0, n: 20 }
 */
export function bootstrapInterval(values: ArrayLike<number>, options: BootstrapOptions = {}): BootstrapInterval {
  checkOptions('bootstrapInterval', options, ['samples', 'level', 'seed']);
  const { samples = 2000, level = 0.95, seed = 1 } = options;
  integer('bootstrapInterval', 'samples', samples, 100, 10_000_000);
  number('bootstrapInterval', 'level', level, 0, 1, true);
  const list = Array.from(values);
  const n = list.length;
  if (n === 0 || !list.every(Number.isFinite))
    throw problem('bootstrapInterval', 'values must be one or more finite numbers', list);
  const mean = sum(list) / n;
  if (n === 1) return { mean, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, n };
  const random = uniformStream(seed);
  const means = Float64Array.from({ length: samples }, () => {
    let total = 0;
    for (let i = 0; i < n; i++) total += list[Math.floor(random() * n)]!;
    return total / n;
  }).sort();
  return { mean, low: quantile(means, (1 - level) / 2), high: quantile(means, (1 + level) / 2), n };
}

/** Linear between the two nearest of sorted values. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
