import { existsSync } from 'node:fs';
import { cacheFolder } from '../assets/cache.js';
import { isNetworkProblem } from '../assets/download.js';
import { isDiskProblem } from '../assets/files.js';
import { described } from '../core/arguments.js';
import { problem } from '../core/errors.js';
import { checkOptions, oneOf } from '../core/options.js';
import { withChannels } from './channels.js';
import { datasetOf } from './dataset.js';
import { PUBLISHED, type Published, publishedIn } from './published.js';
import { scenes } from './scenes/index.js';
import type { Dataset, DatasetOptions, PixelSource } from './types.js';

const OPTIONS = [
  ...['root', 'size', 'seed', 'classes', 'channels', 'download', 'fallback', 'onProgress', 'signal'],
] as const;

type Opener = (argument: string, options: DatasetOptions) => PixelSource | Promise<PixelSource>;

const OPENERS = {
  cifar10: publishedOpener(PUBLISHED.cifar10),
  cifar100: publishedOpener(PUBLISHED.cifar100),
  mnist: publishedOpener(PUBLISHED.mnist),
  'fashion-mnist': publishedOpener(PUBLISHED['fashion-mnist']),
  photos: async (_, options) => (await import('./photos.js')).photos(options),
  scenes: (_, options) => scenes(options),
  folder: async (argument, options) => (await import('./folder.js')).folder(argument, options),
  csv: async (argument, options) => (await import('./pixel-table.js')).pixelTable(argument, options),
} satisfies Record<string, Opener>;

const KINDS = Object.keys(OPENERS) as (keyof typeof OPENERS)[];

/**
 * Opens a data set: `cifar10`, `cifar100`, `mnist`, `fashion-mnist` (each also `NAME:DIR`), the built-in `photos` and
 * `scenes`, `folder:DIR`, or `csv:FILE` (a table of pixels).
 *
 * Without a name the environment variable ROGLAB_DATA decides: one of these names, or just the folder with published
 * files; else `cifar10`. Published sets come from `root`, ROGLAB_DATA or the cache; are they in none of them, they are
 * downloaded; is there no network or no usable cache, `scenes` (or `fallback: 'photos'`, at 48x48) stand in and
 * `dataset.notice` says so (within 10 seconds, or `fallback: 'none'` throws).
 * @param name kind of data set, with its folder after a colon
 * @example
 * const data = await rog.openDataset('cifar10');
 * const batch = data.batch({ split: 'test', size: 4, seed: 7 }); // images [4, 32, 32, 3]
 */
export async function openDataset(name?: string, options: DatasetOptions = {}): Promise<Dataset> {
  checkOptions('openDataset', options, OPTIONS);
  oneOf('openDataset', 'fallback', options.fallback ?? 'scenes', ['scenes', 'photos', 'none']);
  const { channels } = options;
  if (channels !== undefined && channels !== 1 && channels !== 3)
    throw problem('openDataset', 'channels must be 1 or 3', channels);
  const [kind, argument] = splitName(name ?? nameFromEnvironment());
  const pixels = await OPENERS[kindOf(kind)](argument, options);
  return datasetOf(channels ? withChannels(pixels, channels) : pixels);
}

/** A path alone is no name: what it is a folder of must be said. */
function kindOf(kind: string): (typeof KINDS)[number] {
  if (!(KINDS as readonly string[]).includes(kind) && (/[/\\]/.test(kind) || existsSync(kind))) {
    const fix = `did you mean "${likelyKind(kind)}:${kind}"?`;
    throw problem('openDataset', 'a path needs the kind of its data before it', kind, fix);
  }
  return oneOf('openDataset', 'name', kind, KINDS);
}

/** What a path most likely holds, by its name and the files in it. */
const likelyKind = (path: string): string =>
  path.endsWith('.csv') ? 'csv' : existsSync(path) ? (publishedIn(path)?.name ?? 'folder') : 'folder';

/** A drive's letter is no kind. */
const DRIVE = /^[a-z]:[/\\]/i;

const splitName = (name: string): [kind: string, argument: string] => {
  if (typeof name !== 'string')
    throw problem('openDataset', 'the name must be a text', described(name), `one of ${NAMES}`);
  const colon = DRIVE.test(name) ? -1 : name.indexOf(':');
  return colon < 0 ? [name, ''] : [name.slice(0, colon), name.slice(colon + 1)];
};

const isName = (text: string): boolean => (KINDS as string[]).includes(splitName(text)[0]);

function nameFromEnvironment(): string {
  const text = process.env.ROGLAB_DATA;
  if (!text) return 'cifar10';
  if (isName(text)) return text;
  if (existsSync(text)) return `${publishedIn(text)?.name ?? 'cifar10'}:${text}`;
  throw problem('ROGLAB_DATA', `must be ${NAMES}, or the folder of the CIFAR-10 files`, text);
}

const NAMES = KINDS.map((kind) => ({ folder: 'folder:DIR', csv: 'csv:FILE' })[kind as string] ?? kind).join(', ');

/** The folder that ROGLAB_DATA gives for this data set, written `DIR` or `NAME:DIR`. */
function rootFromEnvironment(kind: string): string | undefined {
  const [named, folder] = splitName(nameFromEnvironment());
  return named === kind ? folder : undefined;
}

function publishedOpener(set: Published): Opener {
  return async (argument, options) => {
    const { size = set.size, download = true, fallback = 'scenes' } = options;
    if (size !== set.size) {
      const fix = "use 'photos', 'scenes' or 'folder:DIR' for other sizes";
      throw problem('openDataset', `${set.name} has images of size ${set.size}`, size, fix);
    }
    const root = options.root ?? (argument || rootFromEnvironment(set.name));
    if (root) return set.open(set.find(root) ?? refuseRoot(set, root));
    const how = `To use ${set.title}, go online once or set ROGLAB_DATA to a folder with its binary files.`;
    try {
      const cached = set.find(cacheFolder());
      if (cached) return set.open(cached);
      if (!download)
        throw Object.assign(problem('openDataset', `${set.name} is not in the cache`, undefined, how), OFFLINE);
      return set.open(await set.fetch(options));
    } catch (error) {
      if (fallback === 'none' || !(isNetworkProblem(error) || isDiskProblem(error))) throw error;
      const { pixels, what } = await STAND_INS[fallback](options, set);
      const notice = `${set.title} is not here, so ${what} stand in (${(error as Error).message}). ${how}`;
      return { ...withChannels(pixels, set.channels), notice };
    }
  };
}

/** What takes the place of a published set. Photographs are few, without a training half, but people know them. */
const STAND_INS = {
  scenes: (options: DatasetOptions, { size }: Published) => ({
    pixels: scenes({ ...options, size }),
    what: 'the built-in procedural scenes',
  }),
  photos: async (options: DatasetOptions) => ({
    pixels: await (await import('./photos.js')).photos({ ...options, size: options.size ?? 48 }),
    what: 'twelve built-in photographs',
  }),
};

const OFFLINE = { code: 'NETWORK' };

function refuseRoot({ name, files }: Published, root: string): never {
  const fix = `for a folder of images use "folder:${root}"`;
  throw problem('openDataset', `the folder of ${name} must hold ${files}`, root, fix);
}
