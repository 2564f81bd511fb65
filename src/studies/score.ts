import { checkArguments } from '../core/arguments.js';
import { imageAt, stackImages } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { mean } from '../core/numbers.js';
import type { Batch, NdArray, Reconstruction, Scores } from '../core/types.js';
import { score as compare, imageMetrics, match, type ScoreOptions } from '../metrics/index.js';

/**
 * Scores of a reconstruction, one number per private image. The one place where the truth meets a reconstruction.
 * Inside a batch the server cannot know the order: images are matched one to one with the least total MSE, and that
 * assignment serves all metrics.
 *
 * MSE, PSNR (dB), SSIM and the authors' global SSIM; the feature distance of our own network (not LPIPS); what a tagger
 * sees (class agreement, Jaccard overlap); LPIPS when its official weights are in the cache or `lpips` asks for them.
 * @example (await rog.score(batch, result)).psnr // [19.2, 21.5]
 */
export async function score(
  batch: Pick<Batch, 'images'>,
  result: Pick<Reconstruction, 'images'>,
  options: ScoreOptions = {},
): Promise<Scores> {
  checkArguments('score', 'score(batch, result)', { pictures: batch, result });
  if (String(batch.images.shape) !== String(result.images.shape)) {
    const fix = 'score a result with the batch it came from';
    throw problem('score', `the batch has images of shape [${batch.images.shape}]`, result.images.shape, fix);
  }
  return compare(batch.images, result.images, options);
}

/** The reconstructed images in the order of the private ones. */
export const matched = (result: Pick<Reconstruction, 'images'>, scores: Pick<Scores, 'match'>): NdArray => {
  checkArguments('matched', 'matched(result, scores)', { result, scores });
  return stackImages(scores.match.map((at) => imageAt(result.images, at)));
};

/**
 * Mean PSNR and SSIM of pictures that an attack is still working on, for the `scores` of `progress`: what a study that
 * holds the truth may show beside a running attack. The attack hears nothing of it. Pictures are matched as in `score`.
 * @param batch the private images, [batch, height, width, channels]
 * @example
 * const scores = rog.studies.liveScores(batch);
 * await rog.rog(observed, { iterations: 60, onProgress: rog.progress('3 bits', { scores }) }) // ... PSNR 21.3 dB
 */
export function liveScores(batch: Pick<Batch, 'images'>): (images: NdArray) => string {
  checkArguments('liveScores', 'liveScores(batch)', { pictures: batch });
  const { images: truth } = batch;
  const each = Array.from({ length: truth.shape[0]! }, (_, i) => stackImages([imageAt(truth, i)]));
  return (images) => {
    const found = each.map((_, i) => stackImages([imageAt(images, i)]));
    const order = match(each.map((a) => found.map((b) => imageMetrics.mse(a, b)[0]!)));
    const placed = stackImages(order.map((at) => imageAt(images, at)));
    const [decibels, likeness] = [imageMetrics.psnr(truth, placed), imageMetrics.ssim(truth, placed)];
    return `PSNR ${mean(decibels).toFixed(1)} dB, SSIM ${mean(likeness).toFixed(2)}`;
  };
}
