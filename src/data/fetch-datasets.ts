import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '../assets/archive.js';
import { cacheFolder } from '../assets/cache.js';
import { download } from '../assets/download.js';
import { diskProblem, writeAtomic } from '../assets/files.js';
import { waitForLock } from '../assets/lock.js';
import { type Asset, assetOf } from '../assets/manifest.js';
import { CIFAR10, CIFAR100, type CifarLayout, cifar, findCifar } from './cifar.js';
import { type IdxLayout, idx, idxName } from './idx.js';
import type { DatasetOptions } from './types.js';

/** Downloads CIFAR-10 into the cache, see {@link fetchCifar}. */
export const fetchCifar10 = (options: DatasetOptions, asset: Asset = assetOf('cifar10')): Promise<string> =>
  fetchCifar(CIFAR10, options, asset);

/** Downloads CIFAR-100 into the cache, see {@link fetchCifar}. */
export const fetchCifar100 = (options: DatasetOptions, asset: Asset = assetOf('cifar100')): Promise<string> =>
  fetchCifar(CIFAR100, options, asset);

/**
 * Downloads an official CIFAR archive (162 MB, resumed when interrupted) into the cache, checks its hash, unpacks it
 * and removes the archive. Returns the folder. Errors as `download` and `unpack`; nothing half-written stays.
 */
async function fetchCifar(layout: CifarLayout, { onProgress, signal }: DatasetOptions, asset: Asset): Promise<string> {
  const folder = join(cacheFolder(), layout.archiveFolder);
  return alone(folder, signal, async () => {
    if (findCifar(layout, folder)) return folder;
    await unpacked(layout, folder, asset, { onProgress, signal });
    return folder;
  });
}

/** Of several processes one fetches into a folder, the others wait for it. */
async function alone<T>(folder: string, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
  const lock = await waitForLock('openDataset', folder, signal).catch((error) => {
    throw diskProblem('openDataset', folder, error);
  });
  try {
    return await task();
  } finally {
    await lock.release();
  }
}

async function unpacked(
  layout: CifarLayout,
  folder: string,
  asset: Asset,
  options: Pick<DatasetOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const archive = await download(asset, options);
  await unpack(archive, folder, {
    files: [...layout.files.train, ...layout.files.test],
    add: {
      'SOURCE.txt': `${layout.title} (Krizhevsky 2009), the official binary archive from ${new URL(asset.url).host}.\n`,
    },
    check: (made) => void cifar(layout, made),
  });
  await rm(archive, { force: true });
}

const PARTS = (['train', 'test'] as const).flatMap((split) =>
  (['images', 'labels'] as const).map((part) => idxName(split, part)),
);

/** Downloads the four files of (Fashion-)MNIST into a folder of the cache; checked by hash, they stay packed. */
export async function fetchIdx(
  layout: IdxLayout,
  { onProgress, signal }: DatasetOptions,
  asset: (key: string) => Asset = assetOf,
): Promise<string> {
  const folder = join(cacheFolder(), layout.archiveFolder);
  const assets = PARTS.map((part) => asset(`${layout.name}-${part}`));
  for (const each of assets) await download(each, { cache: folder, onProgress, signal });
  idx(layout, folder);
  const { host } = new URL(assets[0]!.url);
  await writeAtomic(join(folder, 'SOURCE.txt'), `${layout.title}, the official files from ${host}.\n`);
  return folder;
}
