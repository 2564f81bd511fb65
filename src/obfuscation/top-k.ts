import { rounded } from '../core/evidence.js';
import { checked, type OptionTable, real, word } from '../core/option-table.js';
import type { Obfuscation } from '../core/types.js';
import { nonzeroCount } from './message.js';
import { operator } from './operator.js';
import { groupCount, SCOPES, type Scope } from './scope.js';
import { sizeAt } from './size-at.js';

/** Options of {@link topK}. */
export interface TopKOptions {
  /** Share of the entries that is zeroed, 0 <= sparsity < 1. Default 0.95. */
  readonly sparsity?: number;
  /** 'tensor' (default, as the paper): the largest of each tensor; 'update': the largest of all. */
  readonly scope?: Scope;
}

const OPTIONS = {
  sparsity: real('share of the entries that is zeroed', 0.95, { below: 1 }),
  scope: word('the largest of each tensor, or of all', SCOPES, 'tensor'),
} satisfies OptionTable<TopKOptions>;

/**
 * Keeps the k = ceil((1 - sparsity) n) entries of largest |g|, the rest becomes 0.
 *
 * Exactly k of a scope of n entries (the product in float64, so 0.95 of 40 keeps 3); of equal entries the first stay.
 * Cost: 32 bits per nonzero sent, n H(k/n) bits for the positions (see `bitsPerEntry`), 32 for the threshold. Evidence:
 * kept entries are exact, dropped ones at most the smallest kept |g| of the scope.
 * Source: Yue et al. 2023, section 2.2; Aji and Heafield 2017.
 * @throws sparsity outside [0, 1); unknown options; NaN or infinite entries
 * @example rog.phi.topK({ sparsity: 0.95 }).apply(update.tensors, 1)
 */
export function topK(options: TopKOptions = {}): Obfuscation {
  const { sparsity, scope } = checked('topK', options, OPTIONS);
  const parameters = { sparsity, scope };
  return operator('topK', parameters, scope === 'tensor' ? ['sparsity'] : ['sparsity', 'scope'], (tensors, context) => {
    const arrays = tensors.map(({ data }) => data);
    const groups = (scope === 'tensor' ? arrays.map((data) => [data]) : [arrays]).map((group) =>
      keepLargest(group, sparsity),
    );
    const values = groups.flatMap((group) => group.values);
    return {
      values,
      evidence: context.before.map((e, t) => rounded(e, 0, groups[scope === 'tensor' ? t : 0]!.threshold)),
      message: {
        ...context.message,
        sent: nonzeroCount(values),
        headers: context.message.headers + groupCount(tensors, scope),
      },
    };
  });
}

/** The k largest of several arrays together, and the smallest |g| among them. */
export function keepLargest(
  arrays: readonly Float32Array[],
  sparsity: number,
): { values: Float32Array[]; threshold: number } {
  const n = arrays.reduce((sum, data) => sum + data.length, 0);
  if (n === 0) return { values: arrays.map(() => new Float32Array(0)), threshold: 0 };
  const k = Math.min(n, Math.ceil((1 - sparsity) * n));
  const threshold = sizeAt(arrays, n - k);
  let ties = k;
  for (const data of arrays) for (let i = 0; i < data.length; i++) if (Math.abs(data[i]!) > threshold) ties--;
  const stays = (g: number) => Math.abs(g) > threshold || (Math.abs(g) === threshold && ties-- > 0);
  return { values: arrays.map((data) => data.map((g) => (stays(g) ? g : 0))), threshold };
}
