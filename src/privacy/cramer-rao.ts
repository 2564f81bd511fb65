import { problem } from '../core/errors.js';
import { checkOptions, integer, number } from '../core/options.js';

/** What a release says of d unknown numbers, on average over the prior. */
export interface Information {
  /** trace of the Fisher information: E ||J||_F^2 / sigma^2 for y = g(x) + N(0, sigma^2), J = dg/dx. Not negative. */
  readonly trace: number;
  /** d: how many numbers are unknown, e.g. pixels times channels times images. */
  readonly unknowns: number;
  /** s^2 of the prior N(m, s^2) of each, > 0. */
  readonly priorVariance: number;
}

/**
 * MSE >= 1 / (trace / d + 1 / s^2): no estimator of d numbers with independent normal priors of variance s^2 has a
 * smaller mean squared error per number, on average over the prior. Between s^2 (the release says nothing) and 0.
 * Tight where y is linear in x with equal singular values; the spectral form {@link spectralCramerRao} is tight for
 * every linear y.
 * Source: van Trees 1968, section 2.4.3; Gill and Levit 1995.
 * @example rog.bounds.cramerRao({ trace: 3072 * 16, unknowns: 3072, priorVariance: 0.0625 }) // 0.03125
 */
export function cramerRao(information: Information): number {
  checkOptions('cramerRao', information, ['trace', 'unknowns', 'priorVariance']);
  const { trace, unknowns, priorVariance } = information;
  integer('cramerRao', 'unknowns', unknowns, 1);
  number('cramerRao', 'priorVariance', priorVariance, 0, Number.POSITIVE_INFINITY, true);
  if (trace === Number.POSITIVE_INFINITY) return 0;
  number('cramerRao', 'trace', trace, 0, Number.POSITIVE_INFINITY);
  return 1 / (trace / unknowns + 1 / priorVariance);
}

/**
 * MSE >= (1 / d) sum over i of 1 / (lambda_i + 1 / s^2), lambda_i the eigenvalues of the Fisher information: at least
 * {@link cramerRao} of their sum (Jensen). Fewer than d values: the others are taken as 0 only if `rest` says nothing,
 * else as their mean, rest / (d - k).
 * @param eigenvalues the largest first or in any order, none negative
 */
export function spectralCramerRao(
  eigenvalues: readonly number[],
  { unknowns, priorVariance, rest = 0 }: Omit<Information, 'trace'> & { readonly rest?: number },
): number {
  integer('spectralCramerRao', 'unknowns', unknowns, 1);
  number('spectralCramerRao', 'priorVariance', priorVariance, 0, Number.POSITIVE_INFINITY, true);
  number('spectralCramerRao', 'rest', rest, 0, Number.POSITIVE_INFINITY);
  if (eigenvalues.length > unknowns)
    throw problem('spectralCramerRao', `there are at most ${unknowns} eigenvalues`, eigenvalues.length);
  const error = (lambda: number): number =>
    1 / (number('spectralCramerRao', 'an eigenvalue', lambda, 0, Number.POSITIVE_INFINITY) + 1 / priorVariance);
  const left = unknowns - eigenvalues.length;
  const sum = eigenvalues.reduce((total, lambda) => total + error(lambda), 0);
  return (sum + (left > 0 ? left * error(rest / left) : 0)) / unknowns;
}

/** PSNR (dB) of a mean squared error on pictures in [0, 1]: -10 log10(MSE). */
export const psnrOf = (mse: number): number => -10 * Math.log10(mse);
