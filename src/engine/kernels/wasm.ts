import * as tf from '../tfjs.js';
import { accurateSum } from './accurateSum.js';
import { filterGradient } from './filterGradient.js';
import { inputGradient } from './inputGradient.js';
import { matMul } from './matMul.js';
import type { Kernel } from './types.js';

const kernels: Record<string, (stock: tf.KernelConfig) => Kernel> = {
  BatchMatMul: matMul,
  Conv2DBackpropInput: () => inputGradient,
  Conv2DBackpropFilter: () => filterGradient,
  // The stock kernel takes alpha per channel whatever its shape.
  Prelu:
    () =>
    ({ x, alpha }) =>
      tf.sub(tf.relu(x), tf.mul(alpha, tf.relu(tf.neg(x)))),
  Sum: (stock) => accurateSum(false, stock),
  Mean: (stock) => accurateSum(true, stock),
};

/**
 * Gives the WASM backend the kernels that it lacks, does slowly or inaccurately, built from its other kernels.
 * Call it once, before the backend starts.
 */
export function installWasmKernels(): void {
  for (const [kernelName, build] of Object.entries(kernels)) {
    const stock = tf.getKernel(kernelName, 'wasm');
    const kernel = build(stock);
    if (stock) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      ...stock,
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) => tf.tidy(() => kernel(inputs as Record<string, tf.Tensor>, attrs)),
    });
  }
}
