/** The door to the WASM backend: the embedded default. */
import '@tensorflow/tfjs-backend-wasm';
import { installKernels } from '../kernels/install.js';

installKernels('wasm');
