import { normalStream } from '../core/random.js';
import type { Obfuscation } from '../core/types.js';
import { type NoiseOptions, noise } from './noise.js';

/**
 * q(g) = g + sigma n, n standard normal; or sigma^2 = ||g||^2 / (N 10^(snr/10)) over the N entries of the scope.
 *
 * Every entry gets noise, zeros of an earlier operator too. Draws: `normalStream(seed)` in order. Cost: 32 bits per
 * entry. Evidence: noise sigma; for an SNR what the server can derive, ||observed||^2 / (N (1 + 10^(snr/10))).
 * An all-zero update has no signal to measure an SNR by and stays zero.
 * Source: Yue et al. 2023, section 6 and Table 1; Wei et al. 2021.
 * @throws both or neither of sigma and snr; unknown options; NaN or infinite entries
 * @example rog.phi.gaussianNoise({ snr: -10 }).apply(update.tensors, 3)
 */
export const gaussianNoise = (options: NoiseOptions): Obfuscation => noise('gaussianNoise', options, normalStream);
