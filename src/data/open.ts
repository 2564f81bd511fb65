import { existsSync } from 'node:fs';
import { problem } from '../core/errors.js';
import { checkOptions, oneOf } from '../core/options.js';
import { cifar10, findCifar10 } from './cifar10.js';
import { datasetOf } from './dataset.js';
import type { Dataset, DatasetOptions } from './types.js';

const OPTIONS = ['root', 'size', 'seed', 'classes', 'download', 'fallback', 'onProgress', 'signal'] as const;

/**
 * Opens a data set by name: `cifar10`, `cifar10:DIR`.
 *
 * Without a name, the environment variable ROGLAB_DATA decides, else `cifar10`. ROGLAB_DATA is one of these names, or
 * simply the folder with the CIFAR-10 files, which `openDataset('cifar10')` then uses as well.
 * @example const data = await openDataset('cifar10'); const batch = data.batch({ size: 4, seed: 7 });
 */
export async function openDataset(name?: string, options: DatasetOptions = {}): Promise<Dataset> {
  checkOptions('openDataset', options, OPTIONS);
  const environment = process.env.ROGLAB_DATA;
  const wanted = name ?? (environment && !existsSync(environment) ? environment : 'cifar10');
  const [kind, ...rest] = wanted.split(':');
  oneOf('openDataset', 'name', kind!, ['cifar10']);
  const root = options.root ?? (rest.join(':') || environment);
  if (root) {
    const folder = findCifar10(root);
    if (!folder) throw problem('openDataset', 'the folder must hold test_batch.bin', root);
    return datasetOf(cifar10(folder));
  }
  throw problem('openDataset', 'set ROGLAB_DATA to the folder of the CIFAR-10 files');
}
