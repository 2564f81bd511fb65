import { imageAt, stackImages } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { Batch, NdArray, Reconstruction, Scores } from '../core/types.js';
import { score as compare, type ScoreOptions } from '../metrics/index.js';

/**
 * Scores of a reconstruction, one number per private image. The one place where the truth meets a reconstruction.
 * Inside a batch the server cannot know the order: images are matched one to one with the least total MSE, and that
 * assignment serves all metrics.
 *
 * MSE, PSNR (dB), SSIM and the authors' global SSIM; the feature distance of our own network (not LPIPS); what a tagger sees
 * (class agreement, Jaccard overlap); LPIPS when its official weights are in the cache or `lpips` asks for them.
 * @example (await score(batch, result)).psnr // [19.2, 21.5]
 */
export async function score(
  batch: Pick<Batch, 'images'>,
  result: Pick<Reconstruction, 'images'>,
  options: ScoreOptions = {},
): Promise<Scores> {
  if (String(batch.images.shape) !== String(result.images.shape))
    throw problem(
      'score',
      `the batch has images of shape [${batch.images.shape}]`,
      result.images.shape,
      'score a result with the batch it came from',
    );
  return compare(batch.images, result.images, options);
}

/** The reconstructed images in the order of the private ones. */
export const matched = (result: Pick<Reconstruction, 'images'>, scores: Pick<Scores, 'match'>): NdArray =>
  stackImages(scores.match.map((at) => imageAt(result.images, at)));
