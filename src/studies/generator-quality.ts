import { imageAt, ndarray, stackImages } from '../core/arrays.js';
import { deriveSeed, normalStream, uniformStream } from '../core/random.js';
import type { NdArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { compile } from '../engine/index.js';
import { agreement, frechetDistance, psnr, shippedTagger, taggerFeatures } from '../metrics/index.js';
import { generatorForward, latentOf } from '../models/generator.js';
import type { Generator } from '../models/generator-weights.js';

/** Pictures per evaluation. */
const CHUNK = 10;

/** Pictures of given latents and classes [n, latent], [n]; n a multiple of 10. Clamped to [0, 1]. */
export async function generate(generator: Generator, latents: NdArray, classes: ArrayLike<number>): Promise<NdArray> {
  const { design, fixed, weights, latent } = generator;
  const forward = generatorForward(design);
  const example = [ndarray([CHUNK, latent]), ndarray([CHUNK, design.classes])];
  const step = await compile((z, y, ...all) => forward(all.slice(0, 3), all.slice(3), z, y), example, {
    constants: [...fixed, ...weights],
    name: 'generator',
  });
  try {
    const parts: NdArray[] = [];
    for (let from = 0; from < latents.shape[0]!; from += CHUNK) {
      const rows = ndarray([CHUNK, design.classes]);
      for (let i = 0; i < CHUNK; i++) rows.data[i * design.classes + classes[from + i]!] = 1;
      const z = { shape: [CHUNK, latent], data: latents.data.slice(from * latent, (from + CHUNK) * latent) };
      parts.push((await step.run(z, rows))[0]!);
    }
    const all = stackImages(parts.flatMap((part) => Array.from({ length: CHUNK }, (_, i) => imageAt(part, i))));
    return { shape: all.shape, data: all.data.map((value) => Math.min(1, Math.max(0, value))) };
  } finally {
    step.dispose();
  }
}

/** Rows of pictures drawn from z ~ N(0, 1), a class a column. */
export async function drawSamples(generator: Generator, rows: number, seed: number): Promise<NdArray[]> {
  const { classes } = generator.design;
  const all = await drawn(generator, rows, seed);
  const part = (row: number): NdArray[] => Array.from({ length: classes }, (_, k) => imageAt(all, row * classes + k));
  return Array.from({ length: rows }, (_, row) => stackImages(part(row)));
}

/** `each` pictures of every class, class after class. */
function drawn(generator: Generator, each: number, seed: number): Promise<NdArray> {
  const { classes } = generator.design;
  const count = each * classes;
  const z = ndarray([count, generator.latent], normalStream(deriveSeed(seed, 'draw')));
  return generate(
    generator,
    z,
    Array.from({ length: count }, (_, i) => i % classes),
  );
}

/** What the generator makes of the images' own latents. Their number must be a multiple of 10. */
export async function rebuildImages(generator: Generator, images: NdArray, labels: Int32Array): Promise<NdArray> {
  const { fixed, design } = generator;
  const example = [ndarray([CHUNK, ...images.shape.slice(1)]), ndarray([CHUNK, design.classes])];
  const step = await compile((x, y, ...all) => latentOf(all, x, y), example, { constants: fixed, name: 'encoder' });
  try {
    const z = ndarray([images.shape[0]!, generator.latent]);
    for (let from = 0; from < images.shape[0]!; from += CHUNK) {
      const some = stackImages(Array.from({ length: CHUNK }, (_, i) => imageAt(images, from + i)));
      const rows = ndarray([CHUNK, design.classes]);
      for (let i = 0; i < CHUNK; i++) rows.data[i * design.classes + labels[from + i]!] = 1;
      z.data.set((await step.run(some, rows))[0]!.data, from * generator.latent);
    }
    return generate(generator, z, labels);
  } finally {
    step.dispose();
  }
}

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
    await drawn(generator, each, 11),
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

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

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
