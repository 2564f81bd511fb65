/** The door to the native backends, which a user installs beside roglab or not. */
import Module from 'node:module';
import { problem } from '../../core/errors.js';
import { installGradients } from '../gradients/install-gradients.js';
import { requireFrom } from '../installed.js';
import { installKernels } from '../kernels/install-kernels.js';
import { prepareTensorflow } from '../native.js';
import { preload } from '../preload.js';

prepareTensorflow(); // when this is imported: a worker thread, which cannot, may load the library first

/** Loads `@tensorflow/tfjs-node` or `-gpu` if it is installed and its native library starts; else says why not. */
export function loadNative(engine: 'tensorflow' | 'tensorflow-gpu'): void {
  const name = engine === 'tensorflow' ? '@tensorflow/tfjs-node' : '@tensorflow/tfjs-node-gpu';
  const require = requireFrom(engine);
  try {
    require.resolve(name);
  } catch {
    throw problem(name, 'not installed', undefined, `roglab engine add ${engine}`);
  }
  // tfjs-node 4.22 calls a function that Node 23 removed.
  const util = require('node:util') as { isNullOrUndefined?: (x: unknown) => boolean };
  util.isNullOrUndefined ??= (x) => x === null || x === undefined;
  preload(engine);
  sharing(() => require(name));
  // The package brought the stock gradient rules along.
  installGradients();
  installKernels('tensorflow');
}

type Resolve = (request: string, ...more: unknown[]) => string;

/** Packages of which there is one: a copy in an engine's own folder would register everything again. */
const SHARED = /^@tensorflow\/tfjs-(core|backend-cpu)(\/|$)/;

/** Calls `load` with the shared packages found beside roglab, whoever asks for them. */
function sharing(load: () => unknown): void {
  const loader = Module as unknown as { _resolveFilename: Resolve };
  const paths = [import.meta.dirname];
  const stock = loader._resolveFilename;
  loader._resolveFilename = (request, ...more) =>
    SHARED.test(request) ? stock.call(loader, request, null, false, { paths }) : stock.call(loader, request, ...more);
  try {
    load();
  } finally {
    loader._resolveFilename = stock;
  }
}
