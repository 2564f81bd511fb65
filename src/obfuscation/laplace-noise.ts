import { uniformStream } from '../core/random.js';
import type { Obfuscation } from '../core/types.js';
import { type NoiseOptions, noise } from './noise.js';

/**
 * q(g) = g + b l, l standard Laplace, b = sigma / sqrt 2: `sigma` is the standard deviation, as for the Gaussian.
 *
 * Everything else as {@link gaussianNoise}; one uniform number of mulberry32(seed) per entry (inverse distribution).
 * Source: Dwork and Roth 2014, section 3.3.
 * @example rog.phi.laplaceNoise({ sigma: 0.01 }).apply(update.tensors, 3)
 */
export const laplaceNoise = (options: NoiseOptions): Obfuscation => noise('laplaceNoise', options, laplaceStream);

function laplaceStream(seed: number): () => number {
  const uniform = uniformStream(seed);
  return () => {
    const u = uniform() - 0.5;
    // u = -1/2 would give an infinite number.
    return (-Math.sign(u) * Math.log(Math.max(1 - 2 * Math.abs(u), 2 ** -33))) / Math.SQRT2;
  };
}
