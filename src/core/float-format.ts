/** A binary floating-point format. */
export interface FloatFormat {
  /** Bits of the fraction. */
  readonly fraction: number;
  /** Exponent of the smallest normal number: below it steps stay as wide as there. */
  readonly least: number;
}

export const BFLOAT16: FloatFormat = { fraction: 7, least: -126 };
export const FLOAT16: FloatFormat = { fraction: 10, least: -14 };
export const FLOAT32: FloatFormat = { fraction: 23, least: -126 };

const wordsOf = (data: Float32Array): Uint32Array => new Uint32Array(data.buffer, data.byteOffset, data.length);

/** The shortest format that holds every number as it is: seen, not told. */
export function formatOf(data: Float32Array): FloatFormat {
  const used = wordsOf(data).reduce((all, word) => all | word, 0) & 0x7fffff;
  const fraction = used === 0 ? 0 : 23 - (31 - Math.clz32(used & -used));
  return [BFLOAT16, FLOAT16].find((format) => fraction <= format.fraction) ?? FLOAT32;
}

/** The step of a format about float32 numbers, by the exponent in their bits; that of 0 and the subnormal is 0. */
function stepsAbout(data: Float32Array, { fraction, least }: FloatFormat): (i: number) => number {
  const words = wordsOf(data);
  const steps = Float64Array.from({ length: 256 }, (_, e) => 2 ** (Math.max(e - 127, least) - fraction));
  return (i) => steps[(words[i]! >>> 23) & 255]!;
}

/** Half the step of a format about each number: rounding to nearest errs by at most so much. */
export function halfStepsAbout(data: Float32Array, format: FloatFormat): Float32Array {
  const step = stepsAbout(data, format);
  return data.map((_, i) => step(i) / 2);
}

/** The nearest numbers of a format, ties to even; nothing is too large. */
export function nearestIn(data: Float32Array, format: FloatFormat): Float32Array {
  const step = stepsAbout(data, format);
  return data.map((value, i) => toEven(value / step(i)) * step(i));
}

function toEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}
