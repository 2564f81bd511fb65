import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { NdArray } from '../core/types.js';

/** One number per pair of images: truth i against reconstruction i. Both are [n, height, width, channels]. */
export type ImageMetric = (truth: NdArray, reconstruction: NdArray) => number[];

/** One image, clamped to [0, 1], in float64. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/**
 * A batch as clamped pictures: the one rule by which every metric sees images. No 8-bit rounding.
 * @throws not 4-D; NaN
 */
export function pictures(where: string, images: NdArray): Picture[] {
  if (images?.shape?.length !== 4)
    throw problem(where, 'images must be [batch, height, width, channels]', images?.shape ?? images);
  const [n, height, width, channels] = images.shape as [number, number, number, number];
  const size = height * width * channels;
  if (images.data.length !== sizeOf(images.shape) || size === 0)
    throw problem(where, `images of shape [${images.shape}] need values`, images.data.length);
  return Array.from({ length: n }, (_, i) => {
    const data = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      const value = images.data[i * size + k]!;
      if (Number.isNaN(value)) throw problem(where, `pixels must be numbers; image ${i} has NaN`);
      data[k] = Math.min(1, Math.max(0, value));
    }
    return { height, width, channels, data };
  });
}

/** Refuses two batches of which the images are not of one shape. */
export function checkImageShapes(where: string, truth: NdArray, reconstruction: NdArray): void {
  if (String(truth?.shape?.slice(1)) !== String(reconstruction?.shape?.slice(1)))
    throw problem(
      where,
      `the reconstruction must have the shape of the truth, [${truth?.shape}]`,
      reconstruction?.shape ?? reconstruction,
    );
}

/** A metric of batches from one of pictures; refuses batches of different shape. */
export function perImage(name: string, metric: (truth: Picture, reconstruction: Picture) => number): ImageMetric {
  return (truth, reconstruction) => {
    checkImageShapes(name, truth, reconstruction);
    const [a, b] = [pictures(name, truth), pictures(name, reconstruction)];
    if (a.length !== b.length) throw problem(name, `there must be ${a.length} reconstructions`, b.length);
    return a.map((picture, i) => metric(picture, b[i]!));
  };
}

/** Channel c of a picture as a plane [height, width]. */
export function plane({ height, width, channels, data }: Picture, c: number): Float64Array {
  const out = new Float64Array(height * width);
  for (let i = 0; i < out.length; i++) out[i] = data[i * channels + c]!;
  return out;
}
