import { type ImageMetric, type Picture, perImage } from './per-image.js';

/** The mean squared difference of two clamped pictures. */
export function squaredError(truth: Picture, reconstruction: Picture): number {
  let sum = 0;
  for (let i = 0; i < truth.data.length; i++) sum += (truth.data[i]! - reconstruction.data[i]!) ** 2;
  return sum / truth.data.length;
}

/**
 * mse = mean (x - y)^2 over height, width and channels; one number per image, 0 to 1.
 *
 * Images [n, height, width, channels] are clamped to [0, 1] first, without 8-bit rounding.
 * @throws shapes that differ; NaN
 * @example rog.metrics.mse(batch.images, result.images) // [0.012, 0.007]
 */
export const mse: ImageMetric = perImage('mse', squaredError);
