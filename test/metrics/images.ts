import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';

/** Uniform noise images. */
export const noiseImages = (seed: number, shape: readonly number[]): NdArray => ndarray(shape, uniformStream(seed));

/** Each value from those of two batches of one shape. */
export const blend = (a: NdArray, b: NdArray, of: (x: number, y: number) => number): NdArray => ({
  shape: a.shape,
  data: a.data.map((x, i) => of(x, b.data[i]!)),
});

/** [n, c, h, w] to [n, h, w, c]. */
export function channelsLast({ shape, data }: NdArray): NdArray {
  const [n, c, h, w] = shape as [number, number, number, number];
  const out = ndarray([n, h, w, c]);
  data.forEach((value, i) => {
    const pixel = i % (h * w);
    const channel = Math.floor(i / (h * w)) % c;
    const image = Math.floor(i / (h * w * c));
    out.data[(image * h * w + pixel) * c + channel] = value;
  });
  return out;
}
