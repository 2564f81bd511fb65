import type { Attributes } from '../gradients/types.js';
import type { Tensor } from '../tfjs.js';

/** A kernel written with other kernels. */
export type Kernel = (inputs: Record<string, Tensor>, attributes: Attributes) => Tensor;
