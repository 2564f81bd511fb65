import { squaredError } from './mse.js';
import { type ImageMetric, perImage } from './per-image.js';

/** The PSNR of an mse, in dB. */
export const decibels = (error: number): number => Math.min(100, -10 * Math.log10(error));

/**
 * psnr = -10 log10(mse) dB, at most 100 dB (mse <= 1e-10, identical images too: means stay finite, JSON stays valid).
 *
 * Images [n, height, width, channels] are clamped to [0, 1] first, without 8-bit rounding. The cap is the authors'.
 * @throws shapes that differ; NaN
 * @example rog.metrics.psnr(batch.images, result.images) // [19.2, 21.5]
 */
export const psnr: ImageMetric = perImage('psnr', (truth, reconstruction) =>
  decibels(squaredError(truth, reconstruction)),
);
