/** The door to the WASM backend: the embedded default. */
import '@tensorflow/tfjs-backend-wasm';
import { installWasmKernels } from '../kernels/wasm.js';

installWasmKernels();
