import { problem } from './errors.js';
import type { Model, NamedArray } from './types.js';

/** Below this the squares of float32 entries vanish: no direction is left to compare. */
const NOTHING = 1e-19;

/** Whether some entry is large enough to carry a gradient. */
const carriesGradient = (tensors: readonly Pick<NamedArray, 'data'>[]): boolean =>
  tensors.some(({ data }) => data.some((value) => Math.abs(value) > NOTHING));

/**
 * Refuses what no attack can learn anything from: a model with one class, whose cross-entropy and gradient are zero
 * whatever the images are, and an update whose entries are all zero.
 * @param what the tensors are, as the message names them; default `the update`
 */
export function checkAttackable(
  where: string,
  { name, classes }: Pick<Model, 'name' | 'classes'>,
  tensors: readonly Pick<NamedArray, 'data'>[],
  what = 'the update',
): void {
  if (classes < 2)
    throw problem(
      where,
      'needs a model with at least 2 classes: with one the loss and its gradient are zero for every image',
      `${name} with ${classes}`,
      'give the data or the model more classes',
    );
  if (!carriesGradient(tensors))
    throw problem(
      where,
      `${what} is zero in every entry, so there is nothing to attack`,
      undefined,
      what === 'the update'
        ? 'the batch carries no gradient at these weights: check its images and labels, or start from other weights'
        : 'choose a phi that lets something through',
    );
}
