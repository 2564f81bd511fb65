import { problem } from '../core/errors.js';
import { checkOptions, integer, number, oneOf } from '../core/options.js';
import { checkMechanism, renyiDivergence, type SampledGaussian } from './renyi.js';

/** From a Renyi divergence r of order a to epsilon at delta. */
const CONVERSIONS = {
  /** epsilon = r + log(1 / delta) / (a - 1). Mironov 2017, proposition 3. */
  classic: (r: number, a: number, delta: number): number => r - Math.log(delta) / (a - 1),
  /**
   * epsilon = r + log((a - 1) / a) - (log delta + log a) / (a - 1). Balle et al. 2020, theorem 21; Canonne et al.
   * 2020, proposition 12. 0 where delta^2 > 1 - exp(-r), a bound of the total variation (Bretagnolle and Huber 1979).
   */
  improved: (r: number, a: number, delta: number): number =>
    delta * delta > -Math.expm1(-r) ? 0 : r + Math.log1p(-1 / a) - (Math.log(delta) + Math.log(a)) / (a - 1),
};

export type Conversion = keyof typeof CONVERSIONS;

/** Options of {@link privacyBudget}. */
export interface BudgetOptions extends SampledGaussian {
  /** Number of releases: local steps of a client at example level, rounds at client level. */
  readonly steps: number;
  /** Probability with which epsilon may be exceeded, 0 < delta < 1; well below one over the number of records. */
  readonly delta: number;
  /** `improved` (default) or `classic`, the looser one that most papers before 2020 print. */
  readonly conversion?: Conversion;
  /** Orders to choose from, each above 1; default 1.0001 to 1024. */
  readonly orders?: readonly number[];
}

/** What has been spent, and at which order the bound was found. */
export interface PrivacyBudget {
  readonly epsilon: number;
  readonly delta: number;
  readonly order: number;
  readonly conversion: Conversion;
}

/**
 * epsilon(delta) = min over orders a of convert(steps * D_a, a, delta), at least 0: what `steps` releases of the
 * Poisson-sampled Gaussian mechanism reveal about one record, whose addition or removal is hidden. A record is an
 * image (clipping per example) or a client (clipping per update).
 *
 * It holds for real Poisson sampling, kept secret from whoever sees the releases; for a server that knows who takes
 * part, q = 1.
 * Source: Mironov, Talwar, Zhang 2019; Mironov 2017 (releases add up); the conversions as named in the options.
 * @throws delta outside (0, 1); a noise multiplier of 0; a rate outside (0, 1]; steps not a whole number
 * @example
 * const settings = { sampleRate: 256 / 60000, noiseMultiplier: 1.1, steps: 14062, delta: 1e-5 };
 * rog.privacy.privacyBudget(settings).epsilon // 2.60
 */
export function privacyBudget(options: BudgetOptions): PrivacyBudget {
  checkBudget('privacyBudget', options);
  const { sampleRate, noiseMultiplier, steps, delta, conversion = 'improved', orders = ORDERS } = options;
  const convert = CONVERSIONS[oneOf('privacyBudget', 'conversion', conversion, ['improved', 'classic'])];
  if (orders.length === 0) throw problem('privacyBudget', 'orders must not be empty', orders);
  const best = orders
    .map((order) => {
      const divergence = steps * renyiDivergence({ sampleRate, noiseMultiplier, order });
      return { order, epsilon: steps === 0 ? 0 : Math.max(0, convert(divergence, order, delta)) };
    })
    .reduce((least, one) => (one.epsilon < least.epsilon ? one : least));
  return { ...best, delta, conversion };
}

/** Options of {@link noiseFor}. */
export interface NoiseForOptions extends Omit<BudgetOptions, 'noiseMultiplier'> {
  /** The epsilon that must not be exceeded, > 0. */
  readonly epsilon: number;
}

/**
 * The smallest noise multiplier (to 0.1 %) with which {@link privacyBudget} stays within epsilon, by bisection.
 * @throws those of privacyBudget; an epsilon that no multiplier from 0.05 to 10,000 gives
 * @example rog.privacy.noiseFor({ epsilon: 3, delta: 1e-5, sampleRate: 0.01, steps: 1000 }) // 0.86
 */
export function noiseFor(options: NoiseForOptions): number {
  const { epsilon, ...rest } = options;
  number('noiseFor', 'epsilon', epsilon, 0, Number.POSITIVE_INFINITY, true);
  const spent = (noiseMultiplier: number): number => privacyBudget({ ...rest, noiseMultiplier }).epsilon;
  let [low, high] = [0.05, 1e4];
  if (spent(high) > epsilon) throw problem('noiseFor', `epsilon is beyond a noise multiplier of ${high}`, epsilon);
  if (spent(low) <= epsilon) return low;
  while (high / low > 1.001) {
    const middle = Math.sqrt(low * high);
    if (spent(middle) > epsilon) low = middle;
    else high = middle;
  }
  return high;
}

function checkBudget(where: string, options: BudgetOptions): void {
  checkOptions(where, options, ['sampleRate', 'noiseMultiplier', 'steps', 'delta', 'conversion', 'orders']);
  checkMechanism(where, options);
  integer(where, 'steps', options.steps, 0);
  number(where, 'delta', options.delta, 0, 1, true);
}

/** Near one for budgets beyond all use, fine where large budgets have their best order, then powers. */
export const ORDERS: readonly number[] = [
  ...[1.0001, 1.0002, 1.0005, 1.001, 1.002, 1.005, 1.01, 1.02, 1.05],
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  ...[72, 80, 96, 112, 128, 160, 192, 256, 384, 512, 768, 1024],
];
