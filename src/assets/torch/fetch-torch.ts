import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { problem } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { checkOptions } from '../../core/options.js';
import type { NamedArray } from '../../core/types.js';
import { cacheFolder } from '../cache.js';
import { cancelled, type DownloadOptions, download } from '../download.js';
import { diskProblem } from '../files.js';
import { waitForLock } from '../lock.js';
import type { Asset } from '../manifest.js';
import { loadSafetensors, saveSafetensors } from '../safetensors.js';
import { loadTorch, torchTensors } from './load-torch.js';
import { rangeSource } from './ranges.js';

export interface TorchFetchOptions extends Pick<DownloadOptions, 'cache' | 'onProgress' | 'signal'> {
  /** The tensors wanted; default all. */
  readonly names?: readonly string[];
  /** Gets the whole file and checks its hash even where a part would do; default false. */
  readonly whole?: boolean;
}

/** From this size on a file is worth reading in parts. */
const WORTH_PARTS = 16 * 2 ** 20;

/**
 * Tensors of a published PyTorch checkpoint, downloaded once: they are kept as a safetensors file in the cache.
 *
 * Of a large file only the parts that hold the wanted tensors are fetched, by HTTP range requests; the file's size must
 * be the manifest's and, in zip checkpoints, every part must match its CRC-32 (legacy pickles have no checksums). Where
 * the server serves no ranges, or with `whole`, the whole file is downloaded, its hash checked, and removed after
 * reading. Nothing gets its name in the cache before all of it is there and checked. A file of that name in the folder
 * ROGLAB_WEIGHTS is the user's own and taken as it is.
 * @throws those of `download` and `torchTensors`; a wanted tensor that is not in the file
 */
export async function fetchTorch(asset: Asset, options: TorchFetchOptions = {}): Promise<NamedArray[]> {
  checkOptions('fetchTorch', options, ['cache', 'onProgress', 'signal', 'names', 'whole']);
  const own = await ownFile(asset);
  if (own) return ownTensors(own, asset, options);
  const path = keptPath(asset, options);
  if (await exists(path)) return loadKept(path);
  const lock = await waitForLock('fetchTorch', path, options.signal).catch((error) => {
    throw options.signal?.aborted ? cancelled(asset) : diskProblem('fetchTorch', path, error);
  });
  try {
    if (await exists(path)) return await loadKept(path);
    const { tensors, checked } = await getTensors(asset, options);
    await saveSafetensors(path, tensors, { source: asset.url, checked, content: contentHash(tensors) });
    return tensors;
  } finally {
    await lock.release();
  }
}

/** Whether {@link fetchTorch} would find the tensors here. */
export const torchCached = async (asset: Asset, options: TorchFetchOptions = {}): Promise<boolean> =>
  (await ownFile(asset)) !== undefined || exists(keptPath(asset, options));

/** The file in the user's own folder of weights, if it is there. */
async function ownFile({ name }: Asset): Promise<string | undefined> {
  const folder = process.env.ROGLAB_WEIGHTS;
  const path = folder && join(folder, name);
  return path && (await exists(path)) ? path : undefined;
}

async function ownTensors(path: string, asset: Asset, { names }: TorchFetchOptions): Promise<NamedArray[]> {
  const wanted = names ? (name: string) => names.includes(name) : undefined;
  return complete(asset, await loadTorch(path, { wanted }), names);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function keptPath(asset: Asset, { cache = cacheFolder(), names }: TorchFetchOptions): string {
  const part = names ? `-${sha256(names.join()).slice(0, 8)}` : '';
  return join(cache, `${asset.name.replace(/\.pth$/, '')}${part}.safetensors`);
}

async function loadKept(path: string): Promise<NamedArray[]> {
  const { tensors, metadata } = await loadSafetensors(path).catch((error: Error) => {
    throw /checksum/.test(error.message) ? changed(path) : error;
  });
  if (metadata.content !== contentHash(tensors)) throw changed(path);
  return [...tensors];
}

const changed = (path: string): Error =>
  problem('fetchTorch', `${path} must have the hash it was written with`, undefined, 'delete it and try again');

const contentHash = (tensors: readonly NamedArray[]): string =>
  sha256(...tensors.flatMap(({ name, shape, data }) => [`${name} ${shape} `, data]));

async function getTensors(
  asset: Asset,
  options: TorchFetchOptions,
): Promise<{ tensors: NamedArray[]; checked: string }> {
  const { names, whole = false, cache = cacheFolder(), signal, onProgress } = options;
  const wanted = names ? (name: string) => names.includes(name) : undefined;
  const had = await exists(join(cache, asset.name));
  const parts = !had && !whole && names && asset.bytes >= WORTH_PARTS;
  const source = parts ? await rangeSource(asset, { signal }) : undefined;
  if (source) {
    const report = (received: number, total: number) => onProgress?.({ name: asset.name, received, total });
    const tensors = complete(asset, await torchTensors(source, { wanted, onProgress: report }), names);
    return { tensors, checked: 'size of the file; CRC-32 of each part where the file has them' };
  }
  const path = await download(asset, { cache, signal, onProgress });
  const tensors = complete(asset, await loadTorch(path, { wanted }), names);
  if (!had) await rm(path, { force: true });
  return { tensors, checked: `${Object.entries(asset.hash).flat().join(' ')} of the whole file` };
}

function complete(asset: Asset, tensors: NamedArray[], names: readonly string[] = []): NamedArray[] {
  const missing = names.filter((name) => !tensors.some((tensor) => tensor.name === name));
  if (missing.length) {
    const fix = 'is it the right file?';
    throw problem('fetchTorch', `${asset.url} must hold the tensors ${missing.join(', ')}`, undefined, fix);
  }
  return tensors;
}
