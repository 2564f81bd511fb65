import { mean } from '../core/numbers.js';
import { type ImageMetric, type Picture, perImage, plane } from './per-image.js';

/** Stabilising constants (K1 L)^2 and (K2 L)^2 with K1 0.01, K2 0.03, L 1. */
export const C1 = 0.01 ** 2;
export const C2 = 0.03 ** 2;

/**
 * ssim = mean over windows and channels of (2 mx my + C1)(2 sxy + C2) / ((mx^2 + my^2 + C1)(sx^2 + sy^2 + C2)); -1 to
 * 1.
 *
 * Gaussian windows of 11x11, sigma 1.5, that lie wholly inside the image; variances weighted by the window, without
 * Bessel's correction. In an image with a side below 11 the window shrinks to the largest odd size that fits (same
 * sigma). Images [n, height, width, channels] are clamped to [0, 1] first, without 8-bit rounding.
 * Source: Wang et al. 2004, section III.
 * @throws shapes that differ; NaN
 * @example rog.metrics.ssim(batch.images, result.images) // [0.71, 0.64]
 */
export const ssim: ImageMetric = perImage('ssim', (truth, reconstruction) => {
  const kernel = gaussian(windowSize(truth));
  const channels = Array.from({ length: truth.channels }, (_, c) =>
    planeSsim(plane(truth, c), plane(reconstruction, c), truth.width, kernel),
  );
  return mean(channels);
});

const windowSize = ({ height, width }: Picture): number => {
  const side = Math.min(11, height, width);
  return side % 2 ? side : side - 1;
};

function gaussian(size: number): number[] {
  const weights = Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * 1.5 ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
}

function planeSsim(x: Float64Array, y: Float64Array, width: number, kernel: readonly number[]): number {
  const local = (of: (i: number) => number) =>
    blur(
      x.map((_, i) => of(i)),
      width,
      kernel,
    );
  const mx = blur(x, width, kernel);
  const my = blur(y, width, kernel);
  const xx = local((i) => x[i]! * x[i]!);
  const yy = local((i) => y[i]! * y[i]!);
  const xy = local((i) => x[i]! * y[i]!);
  return mean(mx.map((m, i) => similarity(m, my[i]!, xx[i]! - m * m, yy[i]! - my[i]! ** 2, xy[i]! - m * my[i]!)));
}

/** SSIM of one window from its means, variances and covariance. */
export const similarity = (mx: number, my: number, vx: number, vy: number, cov: number): number =>
  ((2 * mx * my + C1) * (2 * cov + C2)) / ((mx * mx + my * my + C1) * (vx + vy + C2));

/** The valid part of a separable filter: rows, then columns. */
function blur(image: Float64Array, width: number, kernel: readonly number[]): Float64Array {
  const height = image.length / width;
  const [rows, columns] = [height - kernel.length + 1, width - kernel.length + 1];
  const across = new Float64Array(height * columns);
  for (let r = 0; r < height; r++)
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let k = 0; k < kernel.length; k++) sum += kernel[k]! * image[r * width + c + k]!;
      across[r * columns + c] = sum;
    }
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < kernel.length; k++)
      for (let c = 0; c < columns; c++) out[r * columns + c]! += kernel[k]! * across[(r + k) * columns + c]!;
  return out;
}
