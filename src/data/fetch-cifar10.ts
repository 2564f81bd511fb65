import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '../assets/archive.js';
import { cacheFolder } from '../assets/cache.js';
import { download } from '../assets/download.js';
import { type Asset, assetOf } from '../assets/manifest.js';
import { ARCHIVE_FOLDER, CIFAR10_FILES, cifar10 } from './cifar10.js';
import type { DatasetOptions } from './types.js';

/**
 * Downloads the official CIFAR-10 archive (162 MB, resumed when interrupted) into the cache, checks its hash, unpacks it
 * and removes the archive. Returns the folder. Errors as `download` and `unpack`; nothing half-written stays.
 */
export async function fetchCifar10(
  { onProgress, signal }: DatasetOptions,
  asset: Asset = assetOf('cifar10'),
): Promise<string> {
  const folder = join(cacheFolder(), ARCHIVE_FOLDER);
  const archive = await download(asset, { onProgress, signal });
  await unpack(archive, folder, {
    files: [...CIFAR10_FILES.train, ...CIFAR10_FILES.test],
    add: { 'SOURCE.txt': `CIFAR-10 (Krizhevsky 2009), the official binary archive from ${new URL(asset.url).host}.\n` },
    check: cifar10,
  });
  await rm(archive);
  return folder;
}
