/** The door to the native backends, which a user installs beside roglab or not. */
import { createRequire } from 'node:module';
import { problem } from '../../core/errors.js';
import { installGradients } from '../gradients/install.js';
import { installKernels } from '../kernels/install.js';

/** Loads `@tensorflow/tfjs-node` or `-gpu` if it is installed and its native library starts; else says why not. */
export function loadNative(name: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu'): void {
  const require = createRequire(import.meta.url);
  try {
    require.resolve(name);
  } catch {
    throw problem(name, 'not installed', undefined, `npm install --no-save ${name}`);
  }
  // tfjs-node 4.22 calls a function that Node 23 removed.
  const util = require('node:util') as { isNullOrUndefined?: (x: unknown) => boolean };
  util.isNullOrUndefined ??= (x) => x === null || x === undefined;
  require(name);
  // The package brought the stock gradient rules along.
  installGradients();
  installKernels('tensorflow');
}
