import { existsSync } from 'node:fs';
import { cacheFolder } from '../assets/cache.js';
import { isNetworkProblem } from '../assets/download.js';
import { problem } from '../core/errors.js';
import { checkOptions, oneOf } from '../core/options.js';
import { cifar10, findCifar10 } from './cifar10.js';
import { datasetOf } from './dataset.js';
import { fetchCifar10 } from './fetch-cifar10.js';
import { scenes } from './scenes/index.js';
import type { Dataset, DatasetOptions, PixelSource } from './types.js';

const OPTIONS = ['root', 'size', 'seed', 'classes', 'download', 'fallback', 'onProgress', 'signal'] as const;

type Opener = (argument: string, options: DatasetOptions) => PixelSource | Promise<PixelSource>;

const OPENERS = {
  cifar10: openCifar10,
  scenes: (_, options) => scenes(options),
  folder: async (argument, options) => (await import('./folder.js')).folder(argument, options),
} satisfies Record<string, Opener>;

const KINDS = Object.keys(OPENERS) as (keyof typeof OPENERS)[];

/**
 * Opens a data set: `cifar10`, `cifar10:DIR`, `scenes` or `folder:DIR`.
 *
 * Without a name the environment variable ROGLAB_DATA decides: one of these names, or just the folder with the CIFAR-10
 * files; else `cifar10`. CIFAR-10 comes from `root`, ROGLAB_DATA or the cache; is it in none of them, it is downloaded;
 * is there no network, `scenes` stands in and `dataset.notice` says so (within 10 seconds, or `fallback: 'none'` throws).
 * @param name kind of data set, with its folder after a colon
 * @example
 * const data = await openDataset('cifar10');
 * const batch = data.batch({ split: 'test', size: 4, seed: 7 }); // images [4, 32, 32, 3]
 */
export async function openDataset(name?: string, options: DatasetOptions = {}): Promise<Dataset> {
  checkOptions('openDataset', options, OPTIONS);
  oneOf('openDataset', 'fallback', options.fallback ?? 'scenes', ['scenes', 'none']);
  const [kind, argument] = splitName(name ?? nameFromEnvironment());
  return datasetOf(await OPENERS[oneOf('openDataset', 'name', kind, KINDS)](argument, options));
}

const splitName = (name: string): [kind: string, argument: string] => {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, ''] : [name.slice(0, colon), name.slice(colon + 1)];
};

const isName = (text: string): boolean => (KINDS as string[]).includes(splitName(text)[0]);

function nameFromEnvironment(): string {
  const text = process.env.ROGLAB_DATA;
  if (!text) return 'cifar10';
  if (isName(text)) return text;
  if (existsSync(text)) return `cifar10:${text}`;
  throw problem('ROGLAB_DATA', 'must be cifar10, scenes, folder:DIR or the folder of the CIFAR-10 files', text);
}

/** The folder that ROGLAB_DATA gives for CIFAR-10, written `DIR` or `cifar10:DIR`. */
function rootFromEnvironment(): string | undefined {
  const name = nameFromEnvironment();
  return name.startsWith('cifar10:') ? splitName(name)[1] : undefined;
}

async function openCifar10(argument: string, options: DatasetOptions): Promise<PixelSource> {
  const { size = 32, download = true, fallback = 'scenes' } = options;
  if (size !== 32)
    throw problem('openDataset', 'cifar10 has images of size 32', size, "use 'scenes' or 'folder:DIR' for other sizes");
  const root = options.root ?? (argument || rootFromEnvironment());
  if (root) return cifar10(findCifar10(root) ?? refuseRoot(root));
  const cached = findCifar10(cacheFolder());
  if (cached) return cifar10(cached);
  try {
    if (!download) throw Object.assign(problem('openDataset', 'cifar10 is not in the cache', undefined, HOW), OFFLINE);
    return cifar10(await fetchCifar10(options));
  } catch (error) {
    if (fallback === 'none' || !isNetworkProblem(error)) throw error;
    const notice = `CIFAR-10 is not here, so the built-in procedural scenes stand in (${(error as Error).message}). ${HOW}`;
    return { ...scenes(options), notice };
  }
}

const OFFLINE = { code: 'NETWORK' };
const HOW = 'To use CIFAR-10, go online once or set ROGLAB_DATA to a folder with its binary files.';

function refuseRoot(root: string): never {
  throw problem(
    'openDataset',
    'the folder of cifar10 must hold test_batch.bin (and data_batch_1.bin to 5)',
    root,
    `for a folder of images use "folder:${root}"`,
  );
}
