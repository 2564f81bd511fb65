/** Distortions of growing strength, for tests of perceptual distances. */
import sharp from 'sharp';
import { imageAt, stackImages } from '../../src/core/arrays.js';
import { normalStream } from '../../src/core/random.js';
import { resample } from '../../src/core/resample.js';
import type { NdArray } from '../../src/core/types.js';

const each = (images: NdArray, of: (value: number, i: number) => number): NdArray => ({
  shape: images.shape,
  data: images.data.map((value, i) => Math.min(1, Math.max(0, of(value, i)))),
});

/** Gaussian blur along one axis of length `n`, entries `stride` apart; edges repeat. */
function blurAlong(images: NdArray, n: number, stride: number, sigma: number): NdArray {
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)));
  const sum = kernel.reduce((a, b) => a + b);
  return each(images, (_, i) => {
    const at = Math.floor(i / stride) % n;
    return kernel.reduce((total, weight, k) => {
      const to = Math.min(n - 1, Math.max(0, at + k - reach));
      return total + (weight / sum) * images.data[i + (to - at) * stride]!;
    }, 0);
  });
}

async function jpeg(images: NdArray, quality: number): Promise<NdArray> {
  const [count, height, width] = images.shape as [number, number, number, number];
  const done: NdArray[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = Uint8Array.from(imageAt(images, i).data, (value) => Math.round(255 * value));
    const file = await sharp(bytes, { raw: { width, height, channels: 3 } })
      .jpeg({ quality })
      .toBuffer();
    const back = await sharp(file).raw().toBuffer();
    done.push({ shape: [1, height, width, 3], data: Float32Array.from(back, (value) => value / 255) });
  }
  return stackImages(done);
}

/** Distortion -> the pictures at four strengths, weakest first. */
export async function distortions(images: NdArray): Promise<Record<string, NdArray[]>> {
  const [, height, width] = images.shape as [number, number, number, number];
  const all = <T>(levels: readonly T[], make: (level: T) => NdArray | Promise<NdArray>) =>
    Promise.all(levels.map(make));
  return {
    blur: await all([0.4, 0.7, 1.2, 2.5], (sigma) =>
      blurAlong(blurAlong(images, width, 3, sigma), height, 3 * width, sigma),
    ),
    noise: await all([0.02, 0.05, 0.1, 0.25], (sigma) => {
      const normal = normalStream(5);
      return each(images, (value) => value + sigma * normal());
    }),
    jpeg: await all([95, 60, 25, 5], (quality) => jpeg(images, quality)),
    shift: await all([1, 2, 4, 7], (by) =>
      each(images, (_, i) => {
        const column = Math.floor(i / 3) % width;
        return images.data[i + 3 * (Math.min(width - 1, column + by) - column)]!;
      }),
    ),
    coarse: await all([24, 16, 8, 4], (side) =>
      each(resample(resample(images, [side, side], 'area'), [height, width], 'bicubic'), (value) => value),
    ),
  };
}

/** Every image's successor: a natural picture, but the wrong one. */
export const wrongImages = (images: NdArray): NdArray =>
  stackImages(Array.from({ length: images.shape[0]! }, (_, i) => imageAt(images, (i + 1) % images.shape[0]!)));

/** Spearman's rank correlation; ties share their mean rank. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  const product = (p: number[], q: number[]) => p.reduce((sum, v, i) => sum + (v - mean) * (q[i]! - mean), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

function ranks(values: readonly number[]): number[] {
  const sorted = [...values].sort((p, q) => p - q);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2 + 1);
}
