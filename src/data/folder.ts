import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { LIMITS } from '../assets/limits.js';
import { decodeImage, imageHead, type PictureHead, readPicture } from '../assets/pictures/index.js';
import { readBoundedText } from '../assets/read-bounded.js';
import { problem } from '../core/errors.js';
import { integer } from '../core/options.js';
import type { ImageShape } from '../core/types.js';
import { type ListedImage, listImages } from './folder-list.js';
import { publishedIn } from './published.js';
import type { DatasetOptions, PixelSource, Split } from './types.js';

const DEFAULT_SIZE = 128;
const AT_ONCE = 16;

/**
 * A folder of images: one sub-folder per class, or `labels.csv` with lines `file,label` (or with columns of such
 * names). Labels are class names or whole numbers; then `classes.txt`, one name a line, may name them, and the option
 * `classes` sets how many there are.
 *
 * With sub-folders `train` and `test` these are the splits, else every image is in `test`. `size`: the centre square,
 * resized; default the images' own size if all are equal, else 128. Gray where every image is, else colour. All images
 * are decoded on opening; what is not read is counted by kind in `notice`.
 * @throws no folder, no images, an unreadable image (named), a wrong line of labels.csv (numbered), too many pixels
 */
export async function folder(directory: string, options: DatasetOptions): Promise<PixelSource> {
  const where = `folder:${directory}`;
  if (!directory || !existsSync(directory) || !statSync(directory).isDirectory())
    throw problem('openDataset', 'folder:DIR needs a folder that exists', directory);
  const published = publishedIn(directory);
  if (published) {
    const fix = `open "${published.name}:${directory}"`;
    throw problem(where, `holds ${published.title} in its binary layout`, undefined, fix);
  }
  const { images, classNames, skipped } = listImages(where, directory, options.classes);
  const sourceFile = join(directory, 'SOURCE.txt');
  const source = existsSync(sourceFile) ? readBoundedText(where, sourceFile, LIMITS.textBytes).trim() : undefined;
  const notices = [...(skipped.length ? [`Not read: ${skipped.join(', ')}.`] : [])];
  return pictureSource(where, images, {
    name: basename(resolve(directory)),
    classNames,
    source,
    notices,
    size: options.size,
  });
}

/** What {@link pictureSource} is told beside the files. */
export interface PictureSet {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly source?: string;
  readonly notices?: readonly string[];
  readonly size?: number;
}

/** Decodes picture files into one array of pixels. @throws an unreadable image (named), too many pixels */
export async function pictureSource(
  where: string,
  images: readonly ListedImage[],
  { name, classNames, source, notices = [], size: wanted }: PictureSet,
): Promise<PixelSource> {
  const size = wanted !== undefined ? integer(where, 'size', wanted, 8, 1024) : undefined;
  const heads: Awaited<ReturnType<typeof imageHead>>[] = new Array(images.length);
  await forEach(
    images,
    () => 1 / 4,
    async ({ file }, i) => {
      heads[i] = await readable(file, () => imageHead(readPicture(file)));
    },
  );
  const imageShape = shapeOf(heads, size);
  const [height, width, channels] = imageShape;
  const bytes = height * width * channels;
  if (images.length * bytes > LIMITS.datasetBytes) {
    const fix = 'choose a smaller size';
    throw problem(where, `${images.length} images of ${height}x${width} take over 2 GB`, undefined, fix);
  }
  const pixels = new Uint8Array(images.length * bytes);
  const resized = size ?? (sameSize(heads) ? undefined : DEFAULT_SIZE);
  const share = (i: number): number => heads[i]!.share;
  await forEach(images, share, async ({ file }, i) => {
    const { data } = await readable(file, () => decodeImage(readPicture(file), resized));
    for (let k = 0; k < bytes; k++) pixels[i * bytes + k] = data[channels === 3 ? k : 3 * k]!;
  });
  const positions = { train: positionsOf(images, 'train'), test: positionsOf(images, 'test') };
  const notice = [...notices, ...(classNames.length === 1 ? [oneClass(images.length, classNames[0]!)] : [])].join(' ');
  return {
    name,
    source: source ?? `${images.length} images of the folder ${name}, ${height}x${width}.`,
    ...(notice ? { notice } : {}),
    classNames,
    imageShape,
    sizes: { train: positions.train.length, test: positions.test.length },
    labelAt: (split, index) => images[positions[split][index]!]!.label,
    writeImage: (split, index, out, offset) => {
      const start = positions[split][index]! * bytes;
      for (let i = 0; i < bytes; i++) out[offset + i] = pixels[start + i]! / 255;
    },
  };
}

/** What to say of a data set with one class. */
export const oneClass = (count: number, name: string): string =>
  `All ${count} images are of one class, ${JSON.stringify(name)}: a label says nothing then, the loss of a ` +
  'network with one class has no gradient, and there is no update to attack. Use one sub-folder per class, or ' +
  'whole numbers as labels with the option classes.';

const positionsOf = (images: readonly ListedImage[], wanted: Split): number[] =>
  images.flatMap(({ split }, i) => (split === wanted ? [i] : []));

const sameSize = (heads: readonly PictureHead[]): boolean =>
  heads.every(({ height, width }) => height === heads[0]!.height && width === heads[0]!.width);

/** The wanted side, or the images' own size when all agree, else the default side; gray when all are. */
function shapeOf(heads: readonly PictureHead[], size: number | undefined): ImageShape {
  const channels = heads.every((head) => head.channels === 1) ? 1 : 3;
  const side = size ?? (sameSize(heads) ? undefined : DEFAULT_SIZE);
  return side ? [side, side, channels] : [heads[0]!.height, heads[0]!.width, channels];
}

async function readable<T>(file: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw problem('openDataset', `cannot read the image ${file} (${reason})`, undefined, 'remove or replace it');
  }
}

/** An action for each, several at a time: at most 16, and those whose `share` of what memory allows adds up to 1. */
async function forEach<T>(
  list: readonly T[],
  share: (i: number) => number,
  action: (item: T, i: number) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < list.length; ) {
    const first = i;
    for (let sum = 0; i < list.length && i - first < AT_ONCE; i++) {
      sum += share(i);
      if (sum > 1 && i > first) break;
    }
    await Promise.all(list.slice(first, i).map((item, k) => action(item, first + k)));
  }
}
