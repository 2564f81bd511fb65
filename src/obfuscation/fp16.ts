import { FLOAT16 } from '../core/float-format.js';
import type { Obfuscation } from '../core/types.js';
import { reducedFloat } from './reduced-float.js';

/**
 * q(g): g as IEEE 754 binary16 (5 bits of exponent, 10 of fraction), to the nearest, ties to even; beyond +-65504 that
 * number.
 *
 * Cost: 16 bits per entry. Evidence, entry by entry: |true - observed| <= 2^(e - 11) with e = floor(log2 |observed|),
 * at least -14 (gradual underflow: what is below 2^-25 becomes 0); Infinity at +-65504.
 * Source: IEEE 754-2019; NVIDIA FLARE's ModelQuantizer `float16`, which clips to the range as here; Flower and OpenFL
 * users' `half()`.
 * @throws NaN or infinite entries
 * @example rog.phi.fp16().apply(update.tensors, 1).report.bitsPerEntry // 16
 */
export const fp16 = (): Obfuscation => reducedFloat('fp16', FLOAT16, 65504);
