import { ndarray, stackImages } from '../core/arrays.js';
import { deriveSeed, permutation } from '../core/random.js';
import type { Batch, NdArray, Scores } from '../core/types.js';
import { type Dataset, imagesInTurns } from '../data/index.js';
import { score } from '../studies/index.js';

/** What one could show without the update: gray, the mean of other images, another image of the class. */
export type BaselineName = 'gray' | 'mean image' | 'label only';

/** Scores of each baseline per private image; a missing one could not be made of this data. */
export type Baselines = Partial<Record<BaselineName, Omit<Scores, 'match'>>>;

const FOR_THE_MEAN = 64;

/** Baselines from images of the other split, which the client does not hold. */
export async function baselinesOf(data: Dataset, batch: Batch): Promise<Baselines> {
  const [count = 0, ...shape] = batch.images.shape;
  // as data.batch({ split: 'train', size, seed: 1 }) draws them
  const others = permutation(data.sizes.train, deriveSeed(1, 'train')).slice(0, FOR_THE_MEAN);
  const pool = others.length > 0 && {
    images: await imagesInTurns(data, 'train', others),
    labels: data.labels('train', others),
  };
  const guesses: Partial<Record<BaselineName, NdArray>> = {
    gray: ndarray([count, ...shape], 0.5),
    ...(pool && { 'mean image': repeated(meanOf(pool.images), count) }),
    ...(pool && sameClass(pool, batch)),
  };
  const scored: Baselines = {};
  for (const [name, images] of Object.entries(guesses) as [BaselineName, NdArray][])
    scored[name] = await score(batch, { images }, { match: 'none' });
  return scored;
}

function meanOf({ shape, data }: NdArray): NdArray {
  const [count = 1, ...rest] = shape;
  const size = data.length / count;
  const mean = new Float32Array(size);
  data.forEach((value, i) => {
    mean[i % size]! += value / count;
  });
  return ndarray(
    [1, ...rest],
    mean.map((value) => Math.min(1, Math.max(0, value))),
  );
}

const repeated = (image: NdArray, count: number): NdArray => stackImages(Array.from({ length: count }, () => image));

function sameClass(pool: Pick<Batch, 'images' | 'labels'>, { labels, images }: Batch): { 'label only'?: NdArray } {
  const [, ...shape] = images.shape;
  const size = pool.images.data.length / pool.labels.length;
  const found = [...labels].map((label) => pool.labels.indexOf(label));
  if (found.some((at) => at < 0)) return {};
  const picked = found.map((at) => ndarray([1, ...shape], pool.images.data.slice(at * size, (at + 1) * size)));
  return { 'label only': stackImages(picked) };
}
