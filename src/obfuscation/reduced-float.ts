import { rounded } from '../core/evidence.js';
import type { Obfuscation } from '../core/types.js';
import { operator } from './operator.js';

/** A binary floating-point format of 16 bits. */
interface Format {
  /** Bits of the fraction. */
  readonly fraction: number;
  /** Exponent of the smallest normal number: below it steps stay as wide as there. */
  readonly least: number;
  /** The largest finite number. */
  readonly largest: number;
}

/** Every entry as the nearest number of a format, ties to the even one; beyond its range the largest it has. */
export const reducedFloat = (verb: string, format: Format): Obfuscation =>
  operator(verb, {}, [], (tensors, { before, message }) => {
    const values = tensors.map(({ data }) => nearest(data, format));
    return {
      values,
      evidence: before.map((e, t) => {
        const half = halfSteps(values[t]!, format);
        return rounded(e, half, half);
      }),
      message: { ...message, valueBits: Math.min(16, message.valueBits) },
    };
  });

/** floor(log2 |x|) of float32 numbers, read off their bits; -127 for 0 and what is smaller than normal. */
const exponentsOf = (data: Float32Array): Int32Array =>
  Int32Array.from(new Uint32Array(data.slice().buffer), (bits) => ((bits >>> 23) & 255) - 127);

function nearest(data: Float32Array, { fraction, least, largest }: Format): Float32Array {
  const exponents = exponentsOf(data);
  return data.map((g, i) => {
    const step = 2 ** (Math.max(exponents[i]!, least) - fraction);
    return Math.max(-largest, Math.min(largest, toEven(g / step) * step));
  });
}

/** Half a step about each number that was sent. */
function halfSteps(sent: Float32Array, { fraction, least, largest }: Format): Float32Array {
  const exponents = exponentsOf(sent);
  return sent.map((value, i) =>
    Math.abs(value) >= largest ? Number.POSITIVE_INFINITY : 2 ** (Math.max(exponents[i]!, least) - fraction - 1),
  );
}

function toEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}
