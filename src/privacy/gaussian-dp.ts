import { checkOptions, integer, number, oneOf } from '../core/options.js';
import { millsRatio, normalCdf, normalDensity } from './normal-law.js';
import { checkMechanism, type SampledGaussian } from './renyi.js';

/** How the records of a step are drawn. */
export type Sampling = keyof typeof SAMPLINGS;

/** The limit of mu / (q sqrt(steps)) for noise sigma. */
const SAMPLINGS = {
  /** Each record by itself with probability q. Bu et al. 2020, theorem 5. */
  poisson: (sigma: number): number => Math.sqrt(Math.expm1(1 / sigma ** 2)),
  /** A batch of a fixed size, all batches alike. Dong, Roth, Su 2019, corollary 5.4. */
  uniform: (sigma: number): number =>
    Math.SQRT2 * Math.sqrt(Math.exp(1 / sigma ** 2) * normalCdf(1.5 / sigma) + 3 * normalCdf(-0.5 / sigma) - 2),
};

/** Options of {@link gaussianMu}. */
export interface GaussianMuOptions extends SampledGaussian {
  readonly steps: number;
  /** `poisson` (default) or `uniform`. */
  readonly sampling?: Sampling;
}

/**
 * mu = q sqrt(T (exp(1 / sigma^2) - 1)): T steps of the Poisson-sampled Gaussian mechanism are about mu-Gaussian
 * differential privacy, by a central limit theorem for many steps at small rates. Without sampling (q = 1) a step is
 * 1/sigma-GDP and T of them sqrt(T)/sigma exactly: {@link releasesMu}. A limit, no bound: for a guarantee see
 * privacyBudget().
 * Source: Bu, Dong, Long, Su 2020, theorem 5; Dong, Roth, Su 2019, section 5 (uniform batches).
 * @throws a rate outside (0, 1]; a noise multiplier not above 0; steps not a whole number
 * @example rog.privacy.gaussianMu({ sampleRate: 256 / 60000, noiseMultiplier: 1.1, steps: 14062 }) // 0.57
 */
export function gaussianMu(options: GaussianMuOptions): number {
  checkOptions('gaussianMu', options, ['sampleRate', 'noiseMultiplier', 'steps', 'sampling']);
  const { sampleRate, noiseMultiplier } = checkMechanism('gaussianMu', options);
  const { steps, sampling = 'poisson' } = options;
  integer('gaussianMu', 'steps', steps, 0);
  oneOf('gaussianMu', 'sampling', sampling, ['poisson', 'uniform']);
  return steps === 0 ? 0 : sampleRate * Math.sqrt(steps) * SAMPLINGS[sampling](noiseMultiplier);
}

/** mu = sqrt(T) / sigma: T releases with every record in each, exactly (Dong, Roth, Su 2019, corollary 3.3). */
export function releasesMu({
  noiseMultiplier,
  steps,
}: {
  readonly noiseMultiplier: number;
  readonly steps: number;
}): number {
  checkMechanism('releasesMu', { sampleRate: 1, noiseMultiplier });
  return Math.sqrt(integer('releasesMu', 'steps', steps, 0)) / noiseMultiplier;
}

/**
 * delta(epsilon) = Phi(-epsilon / mu + mu / 2) - exp(epsilon) Phi(-epsilon / mu - mu / 2): the least delta with which
 * mu-GDP is (epsilon, delta)-differential privacy. Keeps its digits in the tail. Range [0, 1].
 * Source: Dong, Roth, Su 2019, corollary 2.13; Balle and Wang 2018, theorem 8.
 * @throws mu or epsilon below 0
 * @example rog.privacy.gaussianDelta({ mu: 1, epsilon: 1 }) // 0.1269
 */
export function gaussianDelta({ mu, epsilon }: { readonly mu: number; readonly epsilon: number }): number {
  if (mu === Number.POSITIVE_INFINITY) return 1;
  number('gaussianDelta', 'mu', mu, 0, Number.POSITIVE_INFINITY);
  number('gaussianDelta', 'epsilon', epsilon, 0, Number.POSITIVE_INFINITY);
  if (mu === 0) return 0;
  const [near, far] = [mu / 2 - epsilon / mu, mu / 2 + epsilon / mu];
  // exp(epsilon) phi(far) = phi(near)
  if (near > 0) return normalCdf(near) - normalDensity(near) * millsRatio(far);
  return Number.isFinite(near) ? normalDensity(near) * (millsRatio(-near) - millsRatio(far)) : 0;
}

/**
 * epsilon(delta), the inverse of {@link gaussianDelta}: 0 where delta is that of epsilon 0 or more.
 * @throws mu below 0; delta outside (0, 1)
 * @example rog.privacy.gaussianEpsilon({ mu: 1, delta: 1e-5 }) // 4.38
 */
export function gaussianEpsilon({ mu, delta }: { readonly mu: number; readonly delta: number }): number {
  number('gaussianEpsilon', 'delta', delta, 0, 1, true);
  if (mu === Number.POSITIVE_INFINITY) return mu;
  return falling((epsilon) => gaussianDelta({ mu, epsilon }), delta);
}

/**
 * mu(epsilon, delta): the Gaussian differential privacy that (epsilon, delta) comes from, the inverse of {@link
 * gaussianDelta} in mu.
 * @throws epsilon below 0; delta outside (0, 1)
 * @example rog.privacy.gaussianMuOf({ epsilon: 4.38, delta: 1e-5 }) // 1.00
 */
export function gaussianMuOf({ epsilon, delta }: { readonly epsilon: number; readonly delta: number }): number {
  number('gaussianMuOf', 'epsilon', epsilon, 0, Number.POSITIVE_INFINITY);
  number('gaussianMuOf', 'delta', delta, 0, 1, true);
  return 1 / falling((inverse) => gaussianDelta({ mu: 1 / inverse, epsilon }), delta);
}

/** The x >= 0 at which a falling function has a value, by bisection to the last digits; 0 where it starts below. */
function falling(of: (x: number) => number, value: number): number {
  if (of(0) <= value) return 0;
  let [low, high] = [0, 1];
  while (of(high) > value) [low, high] = [high, high * 2];
  for (let round = 0; round < 200 && high - low > 1e-15 * high; round++) {
    const middle = (low + high) / 2;
    if (of(middle) > value) low = middle;
    else high = middle;
  }
  return high;
}
