import { checked, needed, type OptionTable, whole, word } from '../core/option-table.js';
import type { Evidence, NamedArray } from '../core/types.js';
import type { Context, Outcome } from './operator.js';
import { groupCount, NORMS, type Norm, norms, perScope, SCOPES, type Scope } from './scope.js';

/** Options of the quantizers. */
export interface QuantizerOptions {
  /** Bits per entry, 2 to 16: one sign bit and bits - 1 of magnitude, s = 2^(bits-1) - 1 levels above zero. */
  readonly bits: number;
  /** The top level: 'max' (default, as the paper) the largest |g|, or 'l2' the Euclidean norm (as the QSGD paper). */
  readonly norm?: Norm;
  /** 'tensor' (default): one scale per tensor; 'update': one for all. */
  readonly scope?: Scope;
}

export type ResolvedQuantizer = Required<QuantizerOptions>;

const OPTIONS = {
  bits: needed(
    whole('bits per entry', undefined, {
      from: 2,
      to: 16,
      fix: (bits) => (bits === 1 ? 'for one bit use sign()' : undefined),
    }),
  ),
  norm: word('the top level: the largest |g|, or the Euclidean norm', NORMS, 'max'),
  scope: word('one scale per tensor, or one for all', SCOPES, 'tensor'),
} satisfies OptionTable<QuantizerOptions>;

export const resolveQuantizer = (where: string, options: QuantizerOptions): ResolvedQuantizer =>
  checked(where, options, OPTIONS);

/** Every entry on the grid sign(g) * level * (scale / s), `round` choosing the level of |g| s / scale; 0 stays 0. */
export function quantize(
  tensors: readonly NamedArray[],
  { bits, norm, scope }: ResolvedQuantizer,
  { before, message }: Context,
  round: (level: number) => number,
  lost: (before: Evidence, step: number) => Evidence,
): Outcome {
  const levels = 2 ** (bits - 1) - 1;
  const scales = perScope(tensors, scope, norms[norm]);
  return {
    values: tensors.map(({ data }, t) => {
      const scale = scales[t]!;
      // A scale of zero means an all-zero tensor: level 0 everywhere, with a random draw as for any other entry.
      const divisor = scale || 1;
      return data.map((g) => Math.sign(g) * ((round((Math.abs(g) / divisor) * levels) / levels) * scale));
    }),
    evidence: before.map((e, t) => lost(e, scales[t]! / levels)),
    message: { ...message, valueBits: bits, headers: message.headers + groupCount(tensors, scope) },
  };
}

/** The parameters worth a place in the name: bits, and what departs from the paper. */
export const shown = ({ norm, scope }: ResolvedQuantizer): string[] => [
  'bits',
  ...(norm === 'max' ? [] : ['norm']),
  ...(scope === 'tensor' ? [] : ['scope']),
];
