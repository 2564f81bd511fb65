import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, oneOf } from '../core/options.js';
import type { NdArray, Scores } from '../core/types.js';
import { confidenceInterval, type Interval } from './confidence.js';
import { globalSsim } from './global-ssim.js';
import { match } from './match.js';
import { mse, squaredError } from './mse.js';
import { checkImageShapes, type ImageMetric, pictures } from './pairs.js';
import { psnr } from './psnr.js';
import { ssim } from './ssim.js';

/** The scores that are numbers per image. */
export type MetricName = Exclude<keyof Scores, 'match'>;

/** Metric name -> function of two batches. A field of Scores without a metric here does not compile. */
export const imageMetrics: Readonly<Record<MetricName, ImageMetric>> = { mse, psnr, ssim, globalSsim };

/** Options of {@link score}. */
export interface ScoreOptions {
  /** 'optimal' (default): reconstructions are assigned to images so that the sum of mse is least; 'none': in order. */
  readonly match?: 'optimal' | 'none';
}

/**
 * Every metric of every private image against the reconstruction assigned to it: one assignment, by mse, for all.
 *
 * `truth` and `reconstruction` are [n, height, width, channels], clamped to [0, 1] alike. An attack does not know the order of
 * a batch, hence the matching; with one image per label it may be switched off.
 * Errors: shapes that differ; an empty batch; NaN; unknown options.
 * @example score(batch.images, result.images).psnr // [19.2, 21.5]
 */
export function score(truth: NdArray, reconstruction: NdArray, options: ScoreOptions = {}): Scores {
  checkOptions('score', options, ['match']);
  const how = oneOf('score', 'match', options.match ?? 'optimal', ['optimal', 'none'] as const);
  checkImageShapes('score', truth, reconstruction);
  const [a, b] = [pictures('score', truth), pictures('score', reconstruction)];
  if (a.length === 0 || a.length !== b.length)
    throw problem('score', 'there must be one reconstruction per private image, and one image at least', [
      a.length,
      b.length,
    ]);
  const order = how === 'none' ? a.map((_, i) => i) : match(a.map((x) => b.map((y) => squaredError(x, y))));
  const matched = pick(reconstruction, order);
  const names = Object.keys(imageMetrics) as MetricName[];
  const values = Object.fromEntries(names.map((name) => [name, imageMetrics[name](truth, matched)]));
  return { match: order, ...(values as Record<MetricName, number[]>) };
}

/** Images of a batch in a given order. */
function pick(images: NdArray, order: readonly number[]): NdArray {
  const size = sizeOf(images.shape.slice(1));
  const data = new Float32Array(order.length * size);
  order.forEach((from, to) => {
    data.set(images.data.subarray(from * size, (from + 1) * size), to * size);
  });
  return { shape: [order.length, ...images.shape.slice(1)], data };
}

/**
 * Mean and 95 % confidence interval of each metric over the images of one or several scores.
 * @example summary(scores).psnr // { mean: 20.3, halfWidth: 1.1, n: 24 }
 */
export function summary(scores: Scores | readonly Scores[]): Record<MetricName, Interval> {
  const list = Array.isArray(scores) ? (scores as readonly Scores[]) : [scores as Scores];
  if (!list.length) throw problem('summary', 'give at least one score', scores);
  const names = Object.keys(imageMetrics) as MetricName[];
  const intervals = names.map((name) => [name, confidenceInterval(list.flatMap((one) => one[name]))]);
  return Object.fromEntries(intervals) as Record<MetricName, Interval>;
}
