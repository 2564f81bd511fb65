import { matrix, solve } from '../core/linear-algebra.js';
import { dot } from '../core/numbers.js';
import type { NdArray } from '../core/types.js';

/**
 * A linear picture of what an attack loses: L x = a0 x + a1 B x + a2 B^2 x + a3 B^4 x + a4 mean(x) + a5, with B the 3x3
 * box blur with clamped edges, each channel alone.
 */
export type Blur = readonly number[];

/** The terms of L for one image [1, h, w, c]. */
function terms({ shape, data }: NdArray): Float32Array[] {
  const [, height, width, channels] = shape as [number, number, number, number];
  const box = (x: Float32Array): Float32Array =>
    across(across(x, height, width * channels, 1), width, channels, height);
  const once = box(data);
  const twice = box(once);
  const means = Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let i = c; i < data.length; i += channels) sum += data[i]!;
    return (sum * channels) / data.length;
  });
  const mean = data.map((_, i) => means[i % channels]!);
  return [data, once, twice, box(box(twice)), mean, new Float32Array(data.length).fill(1)];
}

/** Mean of three neighbours along one axis of [outer, length, inner], edges clamped. */
function across(x: Float32Array, length: number, inner: number, outer: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < length; i++)
      for (let k = 0; k < inner; k++) {
        const at = (row: number): number => x[(o * length + Math.min(length - 1, Math.max(0, row))) * inner + k]!;
        out[(o * length + i) * inner + k] = (at(i - 1) + at(i) + at(i + 1)) / 3;
      }
  return out;
}

/** L x of one image [1, h, w, c]. */
export function spread(image: NdArray, blur: Blur): Float32Array {
  const all = terms(image);
  return image.data.map((_, i) => all.reduce((sum, term, k) => sum + blur[k]! * term[i]!, 0));
}

/** The L with the least sum of (L x - raw)^2 over pairs of images [1, h, w, c]. A trace of a ridge keeps it unique. */
export function fitBlur(pairs: readonly (readonly [image: NdArray, raw: NdArray])[]): Blur {
  const size = terms(pairs[0]![0]).length;
  const gram = matrix(size, size);
  const right = matrix(size, 1);
  for (let k = 0; k < size; k++) gram.data[k * (size + 1)] = 1e-3 * pairs.length;
  for (const [image, raw] of pairs) {
    const all = terms(image);
    for (let k = 0; k < size; k++) {
      for (let l = 0; l < size; l++) gram.data[k * size + l]! += dot(all[k]!, all[l]!);
      right.data[k]! += dot(all[k]!, raw.data);
    }
  }
  return [...solve(gram, right).data];
}
