import { problem } from '../core/errors.js';
import { mean } from './pairs.js';

/** A mean with the half-width of its 95 % confidence interval. */
export interface Interval {
  readonly mean: number;
  /** Student's t: mean +- halfWidth covers the expectation with 95 %; Infinity for a single value. */
  readonly halfWidth: number;
  readonly n: number;
}

/**
 * mean +- t(0.975, n - 1) s / sqrt(n), s the sample's standard deviation with n - 1.
 *
 * One value has an unbounded interval: halfWidth Infinity. Errors: no values, or values that are not finite.
 * @example confidenceInterval([19.2, 21.5, 20.1]) // { mean: 20.27, halfWidth: 2.88, n: 3 }
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

/**
 * P(|T| < t) for whole degrees of freedom: a finite sum of powers of cos^2 a with tan a = t / sqrt(degrees)
 * (Abramowitz and Stegun 26.7.3 and 26.7.4).
 */
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
