import { rounded } from '../core/evidence.js';
import type { Obfuscation } from '../core/types.js';
import { operator } from './operator.js';
import { type QuantizerOptions, quantize, resolveQuantizer, shown } from './quantize.js';

/**
 * q(g) = sign(g) * round(s |g| / M) * M / s, with s = 2^(bits-1) - 1, M = max|g| of the tensor, half away from zero.
 *
 * Deterministic: the seed is not used. Cost: `bits` per entry and 32 per scale. Evidence: |true - observed| <= M / 2s
 * for every entry, zeros included (up to float32 rounding). An all-zero tensor stays zero.
 * Source: Yue et al. 2023, section 2.2 (phi_q).
 * @throws bits outside 2..16; unknown options; NaN or infinite entries
 * @example rog.uniformQuantizer({ bits: 3 }).apply(update.tensors, 1).report.bitsPerEntry // 3.0...
 */
export function uniformQuantizer(options: QuantizerOptions): Obfuscation {
  const resolved = resolveQuantizer('uniformQuantizer', options);
  return operator('uniformQuantizer', { ...resolved }, shown(resolved), (tensors, context) =>
    // Math.round takes halves up: away from zero, since levels are not negative.
    quantize(tensors, resolved, context, Math.round, (before, step) => rounded(before, step / 2, step / 2)),
  );
}
