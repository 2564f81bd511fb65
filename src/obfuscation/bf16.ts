import { BFLOAT16 } from '../core/float-format.js';
import type { Obfuscation } from '../core/types.js';
import { reducedFloat } from './reduced-float.js';

/** (2 - 2^-7) 2^127 */
const LARGEST = (2 - 2 ** -7) * 2 ** 127;

/**
 * q(g): g as bfloat16 (float32's 8 bits of exponent, 7 of fraction), to the nearest, ties to even; beyond its largest
 * number, that.
 *
 * Cost: 16 bits per entry. Evidence, entry by entry: |true - observed| <= 2^(e - 8) with e = floor(log2 |observed|),
 * at least -126.
 * Source: Kalamkar et al. 2019 (arXiv 1905.12322); torch.bfloat16.
 * @throws NaN or infinite entries
 * @example rog.phi.bf16().apply(update.tensors, 1).report.bitsPerEntry // 16
 */
export const bf16 = (): Obfuscation => reducedFloat('bf16', BFLOAT16, LARGEST);
