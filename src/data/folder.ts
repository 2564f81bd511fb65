import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { decodeImage, imageSize } from '../assets/sharp.js';
import { problem } from '../core/errors.js';
import { integer } from '../core/options.js';
import { findCifar10 } from './cifar10.js';
import { type ListedImage, listImages } from './folder-list.js';
import type { DatasetOptions, PixelSource } from './types.js';

const DEFAULT_SIZE = 128;
const MOST_BYTES = 2 ** 31;
const AT_ONCE = 16;

/**
 * A folder of images: one sub-folder per class, or `labels.csv` with lines `file,label`. Labels are class names or whole
 * numbers; then `classes.txt`, one name a line, may name them, and the option `classes` sets how many there are.
 *
 * With sub-folders `train` and `test` these are the splits, else every image is in `test`. `size`: the centre square,
 * resized; default the images' own size if all are equal, else 128. All images are decoded on opening.
 * Errors: no folder, no images, an unreadable image (named), a wrong line of labels.csv (numbered), too many pixels.
 */
export async function folder(directory: string, options: DatasetOptions): Promise<PixelSource> {
  const where = `folder:${directory}`;
  if (!directory || !existsSync(directory) || !statSync(directory).isDirectory())
    throw problem('openDataset', 'folder:DIR needs a folder that exists', directory);
  if (findCifar10(directory))
    throw problem(where, 'holds CIFAR-10 in its binary layout', undefined, `open "cifar10:${directory}"`);
  const { images, classNames } = listImages(where, directory, options.classes);
  const size = options.size ? integer(where, 'size', options.size, 8, 1024) : await commonSize(images);
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  const bytes = height * width * 3;
  if (images.length * bytes > MOST_BYTES)
    throw problem(
      where,
      `${images.length} images of ${height}x${width} take over 2 GB`,
      undefined,
      'choose a smaller size',
    );
  const pixels = new Uint8Array(images.length * bytes);
  await forEach(images, async ({ file }, i) => {
    const { data } = await readable(file, () => decodeImage(file, typeof size === 'number' ? size : undefined));
    pixels.set(data, i * bytes);
  });
  const positions = { train: positionsOf(images, 'train'), test: positionsOf(images, 'test') };
  const sourceFile = join(directory, 'SOURCE.txt');
  return {
    name: basename(resolve(directory)),
    source: existsSync(sourceFile)
      ? readFileSync(sourceFile, 'utf8').trim()
      : `${images.length} images of the folder ${basename(resolve(directory))}, ${height}x${width}.`,
    classNames,
    imageShape: [height, width, 3],
    sizes: { train: positions.train.length, test: positions.test.length },
    labelAt: (split, index) => images[positions[split][index]!]!.label,
    writeImage: (split, index, out, offset) => {
      const start = positions[split][index]! * bytes;
      for (let i = 0; i < bytes; i++) out[offset + i] = pixels[start + i]! / 255;
    },
  };
}

const positionsOf = (images: readonly ListedImage[], wanted: string): number[] =>
  images.flatMap(({ split }, i) => (split === wanted ? [i] : []));

/** [height, width] when all images agree, else the default side. */
async function commonSize(images: readonly ListedImage[]): Promise<[number, number] | number> {
  const sizes = new Set<string>();
  await forEach(images, async ({ file }) => {
    const { height, width } = await readable(file, () => imageSize(file));
    sizes.add(`${height} ${width}`);
  });
  return sizes.size === 1 ? ([...sizes][0]!.split(' ').map(Number) as [number, number]) : DEFAULT_SIZE;
}

async function readable<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw problem('openDataset', `cannot read the image ${file} (${reason})`, undefined, 'remove or replace it');
  }
}

async function forEach<T>(list: readonly T[], action: (item: T, i: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < list.length; i += AT_ONCE)
    await Promise.all(list.slice(i, i + AT_ONCE).map((item, k) => action(item, i + k)));
}
