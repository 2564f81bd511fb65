import { problem } from '../core/errors.js';
import { rounded } from '../core/evidence.js';
import { checked, needed, type OptionTable, real } from '../core/option-table.js';
import { uniformStream } from '../core/random.js';
import type { Obfuscation } from '../core/types.js';
import { nonzeroCount } from './message.js';
import { operator } from './operator.js';

/** Options of {@link privateTernary}: c < A < B, in the units of the update. */
export interface PrivateTernaryOptions {
  /** c > 0: entries are clipped to [-c, c] first. */
  readonly clip: number;
  /** A > c: the nearer to c, the more a sign tells. */
  readonly a: number;
  /** B > A: only A / B of the entries are sent. */
  readonly b: number;
}

const OPTIONS = {
  clip: needed(real('entries are clipped to this size', undefined, { open: true })),
  a: needed(real('A, larger than clip', undefined, { open: true })),
  b: needed(real('B, larger than A', undefined, { open: true })),
} satisfies OptionTable<PrivateTernaryOptions>;

/**
 * The f-DP ternary compressor: with x = g clipped to [-c, c],
 *
 *     t = +1 with probability (A + x) / 2B,  -1 with (A - x) / 2B,  0 with 1 - A / B;     q = B t,   E q = x
 *
 * eps = ln((A + c) / (A - c)) per entry (local, pure), see {@link ternaryEpsilon}. One draw per entry, from
 * mulberry32(seed).
 *
 * Cost: 1 bit per entry sent and the positions. Evidence: noise of standard deviation sqrt(A B) about x, which it is
 * at x = 0 (its variance A B - x^2 is never more). What clipping took from entries beyond c counts as noise too.
 * Source: Jin et al. 2023 (arXiv 2302.09624), section 4, definition of the ternary compressor and theorem 3.
 * @throws not 0 < c < A < B; unknown options; NaN or infinite entries
 * @example rog.phi.privateTernary({ clip: 0.01, a: 0.02, b: 0.2 })
 */
export function privateTernary(options: PrivateTernaryOptions): Obfuscation {
  const { clip, a, b } = checked('privateTernary', options, OPTIONS);
  if (!(clip < a && a < b)) throw problem('privateTernary', 'needs clip < a < b', `clip ${clip}, a ${a}, b ${b}`);
  return operator('privateTernary', { clip, a, b }, ['clip', 'a', 'b'], (tensors, { before, message, seed }) => {
    const uniform = uniformStream(seed);
    const values = tensors.map(({ data }) =>
      data.map((g) => {
        const x = Math.max(-clip, Math.min(clip, g));
        const u = uniform() * 2 * b;
        return u < a + x ? b : u < 2 * a ? -b : 0;
      }),
    );
    return {
      values,
      evidence: before.map((e) => rounded(e, 0, 0, Math.sqrt(a * b))),
      message: { valueBits: 1, sent: nonzeroCount(values), headers: message.headers, absoluteNoise: true },
    };
  });
}

/** eps of the ternary compressor for one entry: ln((A + c) / (A - c)). Source: Jin et al. 2023. */
export function ternaryEpsilon({ clip, a }: Pick<PrivateTernaryOptions, 'clip' | 'a'>): number {
  if (!(clip > 0 && clip < a)) throw problem('ternaryEpsilon', 'needs 0 < clip < a', `clip ${clip}, a ${a}`);
  return Math.log((a + clip) / (a - clip));
}
