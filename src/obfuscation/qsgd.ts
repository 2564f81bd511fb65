import { rounded } from '../core/evidence.js';
import { uniformStream } from '../core/random.js';
import type { Obfuscation } from '../core/types.js';
import { operator } from './operator.js';
import { type QuantizerOptions, quantize, resolveQuantizer, shown } from './quantize.js';

/**
 * q(g) = sign(g) * (floor(r) + [u < r - floor(r)]) * M / s, with r = s |g| / M, s = 2^(bits-1) - 1, u uniform in [0,
 * 1).
 *
 * Unbiased: E q(g) = g. M = max|g| of the tensor as in the paper; `norm: 'l2'` is the QSGD paper's own scale. One draw
 * per entry, in order, from mulberry32(seed). Cost: `bits` per entry and 32 per scale. Evidence: |true - observed| <
 * M / s; noise M / (s sqrt 6), the root of the rounding's variance step^2 f (1 - f) averaged over a uniform fraction f
 * (it lies within the tolerance, not on top of it). An all-zero tensor stays zero.
 * Source: Alistarh et al. 2017, section 3.1; Yue et al. 2023, section 2.2 (phi_qsgd).
 * @throws bits outside 2..16; unknown options; NaN or infinite entries
 * @example rog.phi.qsgd({ bits: 3 }).apply(update.tensors, 7)
 */
export function qsgd(options: QuantizerOptions): Obfuscation {
  const resolved = resolveQuantizer('qsgd', options);
  return operator('qsgd', { ...resolved }, shown(resolved), (tensors, context) => {
    const uniform = uniformStream(context.seed);
    const round = (level: number) => {
      const floor = Math.floor(level);
      return floor + (uniform() < level - floor ? 1 : 0);
    };
    return quantize(tensors, resolved, context, round, (before, step) =>
      rounded(before, step, step, step / Math.sqrt(6)),
    );
  });
}
