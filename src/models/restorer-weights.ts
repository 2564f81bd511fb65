import type { NamedArray } from '../core/types.js';
import { checkRestorer } from './restorer.js';
import { shippedWeights } from './shipped.js';

let loaded: Promise<readonly NamedArray[]> | undefined;

/**
 * The restorer's weights that come with the package, read once a process.
 * @throws no such file, one that is truncated or whose sha256 is not its card's, tensors that are not the network's
 */
export function shippedRestorer(): Promise<readonly NamedArray[]> {
  loaded ??= shippedWeights('restorer').then((weights) => {
    checkRestorer('weights of restorer', weights);
    return weights;
  });
  loaded.catch(() => {
    loaded = undefined; // a file that is repaired is read again
  });
  return loaded;
}
