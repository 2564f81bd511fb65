import { imageAt, stackImages } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { Batch, NdArray, Reconstruction, Scores } from '../core/types.js';
import { score as compare } from '../metrics/index.js';

/**
 * Scores of a reconstruction, one number per private image. The one place where the truth meets a reconstruction.
 * Inside a batch the server cannot know the order: images are matched one to one with the least total MSE, and that
 * assignment serves all metrics.
 */
export function score(batch: Pick<Batch, 'images'>, result: Pick<Reconstruction, 'images'>): Scores {
  if (String(batch.images.shape) !== String(result.images.shape))
    throw problem(
      'score',
      `the batch has images of shape [${batch.images.shape}]`,
      result.images.shape,
      'score a result with the batch it came from',
    );
  return compare(batch.images, result.images);
}

/** The reconstructed images in the order of the private ones. */
export const matched = (result: Pick<Reconstruction, 'images'>, scores: Pick<Scores, 'match'>): NdArray =>
  stackImages(scores.match.map((at) => imageAt(result.images, at)));
