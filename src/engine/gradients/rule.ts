import type { Tensor } from '../tfjs.js';

/** Attributes of a kernel call; every rule knows its own. */
// biome-ignore lint/suspicious/noExplicitAny: tfjs types them as a union that no rule could read without a cast
export type Attributes = any;

/**
 * The derivative of one kernel: the tensors it needs (inputs only: a saved OUTPUT hides the path through it from an
 * outer gradient) and, per input, the function dy -> gradient, written with ops that themselves have rules. Never
 * return dy itself, only a clone: tfjs disposes the gradients that it adds up.
 */
export interface Rule {
  readonly save: readonly string[] | 'all';
  readonly gradient: (dy: Tensor, saved: Tensor[], attributes: Attributes) => Record<string, () => Tensor>;
}

/** A rule that needs the inputs of these names, given to it in this order. */
export const rule = <const Names extends readonly string[]>(
  save: Names,
  gradient: (
    dy: Tensor,
    saved: { readonly [K in keyof Names]: Tensor },
    attributes: Attributes,
  ) => Record<string, () => Tensor>,
): Rule => ({
  save,
  gradient: (dy, saved, attributes) => gradient(dy, saved as { readonly [K in keyof Names]: Tensor }, attributes),
});
