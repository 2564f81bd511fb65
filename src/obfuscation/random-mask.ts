import { problem } from '../core/errors.js';
import { bounded, widthsOf } from '../core/evidence.js';
import { checked, flag, needed, type OptionTable, real } from '../core/option-table.js';
import { uniformStream } from '../core/random.js';
import type { Obfuscation } from '../core/types.js';
import { operator } from './operator.js';

/** Options of {@link randomMask}. */
export interface RandomMaskOptions {
  /** Probability of an entry to be sent, 0 < keep <= 1. */
  readonly keep: number;
  /** Whether the server knows the mask's seed; default true. Else a zero may be a true one. */
  readonly seedKnown?: boolean;
}

const OPTIONS = {
  keep: needed(real('probability of an entry to be sent', undefined, { to: 1 })),
  seedKnown: flag("whether the server knows the mask's seed", true),
} satisfies OptionTable<RandomMaskOptions>;

/**
 * q(g) = g where u < keep, else 0; u uniform in [0, 1), one draw per entry in order, from mulberry32(seed). Values are
 * not divided by `keep`: the server can do that.
 *
 * Cost: 32 bits per entry sent; their positions too, unless the seed is known (32 bits). Evidence: sent entries are
 * exact, of the others nothing is known; without the seed nothing of any zero.
 * Source: Konecny et al. 2016 (arXiv 1610.05492), section 2 (random mask, subsampling).
 * @throws keep outside (0, 1]; unknown options; NaN or infinite entries
 * @example rog.phi.randomMask({ keep: 0.1 }).apply(update.tensors, 1).report.bitsPerEntry // 3.2
 */
export function randomMask(options: RandomMaskOptions): Obfuscation {
  const { keep, seedKnown } = checked('randomMask', options, OPTIONS);
  if (keep === 0) throw problem('randomMask', 'keep must be above 0', keep);
  const shown = seedKnown ? ['keep'] : ['keep', 'seedKnown'];
  return operator('randomMask', { keep, seedKnown }, shown, (tensors, { before, message, seed }) => {
    const uniform = uniformStream(seed);
    const masks = tensors.map(({ data }) => new Uint8Array(data.length).map(() => Number(uniform() < keep)));
    const sent = masks.reduce((sum, mask) => sum + mask.reduce((n, one) => n + one, 0), 0);
    const entries = masks.reduce((sum, { length }) => sum + length, 0);
    return {
      values: tensors.map(({ data }, t) => data.map((g, i) => g * masks[t]![i]!)),
      evidence: before.map((e, t) => {
        const { kept, zero } = widthsOf(e);
        if (!seedKnown) return bounded(e, kept, Number.POSITIVE_INFINITY);
        const was = (i: number): number => (typeof zero === 'number' ? zero : zero[i % zero.length]!);
        const unknown = new Float32Array(masks[t]!).map((one, i) => (one ? was(i) : Number.POSITIVE_INFINITY));
        return bounded(e, kept, unknown);
      }),
      message: {
        ...message,
        sent: message.sent === undefined ? sent : (message.sent * sent) / Math.max(1, entries),
        headers: message.headers + Number(seedKnown),
        ...(seedKnown && message.sent === undefined && { seeded: true }),
      },
    };
  });
}
