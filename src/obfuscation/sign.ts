import { signed } from '../core/evidence.js';
import { checked, type OptionTable, word } from '../core/option-table.js';
import type { Obfuscation } from '../core/types.js';
import { nonzeroCount } from './message.js';
import { operator } from './operator.js';

/** Options of {@link sign}. */
export interface SignOptions {
  /** 'none' (default): +-1; 'mean': +- the mean |g| of the tensor (over its nonzero entries when sparse). */
  readonly scale?: 'none' | 'mean';
}

const OPTIONS = {
  scale: word('the size of a sign: 1, or the mean |g| of its tensor', ['none', 'mean'], 'none'),
} satisfies OptionTable<SignOptions>;

/**
 * q(g) = +1 for g >= 0, -1 for g < 0; with `scale: 'mean'` times mean|g| of the tensor.
 *
 * One bit per entry has no room for zero: 0 and -0 are sent as +1, as the authors do (dead ReLUs make 40 to 69 % of a
 * dense layer's gradient exactly zero). After an operator that makes zeros (top-k, a quantizer), zeros stay zero and
 * their positions are sent. Cost: 1 bit per entry sent, 32 per tensor with a scale. Evidence: only the sign; a zero
 * that stayed keeps its earlier bound. Earlier noise stays in the report, in units of the entry before the sign was
 * taken.
 * Source: Bernstein et al. 2018 (signSGD).
 * @throws unknown options; NaN or infinite entries
 * @example rog.phi.sign().apply(update.tensors, 1).report.bitsPerEntry // 1
 */
export function sign(options: SignOptions = {}): Obfuscation {
  const { scale } = checked('sign', options, OPTIONS);
  return operator('sign', { scale }, scale === 'none' ? [] : ['scale'], (tensors, { before, message }) => {
    const arrays = tensors.map(({ data }) => data);
    const keepZeros = before.some((e) => e.zeroTolerance > 0);
    const values = arrays.map((data) => {
      const size = scale === 'mean' ? meanSize(data, keepZeros) : 1;
      return data.map((g) => (g === 0 && keepZeros ? 0 : g < 0 ? -size : size));
    });
    const headers = message.headers + (scale === 'mean' ? tensors.length : 0);
    return {
      values,
      evidence: before.map((e) => signed(e, keepZeros)),
      message: { valueBits: 1, headers, ...(keepZeros && { sent: message.sent ?? nonzeroCount(arrays) }) },
    };
  });
}

function meanSize(data: Float32Array, nonzeroOnly: boolean): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Math.abs(data[i]!);
  return sum / ((nonzeroOnly ? nonzeroCount([data]) : data.length) || 1);
}
