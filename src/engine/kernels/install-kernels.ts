import * as tf from '../tfjs.js';
import { accurateSum } from './accurate-sum.js';
import { filterGradient } from './filter-gradient.js';
import { groupedConv, groupedFilterGradient, groupedInputGradient } from './grouped-convolution.js';
import { inputGradient } from './input-gradient.js';
import { matMul } from './mat-mul.js';
import { type Kernel, kernel } from './typed-kernel.js';
import { windowPut, windowTake } from './window-kernels.js';

type Build = (stock: tf.KernelConfig) => Kernel;

/** Kernels of our own, on every backend. */
const own: Readonly<Record<string, Build>> = {
  WindowTake: () => windowTake,
  WindowPut: () => windowPut,
  GroupedConv2D: () => groupedConv,
  GroupedConv2DBackpropInput: () => groupedInputGradient,
  GroupedConv2DBackpropFilter: () => groupedFilterGradient,
};

/** The stock kernels know no dilations, TensorFlow's gradients no paddings by number. */
const whereUnknown =
  (ours: Kernel): Build =>
  (stock) =>
  (inputs, attributes) =>
    [attributes.dilations ?? 1].flat().some((n) => n !== 1) || typeof attributes.pad !== 'string'
      ? ours(inputs, attributes)
      : (stock.kernelFunc({ inputs, attrs: attributes, backend: tf.backend() }) as tf.Tensor);

/** Kernels that a backend lacks, does slowly or inaccurately, built from its other kernels. */
const kernels: Readonly<Record<'wasm' | 'cpu' | 'tensorflow', Readonly<Record<string, Build>>>> = {
  wasm: {
    BatchMatMul: matMul,
    Conv2DBackpropInput: () => inputGradient,
    Conv2DBackpropFilter: () => filterGradient,
    // The stock kernel takes alpha per channel whatever its shape.
    Prelu: () => kernel<'x' | 'alpha'>(({ x, alpha }) => tf.sub(tf.relu(x), tf.mul(alpha, tf.relu(tf.neg(x))))),
    Sum: (stock) => accurateSum(false, stock),
    Mean: (stock) => accurateSum(true, stock),
  },
  cpu: { Conv2DBackpropInput: whereUnknown(inputGradient), Conv2DBackpropFilter: () => filterGradient },
  tensorflow: { Conv2DBackpropInput: whereUnknown(inputGradient), Conv2DBackpropFilter: whereUnknown(filterGradient) },
};

/** Registers the kernels of a backend in the place of the stock ones. Call it once, before the backend starts. */
export function installKernels(backendName: keyof typeof kernels): void {
  for (const [kernelName, build] of Object.entries({ ...own, ...kernels[backendName] })) {
    const stock = tf.getKernel(kernelName, backendName);
    const kernel = build(stock);
    if (stock) tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({
      ...stock,
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => tf.tidy(() => kernel(inputs as Record<string, tf.Tensor>, attrs)),
    });
  }
}
