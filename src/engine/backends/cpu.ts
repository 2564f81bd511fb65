/** The door to the pure JavaScript backend: always there, slow. */
import '@tensorflow/tfjs-backend-cpu';
import { installKernels } from '../kernels/install-kernels.js';
import { findBackend } from '../tf.js';

installKernels('cpu');

// The backend prints a hint about tfjs-node when it is first used in Node; roglab's session line says that better.
const backend = findBackend('cpu') as unknown as { firstUse: boolean };
backend.firstUse = false;
