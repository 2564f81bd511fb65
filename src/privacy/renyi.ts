import { problem } from '../core/errors.js';
import { checkOptions, number } from '../core/options.js';

/** One release of the sampled Gaussian mechanism. */
export interface SampledGaussian {
  /** q: each record takes part with this probability, independently (Poisson sampling), 0 < q <= 1. */
  readonly sampleRate: number;
  /** sigma: standard deviation of the noise on the sum, in units of the clipping norm, > 0. */
  readonly noiseMultiplier: number;
}

/**
 * D_alpha = log(A) / (alpha - 1), A = E_z [ (1 - q + q exp((2z - 1) / (2 sigma^2)))^alpha ], z ~ N(0, sigma^2): the Renyi
 * divergence of order alpha between the outputs on data sets that differ in one record (added or removed), per release.
 *
 * The expectation is integrated as it stands, in logarithms, by the trapezoidal rule, for whole and fractional orders alike. The
 * integrand is analytic, so the error falls exponentially with the step: below 1e-9 of A at the step taken. Without sampling (q = 1)
 * it is alpha / (2 sigma^2). Releases add up.
 * Errors: order not above 1; a rate outside (0, 1]; a noise multiplier not above 0.
 * Source: Mironov, Talwar, Zhang 2019, theorems 4 and 5 (A is the larger of the two directions).
 * @example renyiDivergence({ sampleRate: 0.01, noiseMultiplier: 1, order: 2 }) // 0.00017
 */
export function renyiDivergence(options: SampledGaussian & { readonly order: number }): number {
  checkOptions('renyiDivergence', options, ['sampleRate', 'noiseMultiplier', 'order']);
  const { sampleRate, noiseMultiplier, order } = checkMechanism('renyiDivergence', options);
  number('renyiDivergence', 'order', order, 1, Number.POSITIVE_INFINITY, true);
  if (sampleRate === 1) return order / (2 * noiseMultiplier ** 2);
  return Math.max(0, logMoment(sampleRate, noiseMultiplier, order) / (order - 1));
}

/** Refuses a rate or a noise for which nothing can be said. */
export function checkMechanism<T extends SampledGaussian>(where: string, mechanism: T): T {
  const { sampleRate, noiseMultiplier } = mechanism;
  if (!(sampleRate > 0 && sampleRate <= 1))
    throw problem(where, 'sampleRate must be above 0 and at most 1', sampleRate);
  if (noiseMultiplier === 0) throw problem(where, 'noiseMultiplier must be above 0', 0, NO_NOISE);
  number(where, 'noiseMultiplier', noiseMultiplier, 0, Number.POSITIVE_INFINITY, true);
  return mechanism;
}

const NO_NOISE = 'without noise epsilon is infinite at every delta';

/**
 * log A. For small q the integrand is nearly the density itself and A = 1 + tiny: what is integrated is A - 1, with
 * (1 + x)^alpha - 1 - alpha x for x = q (e^.. - 1), whose linear part has expectation 0; otherwise every digit would cancel.
 */
function logMoment(q: number, sigma: number, order: number): number {
  const step = Math.min(sigma, sigma * sigma) / 4;
  const low = -REACH * sigma;
  const count = Math.ceil((order + 2 * REACH * sigma) / step);
  let largest = Number.NEGATIVE_INFINITY;
  const logs = new Float64Array(count + 1);
  for (let i = 0; i <= count; i++) {
    const z = low + i * step;
    logs[i] = logExcess(q, (2 * z - 1) / (2 * sigma * sigma), order) - (z * z) / (2 * sigma * sigma);
    largest = Math.max(largest, logs[i]!);
  }
  const sum = logs.reduce((total, log) => total + Math.exp(log - largest), 0);
  const logAbove = largest + Math.log((sum * step) / (sigma * Math.sqrt(2 * Math.PI)));
  return logAbove > 0 ? logAbove + Math.log1p(Math.exp(-logAbove)) : Math.log1p(Math.exp(logAbove));
}

/** Standard deviations beyond the outermost peak after which the normal density no longer matters: exp(-98). */
const REACH = 14;

/** log((1 + x)^alpha - 1 - alpha x) with x = q (e^y - 1) > -1; not negative by Bernoulli's inequality. */
function logExcess(q: number, y: number, order: number): number {
  const ratio = y > 30 ? Math.log(q) + y + Math.log1p((1 - q) / q / Math.exp(y)) : Math.log1p(q * Math.expm1(y));
  const power = order * ratio;
  if (power > 40) return power;
  const x = Math.expm1(ratio);
  const excess =
    Math.abs(x) < 1e-4
      ? ((order * (order - 1)) / 2) * x * x * (1 + ((order - 2) / 3) * x)
      : Math.expm1(power) - order * x;
  return Math.log(Math.max(excess, 0));
}
