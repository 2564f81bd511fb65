import { ndarray } from '../../core/arrays.js';
import type { NdArray } from '../../core/types.js';
import type { Evaluate } from './minimise.js';

/** Several searches of one batch, side by side along the batch dimension: pictures are [seeds * batch, h, w, c]. */
export interface Group {
  readonly seeds: number;
  /** Weight of the consistency beside the objective. */
  readonly weight: number;
}

/**
 * The sum of every member's objective, plus the group's consistency
 *
 *     weight * sum over members s of mean (x_s - mean over members of x)^2.
 *
 * Source: Yin et al. 2021, section 3.4, with the pixel-wise mean as consensus. One evaluation is `seeds` closures.
 */
export const grouped =
  (evaluate: Evaluate, { seeds, weight }: Group): Evaluate =>
  async (images) => {
    const size = images.data.length / seeds;
    const gradient = new Float32Array(images.data.length);
    let objective = 0;
    const consensus = new Float64Array(size);
    images.data.forEach((value, i) => {
      consensus[i % size]! += value / seeds;
    });
    const all = await Promise.all(Array.from({ length: seeds }, (_, s) => evaluate(member(images, seeds, s))));
    for (const [s, alone] of all.entries()) {
      objective += alone.objective;
      for (let i = 0; i < size; i++) {
        const away = images.data[s * size + i]! - consensus[i]!;
        objective += (weight * away * away) / size;
        gradient[s * size + i] = alone.gradient.data[i]! + (2 * weight * away) / size;
      }
    }
    return { objective, gradient: { shape: images.shape, data: gradient } };
  };

/** The member with the least objective of its own: one closure each. */
export async function pickMember(
  evaluate: Evaluate,
  images: NdArray,
  { seeds }: Group,
): Promise<{ images: NdArray; objective: number }> {
  let best: { images: NdArray; objective: number } | undefined;
  for (let s = 0; s < seeds; s++) {
    const alone = member(images, seeds, s);
    const { objective } = await evaluate(alone);
    if (!best || objective < best.objective) best = { images: alone, objective };
  }
  return best!;
}

/** The pictures of one member. */
export function member({ shape, data }: NdArray, seeds: number, s: number): NdArray {
  const size = data.length / seeds;
  return ndarray([shape[0]! / seeds, ...shape.slice(1)], data.slice(s * size, (s + 1) * size));
}

/** The starting points of all members, one below the other. */
export function stacked(members: readonly NdArray[]): NdArray {
  const [first] = members;
  const data = new Float32Array(members.length * first!.data.length);
  members.forEach((one, s) => {
    data.set(one.data, s * one.data.length);
  });
  return ndarray([members.length * first!.shape[0]!, ...first!.shape.slice(1)], data);
}
