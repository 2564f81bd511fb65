import { problem } from '../core/errors.js';
import { mean } from '../core/numbers.js';

/** A mean with the half-width of its 95 % confidence interval. */
export interface Interval {
  readonly mean: number;
  /** Student's t: mean +- halfWidth covers the expectation with 95 %; Infinity for a single value. */
  readonly halfWidth: number;
  readonly n: number;
}

/** A share of images with Wilson's 95 % interval. */
export interface Share {
  readonly share: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/**
 * mean +- t(0.975, n - 1) s / sqrt(n), s the sample's standard deviation with n - 1.
 *
 * One value has an unbounded interval: halfWidth Infinity.
 * @throws no values, or values that are not finite
 * @example rog.metrics.confidenceInterval([19.2, 21.5, 20.1]) // { mean: 20.27, halfWidth: 2.88, n: 3 }
 */
export function confidenceInterval(values: ArrayLike<number>): Interval {
  const list = Array.from(values);
  if (!list.length || !list.every(Number.isFinite))
    throw problem('confidenceInterval', 'values must be one or more finite numbers', list);
  const n = list.length;
  const centre = mean(list);
  if (n === 1) return { mean: centre, halfWidth: Number.POSITIVE_INFINITY, n };
  const variance = list.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1);
  return { mean: centre, halfWidth: studentT(n - 1) * Math.sqrt(variance / n), n };
}

/**
 * A share k / n with Wilson's 95 % score interval, which stays within 0 and 1 and means something for few images too:
 * (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), z = 1.959964 (Wilson 1927).
 * @throws no values, or values other than 0 and 1
 * @example shareInterval([1, 1, 0, 1]) // { share: 0.75, low: 0.30, high: 0.95, n: 4 }
 */
export function shareInterval(values: ArrayLike<number>): Share {
  const list = Array.from(values);
  if (!list.length || !list.every((value) => value === 0 || value === 1))
    throw problem('shareInterval', 'values must be one or more of 0 and 1', list);
  const n = list.length;
  const share = mean(list);
  const z2 = 1.959963984540054 ** 2;
  const centre = share + z2 / (2 * n);
  const half = Math.sqrt(z2 * ((share * (1 - share)) / n + z2 / (4 * n * n)));
  const scale = 1 + z2 / n;
  return { share, low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale), n };
}

/** The 0.975 quantile of Student's t: bisection on its distribution, to 1e-12 of the value. */
export function studentT(degrees: number): number {
  let [low, high] = [1.9, 13];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (central(middle, degrees) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| < t), whole degrees of freedom: powers of cos^2 a, tan a = t / sqrt(degrees) (A. and S. 26.7.3, 26.7.4). */
function central(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cos2 = Math.cos(angle) ** 2;
  const odd = degrees % 2;
  let term = odd ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd + 2; k < degrees; k += 2) {
    term *= (cos2 * (k - 1)) / k;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
