import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer, oneOf } from '../core/options.js';
import { deriveSeed, permutation } from '../core/random.js';
import type { Batch, NdArray } from '../core/types.js';
import type { BatchOptions, Dataset, PixelSource, Split } from './types.js';

const SPLITS = ['train', 'test'] as const;
const BATCH_OPTIONS = ['split', 'size', 'seed', 'labels', 'indices'] as const;

/** The Dataset over a source of pixels: choosing, stacking and checking, the same for every kind of data set. */
export function datasetOf(pixels: PixelSource): Dataset {
  const images = (split: Split, indices: readonly number[]): NdArray => {
    checkIndices(pixels, oneOf(pixels.name, 'split', split, SPLITS), indices);
    const size = sizeOf(pixels.imageShape);
    const data = new Float32Array(indices.length * size);
    indices.forEach((index, i) => {
      pixels.writeImage(split, index, data, i * size);
    });
    return { shape: [indices.length, ...pixels.imageShape], data };
  };
  const labels = (split: Split, indices: readonly number[]): Int32Array => {
    checkIndices(pixels, oneOf(pixels.name, 'split', split, SPLITS), indices);
    return Int32Array.from(indices, (index) => pixels.labelAt(split, index));
  };
  const batch = (options: BatchOptions = {}): Batch => {
    checkOptions(`${pixels.name}.batch`, options, BATCH_OPTIONS);
    const { split = 'test', indices: given, ...drawing } = options;
    const [unused] = Object.keys(drawing);
    if (given && unused) throw problem(`${pixels.name}.batch`, `indices leave nothing to draw; remove ${unused}`);
    const indices = given ?? choose(pixels, split, options);
    return {
      images: images(split, indices),
      labels: Int32Array.from(indices, (index) => pixels.labelAt(split, index)),
      classNames: pixels.classNames,
      source: `${pixels.name} ${split} ${indices.join(',')}`,
    };
  };
  const { name, source, notice, classNames, imageShape, sizes } = pixels;
  return { name, source, ...(notice ? { notice } : {}), classNames, imageShape, sizes, batch, images, labels };
}

function choose(pixels: PixelSource, split: Split, { size = 1, seed = 0, labels = 'any' }: BatchOptions): number[] {
  const where = `${pixels.name}.batch`;
  oneOf(where, 'split', split, SPLITS);
  oneOf(where, 'labels', labels, ['any', 'distinct']);
  integer(where, 'seed', seed, Number.MIN_SAFE_INTEGER);
  const count = pixels.sizes[split];
  if (count === 0) throw problem(where, `the ${split} split is empty`, undefined, emptyFix(pixels, split));
  integer(where, 'size', size, 1, count);
  const order = permutation(count, deriveSeed(seed, split));
  if (labels === 'any') return order.slice(0, size);
  const chosen = new Map<number, number>();
  for (const index of order) {
    if (chosen.size === size) break;
    const label = pixels.labelAt(split, index);
    if (!chosen.has(label)) chosen.set(label, index);
  }
  if (chosen.size < size)
    throw problem(where, `labels: 'distinct' allows a size of at most ${chosen.size}, one image per class`, size);
  return [...chosen.values()];
}

const emptyFix = (pixels: PixelSource, split: Split): string =>
  SPLITS.filter((other) => other !== split && pixels.sizes[other] > 0)
    .map((other) => `use split: '${other}' (${pixels.sizes[other]} images)`)
    .join('');

function checkIndices(pixels: PixelSource, split: Split, indices: readonly number[]): void {
  const high = pixels.endless ? 2 ** 31 : pixels.sizes[split];
  for (const index of indices)
    if (!(Number.isInteger(index) && index >= 0 && index < high))
      throw problem(pixels.name, `positions in the ${split} split are integers from 0 to ${high - 1}`, index);
}
