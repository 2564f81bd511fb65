import { CIFAR10, CIFAR100, type CifarLayout, cifar, findCifar } from './cifar.js';
import { fetchCifar10, fetchCifar100, fetchIdx } from './fetch-datasets.js';
import { FASHION_MNIST, findIdx, type IdxLayout, idx, idxName, MNIST } from './idx.js';
import type { DatasetOptions, PixelSource } from './types.js';

/** A data set that others published, in its official binary layout. */
export interface Published {
  readonly name: string;
  readonly title: string;
  /** Side of its images. */
  readonly size: number;
  readonly channels: 1 | 3;
  /** The files that a folder must hold, for messages. */
  readonly files: string;
  /** The folder at or just below a root that holds it. */
  readonly find: (root: string) => string | undefined;
  readonly open: (folder: string) => PixelSource;
  /** Downloads it into the cache; returns the folder. */
  readonly fetch: (options: DatasetOptions) => Promise<string>;
}

const ofCifar = (layout: CifarLayout, files: string, fetch: Published['fetch']): Published => ({
  name: layout.name,
  title: layout.title,
  size: 32,
  channels: 3,
  files,
  fetch,
  find: (root) => findCifar(layout, root),
  open: (folder) => cifar(layout, folder),
});

const ofIdx = (layout: IdxLayout): Published => ({
  name: layout.name,
  title: layout.title,
  size: 28,
  channels: 1,
  files: `${idxName('test', 'images')} and ${idxName('test', 'labels')} (and train-*), packed with gzip or not`,
  find: (root) => findIdx(layout, root),
  open: (folder) => idx(layout, folder),
  fetch: (options) => fetchIdx(layout, options),
});

export const PUBLISHED = {
  cifar10: ofCifar(CIFAR10, 'test_batch.bin (and data_batch_1.bin to 5)', fetchCifar10),
  cifar100: ofCifar(CIFAR100, 'test.bin (and train.bin)', fetchCifar100),
  mnist: ofIdx(MNIST),
  'fashion-mnist': ofIdx(FASHION_MNIST),
} as const satisfies Record<string, Published>;

/** The published data set in a folder, or undefined. (MNIST and Fashion-MNIST have the same file names.) */
export const publishedIn = (folder: string): Published | undefined =>
  Object.values(PUBLISHED).find(({ find }) => find(folder) !== undefined);
