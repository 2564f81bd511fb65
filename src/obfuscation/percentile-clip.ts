import { rounded } from '../core/evidence.js';
import { checked, type OptionTable, real } from '../core/option-table.js';
import type { NamedArray, Obfuscation } from '../core/types.js';
import { nonzeroCount } from './message.js';
import { operator } from './operator.js';
import { sizeAt } from './size-at.js';

/** Options of {@link percentileClip}. */
export interface PercentileOptions {
  /** Entries below this percentile of all |g| become 0; 0 to 100, default 10. */
  readonly percentile?: number;
  /** gamma > 0, in the units of the update: larger entries become +- gamma. Default: none do. */
  readonly limit?: number;
}

const OPTIONS = {
  percentile: real('percentile of |g| below which entries become 0', 10, { to: 100 }),
  limit: real('largest |g| that is let through', undefined, { open: true }),
} satisfies OptionTable<PercentileOptions>;

/**
 * q(g) = 0 where |g| < p, the percentile of |g| over the whole update (linear between order statistics, as numpy),
 * then clipped entrywise to [-gamma, gamma].
 *
 * Deterministic. Cost: 32 bits per nonzero entry, and their positions. Evidence: entries below gamma are exact, those
 * at gamma may be any larger, zeros are at most the smallest size that was let through.
 * Source: Shokri and Shmatikov 2015, section 5; NVIDIA FLARE's PercentilePrivacy (percentile 10, gamma 0.01 of a weight
 * difference per step; an update here is that difference over the learning rate).
 * @throws percentile outside [0, 100]; limit not above 0; unknown options; NaN or infinite entries
 * @example rog.phi.percentileClip({ percentile: 90 })
 */
export function percentileClip(options: PercentileOptions = {}): Obfuscation {
  const { percentile, limit } = checked('percentileClip', options, OPTIONS);
  const parameters = { percentile, ...(limit !== undefined && { limit }) };
  const gamma = limit ?? Number.POSITIVE_INFINITY;
  return operator('percentileClip', parameters, ['percentile', 'limit'], (tensors, { before, message }) => {
    const cut = percentileOf(tensors, percentile);
    const values = tensors.map(({ data }) =>
      data.map((g) => (Math.abs(g) < cut ? 0 : Math.sign(g) * Math.min(gamma, Math.abs(g)))),
    );
    const least = smallest(values);
    const most = Math.fround(gamma);
    return {
      values,
      evidence: before.map((e, t) => {
        const clipped = values[t]!.some((q) => Math.abs(q) >= most);
        const open = clipped ? values[t]!.map((q) => (Math.abs(q) >= most ? Number.POSITIVE_INFINITY : 0)) : 0;
        return rounded(e, open, cut > 0 ? Math.max(least, cut) : 0);
      }),
      message: { ...message, ...(cut > 0 && { sent: nonzeroCount(values) }), headers: message.headers + 1 },
    };
  });
}

function percentileOf(tensors: readonly NamedArray[], percentile: number): number {
  const entries = tensors.reduce((sum, { data }) => sum + data.length, 0);
  if (entries === 0) return 0;
  const arrays = tensors.map(({ data }) => data);
  const place = (percentile / 100) * (entries - 1);
  const low = Math.floor(place);
  const [size, next] = [sizeAt(arrays, low), sizeAt(arrays, Math.min(entries - 1, low + 1))];
  return size + (place - low) * (next - size);
}

const smallest = (arrays: readonly Float32Array[]): number => {
  let least = Number.POSITIVE_INFINITY;
  for (const data of arrays)
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) least = Math.min(least, Math.abs(data[i]!));
  return Number.isFinite(least) ? least : 0;
};
