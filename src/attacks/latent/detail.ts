import { ndarray } from '../../core/arrays.js';
import { deriveSeed, normalStream } from '../../core/random.js';
import type { NdArray } from '../../core/types.js';

/** Entries of z whose energy is measured together: of one size, as they stand by falling eigenvalue. */
const BAND = 24;

/**
 * A point with what the update leaves open drawn from the prior. The most probable z is short where little is known,
 * and its picture blurred; E z^2 = 1 under the prior, so an entry whose band has mean square e < 1 lacks the variance 1
 * - e: z' = z + sqrt(1 - e) N(0, 1), picture by picture.
 */
export function detailed(point: NdArray, latent: number, seed: number): NdArray {
  const [batch, size] = [point.shape[0]!, point.shape[3]!];
  const out = ndarray(point.shape, point.data.slice());
  for (let b = 0; b < batch; b++) {
    const normal = normalStream(deriveSeed(seed, 'detail', b));
    for (let from = 0; from < latent; from += BAND) {
      const band = out.data.subarray(b * size + from, b * size + Math.min(from + BAND, latent));
      const energy = band.reduce((sum, z) => sum + z * z, 0) / band.length;
      const lack = Math.sqrt(Math.max(0, 1 - energy));
      for (let i = 0; i < band.length; i++) band[i] = band[i]! + lack * normal();
    }
  }
  return out;
}
