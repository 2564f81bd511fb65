import type { NdArray, Reconstruction } from '../../core/types.js';
import type { Measured, Yardstick } from './yardstick.js';

/** From this share of what a gray leaves on, pictures explain nothing. */
export const NOTHING = 0.95;

/** Contrasts that are tried, the faintest first. */
const CONTRASTS = [1 / 8, 1 / 4, 1 / 2] as const;

/** Pictures, how they measure, and the contrast that was left to them. */
export interface Faded {
  readonly images: NdArray;
  readonly measured: Measured;
  readonly contrast: number;
}

/**
 * Pictures that explain nothing, 0.5 + c (x - 0.5), at the faintest contrast c at which they measure no worse: what
 * the update does not ask for is noise, and costs the more the stronger it is (batch norm in training mode divides
 * contrast out of the update). Undefined where every contrast below the full one explains less.
 */
export async function faded(
  { images, labels }: Pick<Reconstruction, 'images' | 'labels'>,
  { value }: Pick<Measured, 'value'>,
  rule: Yardstick,
): Promise<Faded | undefined> {
  for (const contrast of CONTRASTS) {
    const paler = { ...images, data: images.data.map((pixel) => 0.5 + contrast * (pixel - 0.5)) };
    const measured = await rule(paler, labels);
    if (measured.value <= value) return { images: paler, measured, contrast };
  }
  return undefined;
}
