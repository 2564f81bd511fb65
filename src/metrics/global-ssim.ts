import { mean } from '../core/numbers.js';
import { type ImageMetric, type Picture, perImage, plane } from './per-image.js';
import { similarity } from './ssim.js';

/**
 * globalSsim = 0.8 S(Y) + 0.1 S(Cr) + 0.1 S(Cb), S the SSIM formula with the whole image as its one window; -1 to 1.
 *
 * What the authors' code reports as SSIM: flattering, since a blur keeps means and variances. Kept under its own name
 * to compare with the paper; {@link ssim} is the one to trust. RGB to Y = 0.299 R + 0.587 G + 0.114 B,
 * Cr = 0.713 (R - Y) + 128/255, Cb = 0.564 (B - Y) + 128/255. Images without three channels: the mean over channels.
 * Images are clamped to [0, 1]; the authors also round pictures and YCrCb to 8 bits, which is left out here.
 * Source: the evaluation of Yue et al. 2023.
 * @throws shapes that differ; NaN
 * @example rog.metrics.globalSsim(batch.images, result.images) // [0.89, 0.86]
 */
export const globalSsim: ImageMetric = perImage('globalSsim', (truth, reconstruction) => {
  const [x, y] = [planes(truth), planes(reconstruction)];
  const values = x.map((channel, c) => wholeImage(channel, y[c]!));
  return truth.channels === 3 ? 0.8 * values[0]! + 0.1 * values[1]! + 0.1 * values[2]! : mean(values);
});

function planes(picture: Picture): Float64Array[] {
  const channels = Array.from({ length: picture.channels }, (_, c) => plane(picture, c));
  if (channels.length !== 3) return channels;
  const [red, green, blue] = channels as [Float64Array, Float64Array, Float64Array];
  const luma = red.map((r, i) => 0.299 * r + 0.587 * green[i]! + 0.114 * blue[i]!);
  const toChroma = (of: Float64Array, gain: number) => of.map((value, i) => gain * (value - luma[i]!) + 128 / 255);
  return [luma, toChroma(red, 0.713), toChroma(blue, 0.564)];
}

function wholeImage(x: Float64Array, y: Float64Array): number {
  const [mx, my] = [mean(x), mean(y)];
  const moment = (a: Float64Array, ma: number, b: Float64Array, mb: number) =>
    mean(a.map((v, i) => (v - ma) * (b[i]! - mb)));
  return similarity(mx, my, moment(x, mx, x, mx), moment(y, my, y, my), moment(x, mx, y, my));
}
