import { imageAt, stackImages } from '../../core/arrays.js';
import type { Batch, NdArray } from '../../core/types.js';
import {
  agreement,
  jaccard,
  match,
  mse,
  psnr,
  retrievalRank,
  shippedTagger,
  ssim,
  taggerFeatures,
} from '../../metrics/index.js';

/** Scores of one picture: what it looks like, and what it says. */
export interface SemanticScores {
  /** dB */
  readonly psnr: number;
  readonly ssim: number;
  /** 1 where the tagger sees the private image's class, else 0. */
  readonly agreement: number;
  /** Overlap of the tagger's label sets. */
  readonly jaccard: number;
  /** Of the private image among the candidates, nearest first, in the tagger's features. */
  readonly rank: number;
}

/**
 * Scores per private image. Pictures are matched to the private images of their label with the least total MSE: the
 * labels are known, the order of images with one label is not.
 * @param gallery taggerFeatures() of the candidates; `truth` the positions of the private images among them
 */
export async function semanticScores(
  batch: Pick<Batch, 'images' | 'labels'>,
  images: NdArray,
  labels: Int32Array,
  gallery: NdArray,
  truth: readonly number[],
): Promise<SemanticScores[]> {
  const count = batch.labels.length;
  const single = (all: NdArray, i: number): NdArray => imageAt(all, i);
  const order = match(
    Array.from({ length: count }, (_, i) =>
      Array.from({ length: count }, (_, j) => {
        const [error] = mse(single(batch.images, i), single(images, j));
        return batch.labels[i] === labels[j] ? error! : ANOTHER_LABEL + error!;
      }),
    ),
  );
  const placed = stackImages(order.map((at) => imageAt(images, at)));
  const tagger = shippedTagger();
  const [seen, found] = [await tagger(batch.images), await tagger(placed)];
  const [a, j] = [agreement(seen, found), jaccard(seen, found)];
  const ranks = retrievalRank(await taggerFeatures(placed), gallery, truth);
  const [p, s] = [psnr(batch.images, placed), ssim(batch.images, placed)];
  return ranks.map((rank, i) => ({ psnr: p[i]!, ssim: s[i]!, agreement: a[i]!, jaccard: j[i]!, rank }));
}

/** More than any squared error: labels are matched first. */
const ANOTHER_LABEL = 10;
