import { ndarray } from '../../core/arrays.js';
import { deriveSeed, uniformStream } from '../../core/random.js';
import { resample } from '../../core/resample.js';
import type { ImageShape, NdArray } from '../../core/types.js';
import { compile, type Tensor } from '../../engine/index.js';
import { forward } from '../../models/index.js';
import type { Head } from './head.js';

/** How many synthetic pictures stand for all pictures. */
const COUNT = 64;

/** Smooth noise: 4x4 uniform numbers, enlarged bicubically, kept in [0, 1]. No picture of anybody. */
export function syntheticImages([height, width, channels]: ImageShape, seed: number): NdArray {
  const coarse = ndarray([COUNT, 4, 4, channels], uniformStream(deriveSeed(seed, 'synthetic')));
  const { shape, data } = resample(coarse, [height, width]);
  return { shape, data: data.map((value) => Math.min(1, Math.max(0, value))) };
}

/** Features [n, D] of pictures [n, h, w, c]. */
export async function features({ body, bodyParameters, buffers }: Head, images: NdArray): Promise<NdArray> {
  const pass = forward({ layers: body, buffers });
  const step = await compile((x: Tensor, ...parameters: Tensor[]) => pass(parameters, x), [images, ...bodyParameters], {
    name: 'features',
  });
  try {
    const [out] = await step.run(images, ...bodyParameters);
    return out!;
  } finally {
    step.dispose();
  }
}

/** The mean of features [n, D] over n. */
export function meanFeatures({ shape, data }: NdArray): Float64Array {
  const [count, size] = shape as [number, number];
  const mean = new Float64Array(size);
  for (let n = 0; n < count; n++) for (let i = 0; i < size; i++) mean[i]! += data[n * size + i]! / count;
  return mean;
}
