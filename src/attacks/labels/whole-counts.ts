import { sum } from '../../core/numbers.js';

/**
 * Whole numbers n with least <= n <= most and sum `size` that lie nearest to what was estimated, sum_j ((n_j - x_j) /
 * deviation_j)^2: given out one by one, which is exact for a sum of convex terms.
 */
export function wholeCounts(
  estimate: readonly number[],
  deviation: readonly number[],
  size: number,
  least: readonly number[],
  most: readonly number[],
): number[] {
  const counts = [...least];
  const cost = (j: number): number => (2 * (counts[j]! - estimate[j]!) + 1) / deviation[j]! ** 2;
  for (let left = size - sum(counts); left > 0; left--) {
    const open = counts.flatMap((n, j) => (n < most[j]! ? [j] : []));
    const next = open.reduce((best, j) => (cost(j) < cost(best) ? j : best), open[0]!);
    counts[next] = counts[next]! + 1;
  }
  return counts;
}
