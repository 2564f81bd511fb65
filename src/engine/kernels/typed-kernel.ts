import type { Attributes } from '../gradients/rule.js';
import type { Tensor } from '../tfjs.js';

export type Kernel = (inputs: Record<string, Tensor>, attributes: Attributes) => Tensor;

/** A kernel that is only ever called with inputs of these names. */
export const kernel = <Input extends string>(
  of: (inputs: Record<Input, Tensor>, attributes: Attributes) => Tensor,
): Kernel => of as Kernel;
