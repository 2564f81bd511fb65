import { problem } from '../core/errors.js';
import { sum } from '../core/numbers.js';
import { checkOptions, integer, number } from '../core/options.js';
import { normalCdf, normalQuantile } from './normal-law.js';

/**
 * f(alpha): the least type II error of any test that tells the outputs for two neighbouring data sets apart at type I
 * error alpha. Falling and convex from at most 1 at 0 to 0 at 1; 1 - alpha is perfect privacy. Source: Dong, Roth, Su
 * 2019, definition 2.1.
 */
export type TradeOff = (alpha: number) => number;

const onErrors =
  (where: string, of: TradeOff): TradeOff =>
  (alpha) =>
    of(number(where, 'alpha', alpha, 0, 1));

/**
 * G_mu(alpha) = Phi(Phi^-1(1 - alpha) - mu): N(0, 1) against N(mu, 1). Source: Dong, Roth, Su 2019, equation 6.
 * @example rog.privacy.gaussianTradeOff(1)(0.05) // 0.74
 */
export function gaussianTradeOff(mu: number): TradeOff {
  if (mu !== Number.POSITIVE_INFINITY) number('gaussianTradeOff', 'mu', mu, 0, Number.POSITIVE_INFINITY);
  return onErrors('gaussianTradeOff', (alpha) =>
    alpha === 0 ? 1 : alpha === 1 ? 0 : normalCdf(-normalQuantile(alpha) - mu),
  );
}

/**
 * f(alpha) = max(0, 1 - delta - exp(epsilon) alpha, exp(-epsilon) (1 - delta - alpha)): (epsilon, delta)-differential
 * privacy.
 * Source: Wasserman and Zhou 2010; Dong, Roth, Su 2019, proposition 2.5.
 */
export function budgetTradeOff({ epsilon, delta }: { readonly epsilon: number; readonly delta: number }): TradeOff {
  number('budgetTradeOff', 'epsilon', epsilon, 0, Number.POSITIVE_INFINITY);
  number('budgetTradeOff', 'delta', delta, 0, 1);
  return onErrors('budgetTradeOff', (alpha) =>
    // exp(epsilon) may be Infinity
    Math.max(0, 1 - delta - (alpha && Math.exp(epsilon) * alpha), Math.exp(-epsilon) * (1 - delta - alpha)),
  );
}

/** Probabilities of the outputs of a mechanism for two neighbouring inputs, output by output. */
export interface OutputPair {
  readonly p: readonly number[];
  readonly q: readonly number[];
}

/**
 * The trade-off function of a mechanism with finitely many outputs: the likelihood-ratio tests, outputs in falling
 * order of q / p, joined by straight lines (Neyman and Pearson).
 * @throws lists of different length, negative entries, sums that are not 1
 */
export function discreteTradeOff(pair: OutputPair): TradeOff {
  const { p, q } = checkPair('discreteTradeOff', pair);
  const order = p.map((_, k) => k).sort((a, b) => q[b]! * p[a]! - q[a]! * p[b]!);
  return onErrors('discreteTradeOff', (alpha) => {
    let [left, missed] = [alpha, 1];
    for (const k of order) {
      const share = p[k]! === 0 ? 1 : Math.min(1, left / p[k]!);
      missed -= share * q[k]!;
      left -= share * p[k]!;
    }
    return Math.max(0, missed);
  });
}

/** Options of the ternary compressor: |x| <= c < A <= B; +1 or -1 with probability (A +- x) / (2 B), else 0. */
export interface TernaryOptions {
  /** The largest |x| of a coordinate, > 0. */
  readonly c: number;
  /** A > c. */
  readonly A: number;
  /** B >= A. */
  readonly B: number;
}

/** What one coordinate comes out as (+1, 0, -1), when it is -c and when it is c. @throws c, A, B out of order */
export function ternaryPair(options: TernaryOptions): OutputPair {
  checkOptions('ternary', options, ['c', 'A', 'B']);
  const { c, A, B } = options;
  number('ternary', 'c', c, 0, Number.POSITIVE_INFINITY, true);
  if (!(A > c && A <= B && Number.isFinite(B))) throw problem('ternary', 'must be c < A <= B', [c, A, B]);
  const [up, down, none] = [(A + c) / (2 * B), (A - c) / (2 * B), 1 - A / B];
  return { p: [down, none, up], q: [up, none, down] };
}

/**
 * The trade-off function of one coordinate of the ternary compressor. Its slopes are -(A + c) / (A - c), -1 and -(A -
 * c) / (A + c), with corners at (A - c) / 2B and 1 - (A + c) / 2B; epsilon = log((A + c) / (A - c)) at delta 0.
 * Source: Jin et al. 2023 (arXiv 2302.09624), theorem 4.
 * @example rog.privacy.ternaryTradeOff({ c: 0.1, A: 0.25, B: 0.5 })(0.05) // 0.88
 */
export const ternaryTradeOff = (options: TernaryOptions): TradeOff => discreteTradeOff(ternaryPair(options));

/** T uses of a mechanism as about mu-GDP, and how far from it in both errors. */
export interface Composition {
  readonly mu: number;
  /** G_mu(alpha + gamma) - gamma <= f(alpha) <= G_mu(alpha - gamma) + gamma; at 1/2 or above it says nothing. */
  readonly gamma: number;
}

/**
 * Central limit theorem of composition, for T independent uses (e.g. T coordinates) of a mechanism with symmetric
 * finitely many outputs, with L = log(q / p) of the output:
 *
 *     kl = E_q L, k2 = E_q L^2, k3 = E_q |L - kl|^3
 *     mu = 2 sqrt(T) kl / sqrt(k2 - kl^2),  gamma = 0.56 k3 / ((k2 - kl^2)^(3/2) sqrt(T))
 *
 * For the ternary compressor mu = 2 sqrt(T) c / sqrt(A B - c^2) (Jin et al. 2023, theorem 5).
 * Source: Dong, Roth, Su 2019, theorem 3.4.
 * @throws outputs that only one of the two inputs gives (no limit); times not a whole number above 0
 * @example rog.privacy.composition(rog.privacy.ternaryPair({ c: 0.1, A: 0.25, B: 0.5 }), 1000).mu // 18.7
 */
export function composition(pair: OutputPair, times: number): Composition {
  const { p, q } = checkPair('composition', pair);
  integer('composition', 'times', times, 1);
  const outputs = p.map((_, k) => k).filter((k) => p[k]! > 0 || q[k]! > 0);
  if (outputs.some((k) => p[k] === 0 || q[k] === 0))
    throw problem('composition', 'every output must be possible for both inputs', p, 'else mu is infinite');
  const mean = (of: (x: number) => number): number =>
    outputs.reduce((sum, k) => sum + q[k]! * of((p[k]! - q[k]!) / q[k]!), 0);
  const kl = mean(excess);
  const deviation = Math.sqrt(mean((x) => (Math.log1p(x) + kl) ** 2));
  if (deviation === 0) return { mu: 0, gamma: 0 };
  const third = mean((x) => Math.abs((Math.log1p(x) + kl) / deviation) ** 3);
  return { mu: (2 * Math.sqrt(times) * kl) / deviation, gamma: (0.56 * third) / Math.sqrt(times) };
}

/** x - log(1 + x), not negative: with x = (p - q) / q its mean under q is kl, and no digit cancels. */
const excess = (x: number): number => (Math.abs(x) < 1e-4 ? x * x * (1 / 2 - x * (1 / 3 - x / 4)) : x - Math.log1p(x));

function checkPair(where: string, { p, q }: OutputPair): OutputPair {
  if (p.length !== q.length || p.length === 0)
    throw problem(where, 'p and q must list the same outputs', [p.length, q.length]);
  for (const list of [p, q]) {
    for (const one of list) number(where, 'a probability', one, 0, 1);
    const total = sum(list);
    if (Math.abs(total - 1) > 1e-9) throw problem(where, 'probabilities must sum to 1', total);
  }
  return { p, q };
}
