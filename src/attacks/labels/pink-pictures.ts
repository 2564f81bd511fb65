import { ndarray } from '../../core/arrays.js';
import { breath } from '../../core/breath.js';
import { deriveSeed, normalStream, uniformStream } from '../../core/random.js';
import { resample } from '../../core/resample.js';
import type { ImageShape, NdArray } from '../../core/types.js';

/** Cells a side, and their weight: the amplitude of natural pictures falls about as 1 / frequency (Field 1987). */
const OCTAVES = [
  [2, 1],
  [4, 0.7],
  [8, 0.5],
  [16, 0.35],
  [32, 0.2],
] as const;

/** How much of it is colour, beside brightness. */
const COLOUR = 0.35;

/**
 * Pictures [count, height, width, channels] of pink noise with brightness and contrast of their own: mean uniform in
 * [0.2, 0.75], standard deviation in [0.1, 0.3], kept in [0, 1]. No picture of anybody, but as bright and as coarse as
 * pictures are.
 */
export async function pinkPictures(imageShape: ImageShape, count: number, seed: number): Promise<NdArray> {
  const [height, width, channels] = imageShape;
  const data = new Float32Array(count * height * width * channels);
  for (const [cells, weight] of OCTAVES)
    for (const planes of channels > 1 ? [1, channels] : [1]) {
      const noise = normalStream(deriveSeed(seed, 'pink', cells, planes));
      const { data: wave } = resample(ndarray([count, cells, cells, planes], noise), [height, width]);
      const amplitude = planes === 1 ? weight : weight * COLOUR;
      for (let i = 0; i < data.length; i++) data[i]! += amplitude * wave[planes === 1 ? Math.floor(i / channels) : i]!;
      await breath();
    }
  const uniform = uniformStream(deriveSeed(seed, 'brightness'));
  const size = data.length / count;
  for (let k = 0; k < count; k++) shade(data.subarray(k * size, (k + 1) * size), uniform);
  return { shape: [count, ...imageShape], data };
}

function shade(picture: Float32Array, uniform: () => number): void {
  const mean = picture.reduce((sum, value) => sum + value, 0) / picture.length;
  const variance = picture.reduce((sum, value) => sum + (value - mean) ** 2, 0) / picture.length;
  const level = 0.2 + 0.55 * uniform();
  const contrast = (0.1 + 0.2 * uniform()) / (Math.sqrt(variance) || 1);
  for (let i = 0; i < picture.length; i++)
    picture[i] = Math.min(1, Math.max(0, level + contrast * (picture[i]! - mean)));
}
