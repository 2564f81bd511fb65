import { mean } from '../core/numbers.js';
import { uniformStream } from '../core/random.js';
import type { NdArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { agreement, frechetDistance, psnr, shippedTagger, taggerFeatures } from '../metrics/index.js';
import { drawEach, rebuildImages } from '../models/generated.js';
import type { Generator } from '../models/generator-weights.js';

/** How much is measured. */
export interface QualityOf {
  /** Drawn pictures per class. */
  readonly drawn: number;
  /** Held-out images, from the end of the train split. */
  readonly held: number;
  /** Also distances in the tagger's features; takes minutes. */
  readonly distances?: boolean;
}

/**
 * Quality of a generator by the tagger, which took no part in its training: how often it sees the class in drawn
 * pictures and in rebuilt held-out images, and PSNR of the latter. With `distances`, in taggerFeatures(): Frechet
 * distances of drawn and of rebuilt pictures to the held-out images, and of training images to them (the floor); mean
 * distance of two pictures of a class, drawn and real; distance to the nearest of 5000 training images, drawn and
 * held-out (copies would be nearer).
 */
export async function generatorQuality(
  generator: Generator,
  data: Dataset,
  { drawn: each, held, distances = false }: QualityOf,
): Promise<Record<string, number>> {
  const { classes } = generator.design;
  const last = Array.from({ length: held }, (_, i) => data.sizes.train - held + i);
  const truth = data.batch({ split: 'train', indices: last });
  const [sampled, again] = [
    await drawEach(generator, each, 11),
    await rebuildImages(generator, truth.images, truth.labels),
  ];
  const tagger = shippedTagger({ top: 1 });
  const names = (labels: ArrayLike<number>) => Array.from(labels, (label) => [generator.classNames[label]!]);
  const share = async (images: NdArray, labels: ArrayLike<number>): Promise<number> =>
    mean(agreement(names(labels), await tagger(images)));
  const wanted = Array.from({ length: each * classes }, (_, i) => i % classes);
  const found: Record<string, number> = {
    'drawn agreement': await share(sampled, wanted),
    'rebuilt agreement': await share(again, truth.labels),
    'rebuilt dB': mean(psnr(truth.images, again)),
  };
  if (!distances) return found;
  const chance = uniformStream(5);
  const seen = data.sizes.train - held;
  const train = Array.from({ length: 5000 }, () => Math.floor(chance() * seen));
  const [a, r, h] = [await taggerFeatures(sampled), await taggerFeatures(again), await taggerFeatures(truth.images)];
  const t = await taggerFeatures(data.images('train', train));
  const count = Math.min(held, train.length);
  return {
    ...found,
    'real agreement': await share(truth.images, truth.labels),
    'Frechet drawn': frechetDistance(a, h),
    'Frechet rebuilt': frechetDistance(r, h),
    'Frechet training images': frechetDistance(
      { shape: [count, t.shape[1]!], data: t.data.slice(0, count * t.shape[1]!) },
      h,
    ),
    'pair of a class, drawn': pairs(a, wanted),
    'pair of a class, real': pairs(h, truth.labels),
    'nearest training image, drawn': nearest(a, t),
    'nearest training image, held out': nearest(h, t),
  };
}

function distance(a: NdArray, i: number, b: NdArray, j: number): number {
  const width = a.shape[1]!;
  let sum = 0;
  for (let k = 0; k < width; k++) sum += (a.data[i * width + k]! - b.data[j * width + k]!) ** 2;
  return Math.sqrt(sum);
}

/** Mean distance of two neighbours in the list of each class. */
function pairs(features: NdArray, labels: ArrayLike<number>): number {
  const last = new Map<number, number>();
  const found: number[] = [];
  for (let i = 0; i < features.shape[0]!; i++) {
    const before = last.get(labels[i]!);
    if (before !== undefined) found.push(distance(features, i, features, before));
    last.set(labels[i]!, i);
  }
  return mean(found);
}

/** Mean distance to the nearest candidate. */
const nearest = (features: NdArray, candidates: NdArray): number =>
  mean(
    Array.from({ length: features.shape[0]! }, (_, i) => {
      let least = Number.POSITIVE_INFINITY;
      for (let j = 0; j < candidates.shape[0]!; j++) least = Math.min(least, distance(features, i, candidates, j));
      return least;
    }),
  );
