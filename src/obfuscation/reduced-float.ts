import { rounded } from '../core/evidence.js';
import type { Obfuscation } from '../core/types.js';
import { operator } from './operator.js';

/** A binary floating-point format of 16 bits. */
interface Format {
  /** Bits of the fraction. */
  readonly fraction: number;
  /** Exponent of the smallest normal number: below it steps stay as wide as there. */
  readonly least: number;
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

/** The step of a format about float32 numbers, by the exponent in their bits; that of 0 and the subnormal is 0. */
function stepper(data: Float32Array, { fraction, least }: Format): (i: number) => number {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const steps = Float64Array.from({ length: 256 }, (_, e) => 2 ** (Math.max(e - 127, least) - fraction));
  return (i) => steps[(bits[i]! >>> 23) & 255]!;
}

function nearest(data: Float32Array, format: Format): Float32Array {
  const { largest } = format;
  const step = stepper(data, format);
  return data.map((g, i) => Math.max(-largest, Math.min(largest, toEven(g / step(i)) * step(i))));
}

/** Half a step about each number that was sent. */
function halfSteps(sent: Float32Array, format: Format): Float32Array {
  const step = stepper(sent, format);
  return sent.map((value, i) => (Math.abs(value) >= format.largest ? Number.POSITIVE_INFINITY : step(i) / 2));
}

function toEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}
