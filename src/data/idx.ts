import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { LIMITS } from '../assets/limits.js';
import { readBounded, unpackedAtMost } from '../assets/read-bounded.js';
import { problem } from '../core/errors.js';
import { recordedSource } from './recorded-source.js';
import type { PixelSource, Split } from './types.js';

/** A data set in the layout of MNIST: an idx file of images and one of labels for each split. */
export interface IdxLayout {
  readonly name: string;
  readonly title: string;
  /** Folder in the cache. */
  readonly archiveFolder: string;
  readonly classNames: readonly string[];
}

export const MNIST: IdxLayout = {
  name: 'mnist',
  title: 'MNIST',
  archiveFolder: 'mnist',
  classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
};

export const FASHION_MNIST: IdxLayout = {
  name: 'fashion-mnist',
  title: 'Fashion-MNIST',
  archiveFolder: 'fashion-mnist',
  classNames: [
    ...['T-shirt/top', 'trouser', 'pullover', 'dress', 'coat'],
    ...['sandal', 'shirt', 'sneaker', 'bag', 'ankle boot'],
  ],
};

const STEMS: Readonly<Record<Split, string>> = { train: 'train', test: 't10k' };
const DIMENSIONS = { images: 3, labels: 1 } as const;
type Part = keyof typeof DIMENSIONS;

/** Official name of a file. */
export const idxName = (split: Split, part: Part): string => `${STEMS[split]}-${part}-idx${DIMENSIONS[part]}-ubyte`;

/** The file of a split, packed or not, also with the dot that some copies have; undefined when it is not there. */
function findFile(folder: string, split: Split, part: Part): string | undefined {
  const name = idxName(split, part);
  return [name, name.replace('-idx', '.idx')]
    .flatMap((each) => [each, `${each}.gz`])
    .map((each) => join(folder, each))
    .find(existsSync);
}

/** The folder at or just below `root` that holds the test files of this layout, or undefined. */
export const findIdx = ({ archiveFolder }: IdxLayout, root: string): string | undefined =>
  [root, join(root, archiveFolder), join(root, 'raw')].find(
    (folder) => findFile(folder, 'test', 'images') && findFile(folder, 'test', 'labels'),
  );

interface Idx {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

/** An idx file of bytes: 0, 0, 8, dimensions, sizes as big-endian int32, values. Source: Y. LeCun's page of MNIST. */
function readIdx(where: string, file: string, dimensions: number, most: number): Idx {
  const packed = readBounded(where, file, most);
  const bytes = file.endsWith('.gz') ? unpacked(where, file, packed, most) : packed;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = 4 + 4 * dimensions;
  if (bytes.length < start || view.getUint32(0) !== 0x800 + dimensions)
    throw problem(where, `${file} must be an idx file of bytes in ${dimensions} dimensions`);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, n) => product * n, 1);
  if (bytes.length !== start + size) {
    const fix = 'it is truncated or corrupt';
    throw problem(where, `${file} must hold ${shape.join('x')} values`, bytes.length - start, fix);
  }
  return { shape, values: bytes.subarray(start) };
}

function unpacked(where: string, file: string, bytes: Uint8Array, most: number): Uint8Array {
  try {
    return gunzipSync(bytes, unpackedAtMost(bytes, most));
  } catch (error) {
    throw problem(where, `${file} is truncated or corrupt (${(error as Error).message})`, undefined, 'get it again');
  }
}

/**
 * MNIST (LeCun et al. 1998) or Fashion-MNIST (Xiao et al. 2017) from a folder with the official files, packed or not:
 * one channel of 28x28. Training files may be absent. A split is read when the data set is opened.
 * @throws another kind of file, truncation, as many labels as there are images, a label above 9
 */
export function idx(layout: IdxLayout, folder: string): PixelSource {
  const { name, title, classNames } = layout;
  const splits = { train: readSplit(layout, folder, 'train'), test: readSplit(layout, folder, 'test') };
  const { shape } = splits.test.images;
  const [, height, width] = shape as [number, number, number];
  const size = height * width;
  if (
    size === 0 ||
    (splits.train.labels.length > 0 && splits.train.images.shape.slice(1).join() !== shape.slice(1).join())
  )
    throw problem(name, 'the images of both splits must have one size', splits.train.images.shape);
  return {
    name,
    source: recordedSource(folder, `${title} in its official layout`),
    classNames,
    imageShape: [height, width, 1],
    sizes: { train: splits.train.labels.length, test: splits.test.labels.length },
    labelAt: (split, index) => splits[split].labels[index]!,
    writeImage: (split, index, out, offset) => {
      const { values } = splits[split].images;
      for (let i = 0; i < size; i++) out[offset + i] = values[index * size + i]! / 255;
    },
  };
}

const EMPTY = { images: { shape: [0, 0, 0], values: new Uint8Array(0) }, labels: new Uint8Array(0) };

function readSplit({ name, classNames }: IdxLayout, folder: string, split: Split): { images: Idx; labels: Uint8Array } {
  const [images, labels] = [findFile(folder, split, 'images'), findFile(folder, split, 'labels')];
  if (!images && !labels && split === 'train') return EMPTY;
  if (!images || !labels)
    throw problem(name, `${folder} must hold ${idxName(split, 'images')} and ${idxName(split, 'labels')}`);
  const found = {
    images: readIdx(name, images, 3, LIMITS.idxBytes),
    labels: readIdx(name, labels, 1, 8 + LIMITS.pictures).values,
  };
  if (found.images.shape[0] !== found.labels.length || found.labels.length === 0)
    throw problem(
      name,
      `${labels} must hold a label for each of the ${found.images.shape[0]} images`,
      found.labels.length,
    );
  const wrong = found.labels.findIndex((label) => label >= classNames.length);
  if (wrong >= 0)
    throw problem(
      name,
      `labels are 0 to ${classNames.length - 1}; label ${wrong} of ${labels} is corrupt`,
      found.labels[wrong],
    );
  return found;
}
