import { checkMatches } from '../core/arrays.js';
import type { NamedArray, NdArray } from '../core/types.js';
import { psnrOf } from '../privacy/index.js';
import { type Jacobian, unknownsOf } from './jacobian.js';
import { ritzValues } from './spectrum.js';

/** The error that a change of an update should cause in what is rebuilt from it. */
export interface Influence {
  /** ||J^T delta|| / lambda_max(J^T J): the norm of the error of all pixel values together. */
  readonly error: number;
  /** error^2 / d. */
  readonly mse: number;
  /** -10 log10(mse), dB. */
  readonly psnr: number;
}

/** Lanczos steps for the largest eigenvalue. */
const STEPS = 12;

/** lambda_max(J^T J) = lambda_max(J J^T) at given pictures, from below, by twelve Lanczos steps. */
export const largestEigenvalue = async (jacobian: Jacobian, images: NdArray, seed = 1): Promise<number> =>
  (await ritzValues(jacobian, [images], { steps: STEPS, seed }))[0]!;

/**
 * Inversion influence: ||J^T delta|| / lambda_max(J^T J), delta = phi(g) - g, for any phi, at the private pictures: to
 * first order no inversion of the changed update comes nearer, and of two phi the one with more influence hides more.
 * The auditor's, not the attacker's: it needs the private pictures. An indication: of first order, and for an attacker
 * without a prior.
 * @param lambda of largestEigenvalue(), where it is known already
 * Source: Zhang et al. 2023 (arXiv 2309.13016), section 3 (their Jacobian is the transposed one).
 * @example (await rog.bounds.inversionInfluence(jacobian, batch.images, update.tensors, observed.tensors)).psnr
 */
export async function inversionInfluence(
  jacobian: Jacobian,
  images: NdArray,
  update: readonly NamedArray[],
  observed: readonly NamedArray[],
  lambda?: number,
): Promise<Influence> {
  checkMatches('inversionInfluence', observed, update);
  const changes = update.map(({ shape, data }, k) => ({ shape, data: data.map((g, i) => observed[k]!.data[i]! - g) }));
  const { data } = await jacobian.transposed(images, changes);
  const norm = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));
  const error = norm === 0 ? 0 : norm / (lambda ?? (await largestEigenvalue(jacobian, images)));
  const mse = error ** 2 / unknownsOf(jacobian);
  return { error, mse, psnr: psnrOf(mse) };
}
