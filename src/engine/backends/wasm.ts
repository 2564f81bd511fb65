/** The door to the WASM backend: the embedded default. */
import '@tensorflow/tfjs-backend-wasm';
import { installKernels } from '../kernels/install-kernels.js';

installKernels('wasm');
