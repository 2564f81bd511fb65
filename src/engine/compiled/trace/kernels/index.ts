import { elementwise } from './elementwise.js';
import { linear } from './linear.js';
import { reductions } from './reduce.js';
import { resizing } from './resize.js';
import { shape } from './shape.js';
import type { Kernel } from './types.js';

export type { Kernel } from './types.js';

/** tfjs kernel -> its form in the graph. A kernel that is not here is refused by name. */
export const kernels: Readonly<Record<string, Kernel>> = {
  ...elementwise,
  ...shape,
  ...reductions,
  ...linear,
  ...resizing,
};
