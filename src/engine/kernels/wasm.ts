import { getKernel, registerKernel, type Tensor, tidy, unregisterKernel } from '../tfjs.js';
import { filterGradient } from './filterGradient.js';
import { inputGradient } from './inputGradient.js';
import type { Kernel } from './types.js';

const kernels: Record<string, Kernel> = {
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
};

/** Gives the WASM backend the kernels it lacks or does slowly, built from the ones it does fast. */
export function installWasmKernels(): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    const stock = getKernel(kernelName, 'wasm');
    if (stock) unregisterKernel(kernelName, 'wasm');
    registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) => tidy(() => kernel(inputs as Record<string, Tensor>, attrs)),
    });
  }
}
