import { uniformStream } from '../../src/core/random.js';

/** The seed of the suite: ROGLAB_SEED, else 1. */
export const SEED = Number(process.env.ROGLAB_SEED ?? 1);

/** Whole numbers below n, from a seed. */
export function dice(seed: number): (n: number) => number {
  const random = uniformStream(seed);
  return (n) => Math.floor(random() * n);
}
