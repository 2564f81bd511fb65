import { problem } from '../core/errors.js';
import { checkOptions, integer, number } from '../core/options.js';
import { deriveSeed, normalStream, uniformStream } from '../core/random.js';
import { ORDERS } from './budget.js';
import { checkMechanism, renyiDivergence, type SampledGaussian } from './renyi.js';
import type { TradeOff } from './trade-off.js';

/**
 * gamma <= 1 - f(kappa): the probability with which an attacker who holds all but one record rebuilds it, when
 * somebody without the release succeeds with probability at most kappa (1 / candidates, or what a baseline reaches),
 * whatever the attacker and the prior. For mu-GDP gamma <= Phi(Phi^-1(kappa) + mu); for pure epsilon-DP at most
 * exp(epsilon) kappa.
 * Source: Hayes et al. 2023 (arXiv 2302.07225), theorem 2; Kaissis et al. 2023 (arXiv 2307.03928), theorem 2.
 * @throws kappa outside [0, 1]
 * @example rog.privacy.robustness(rog.privacy.gaussianTradeOff(1), 1 / 10) // 0.39
 */
export const robustness = (tradeOff: TradeOff, kappa: number): number =>
  Math.min(1, Math.max(0, 1 - tradeOff(number('robustness', 'kappa', kappa, 0, 1))));

/**
 * gamma <= (kappa exp(divergence))^((order - 1) / order), at most 1: a mechanism whose Renyi divergence of this order
 * is bounded.
 * Source: Balle, Cherubin, Hayes 2022 (arXiv 2201.04845), theorem 3.
 */
export function renyiGamma(order: number, divergence: number, kappa: number): number {
  number('renyiGamma', 'order', order, 1, Number.POSITIVE_INFINITY, true);
  if (divergence !== Number.POSITIVE_INFINITY)
    number('renyiGamma', 'divergence', divergence, 0, Number.POSITIVE_INFINITY);
  number('renyiGamma', 'kappa', kappa, 0, 1);
  return kappa === 0 ? 0 : Math.min(1, Math.exp(((order - 1) / order) * (Math.log(kappa) + divergence)));
}

/** Steps of the sampled Gaussian mechanism, and what an attacker knows beforehand. */
export interface RobustnessOptions extends SampledGaussian {
  readonly steps: number;
  /** kappa: with what probability somebody without the release succeeds, 0 < kappa < 1. */
  readonly kappa: number;
}

/**
 * The least `renyiGamma` over the orders of the accountant, for `steps` releases of the sampled Gaussian
 * mechanism.
 * @example rog.privacy.renyiRobustness({ sampleRate: 1, noiseMultiplier: 1, steps: 1, kappa: 0.1 }).gamma // 0.52
 */
export function renyiRobustness(options: RobustnessOptions): { readonly gamma: number; readonly order: number } {
  const { sampleRate, noiseMultiplier, steps, kappa } = checkRelease('renyiRobustness', options);
  return ORDERS.map((order) => {
    const divergence = steps === 0 ? 0 : steps * renyiDivergence({ sampleRate, noiseMultiplier, order });
    return { gamma: renyiGamma(order, divergence, kappa), order };
  }).reduce((least, one) => (one.gamma < least.gamma ? one : least));
}

/** Options of {@link dpSgdRobustness}. */
export interface DpSgdOptions extends RobustnessOptions {
  /** Likelihood ratios that are drawn; default 20,000. */
  readonly samples?: number;
  readonly seed?: number;
}

/** A bound by Monte Carlo: its estimate and a 95 % interval. */
export interface DpSgdRobustness {
  readonly gamma: number;
  readonly low: number;
  readonly high: number;
  readonly standardError: number;
  readonly samples: number;
}

/**
 * The bound on gamma for DP-SGD whose every noised sum is seen, tighter than composing: without the record step t shows
 * w_t ~ N(0, sigma^2), with it N(1, sigma^2) with probability q, so
 *
 *     r = prod over t of (1 - q + q exp((2 w_t - 1) / (2 sigma^2))),  gamma = P_with(r >= s),  P_without(r >= s) =
 *     kappa
 *
 * Half of the draws are from each side and weigh 2 / (1 + r) and 2 r / (1 + r), at most 2 each: small kappa keep their
 * precision. The interval is that of gamma = min over s of E[(with - s without)+] + s kappa, at its least. Same seed,
 * same numbers.
 * Source: Hayes et al. 2023 (arXiv 2302.07225), section 3.2 and algorithm 1.
 * @throws those of the accountant; kappa outside (0, 1); fewer than 100 samples
 * @example rog.privacy.dpSgdRobustness({ sampleRate: 0.05, noiseMultiplier: 1, steps: 100, kappa: 0.1 }).gamma // 0.27
 */
export function dpSgdRobustness(options: DpSgdOptions): DpSgdRobustness {
  const { samples = 20_000, seed = 1, ...release } = options;
  const { sampleRate, noiseMultiplier, steps, kappa } = checkRelease('dpSgdRobustness', release);
  integer('dpSgdRobustness', 'samples', samples, 100, 1e8);
  const draw = logRatio(sampleRate, noiseMultiplier, steps, seed);
  const logs = Float64Array.from({ length: samples }, (_, i) => draw(i % 2 === 1))
    .sort()
    .reverse();
  const [withRecord, without] = [
    logs.map((log) => 2 / (1 + Math.exp(-log))),
    logs.map((log) => 2 / (1 + Math.exp(log))),
  ];
  let [taken, gamma, at] = [0, 0, 0];
  for (; at < samples && taken + without[at]! / samples <= kappa; at++) {
    taken += without[at]! / samples;
    gamma += withRecord[at]! / samples;
  }
  const ratio = Math.exp(logs[Math.min(at, samples - 1)]!);
  if (at < samples) gamma += ratio * (kappa - taken);
  const [mean, square] = [withRecord, withRecord].map((list, power) =>
    list.slice(0, at).reduce((sum, a, i) => sum + Math.max(0, a - ratio * without[i]!) ** (power + 1) / samples, 0),
  ) as [number, number];
  const standardError = Math.sqrt(Math.max(0, square - mean * mean) / samples);
  const within = (value: number): number => Math.min(1, Math.max(kappa, value));
  const reach = 1.96 * standardError;
  return { gamma: within(gamma), low: within(gamma - reach), high: within(gamma + reach), standardError, samples };
}

/** log r of a run of steps, with the record in it or without. */
function logRatio(q: number, sigma: number, steps: number, seed: number): (withRecord: boolean) => number {
  const normal = normalStream(deriveSeed(seed, 'noise'));
  const uniform = uniformStream(deriveSeed(seed, 'sampling'));
  return (withRecord) => {
    let log = 0;
    for (let t = 0; t < steps; t++) {
      const w = sigma * normal() + (withRecord && uniform() < q ? 1 : 0);
      const gain = (2 * w - 1) / (2 * sigma * sigma) || 0; // NaN where sigma is the largest of doubles
      log += gain > 30 ? gain + Math.log(q + (1 - q) * Math.exp(-gain)) : Math.log1p(q * Math.expm1(gain));
    }
    return log;
  };
}

function checkRelease(where: string, options: RobustnessOptions): RobustnessOptions {
  checkOptions(where, options, ['sampleRate', 'noiseMultiplier', 'steps', 'kappa']);
  checkMechanism(where, options);
  integer(where, 'steps', options.steps, 0);
  number(where, 'kappa', options.kappa, 0, 1, true);
  if (options.steps > MOST_STEPS) throw problem(where, `steps must be at most ${MOST_STEPS}`, options.steps);
  return options;
}

const MOST_STEPS = 1e6;
