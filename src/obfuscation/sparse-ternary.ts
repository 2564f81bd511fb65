import { rounded } from '../core/evidence.js';
import { checked, type OptionTable, real, word } from '../core/option-table.js';
import type { Obfuscation } from '../core/types.js';
import { nonzeroCount } from './message.js';
import { operator } from './operator.js';
import { keepLargest } from './top-k.js';

/** Options of {@link sparseTernary}. */
export interface SparseTernaryOptions {
  /** Share of the entries of a tensor that is zeroed, 0 <= sparsity < 1. Default 0.9. */
  readonly sparsity?: number;
  /** Over what the size is a mean: the `kept` entries (default, the paper), or `all`, zeros too (OpenFL's code). */
  readonly mean?: 'kept' | 'all';
}

const OPTIONS = {
  sparsity: real('share of the entries that is zeroed', 0.9, { below: 1 }),
  mean: word('over what the size is a mean', ['kept', 'all'], 'kept'),
} satisfies OptionTable<SparseTernaryOptions>;

/**
 * q(g) = mu sign(g) for the k = ceil((1 - sparsity) n) largest |g| of a tensor, else 0; mu the mean |g| of those kept.
 *
 * Cost: 1 bit per entry kept, their positions (see `bitsPerEntry`), 32 per tensor. Evidence: of a kept entry its sign
 * (no bound), of a dropped one that it is at most the mean of those kept, for none of them is smaller; of `mean:
 * 'all'` no scale.
 * Source: Sattler et al. 2019 (STC, arXiv 1903.02891), algorithm 1; OpenFL's STCPipeline keeps 10 % and divides by n
 * (`mean: 'all'`).
 * @throws sparsity outside [0, 1); unknown options; NaN or infinite entries
 * @example rog.phi.sparseTernary().apply(update.tensors, 1).report.bitsPerEntry // 0.57
 */
export function sparseTernary(options: SparseTernaryOptions = {}): Obfuscation {
  const { sparsity, mean } = checked('sparseTernary', options, OPTIONS);
  const shown = mean === 'kept' ? ['sparsity'] : ['sparsity', 'mean'];
  return operator('sparseTernary', { sparsity, mean }, shown, (tensors, { before, message }) => {
    const kept = tensors.map(({ data }) => keepLargest([data], sparsity).values[0]!);
    const means = kept.map((data) => data.reduce((sum, g) => sum + Math.abs(g), 0) / (nonzeroCount([data]) || 1));
    const sizes = kept.map((data, t) => means[t]! * (mean === 'all' ? nonzeroCount([data]) / (data.length || 1) : 1));
    return {
      values: kept.map((data, t) => data.map((g) => Math.sign(g) * sizes[t]!)),
      evidence: before.map((e, t) => ({
        ...rounded(e, Number.POSITIVE_INFINITY, means[t]!),
        scaleUnknown: e.scaleUnknown || mean === 'all',
      })),
      message: { valueBits: 1, sent: nonzeroCount(kept), headers: message.headers + tensors.length },
    };
  });
}
