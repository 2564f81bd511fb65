import { stackImages } from '../core/arrays.js';
import { breath } from '../core/breath.js';
import type { NdArray } from '../core/types.js';
import type { Dataset, Split } from './types.js';

/** As `data.images`, with turns of the event loop between pictures: a scene takes milliseconds. */
export async function imagesInTurns(data: Dataset, split: Split, indices: readonly number[]): Promise<NdArray> {
  const images: NdArray[] = [];
  for (const index of indices) {
    images.push(data.images(split, [index]));
    await breath();
  }
  return stackImages(images);
}
