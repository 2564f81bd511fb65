/** Parts of the two U-Nets, generator and restorer. */
import { ndarray } from '../core/arrays.js';
import { normalStream } from '../core/random.js';
import type { NamedArray } from '../core/types.js';
import { type Tensor4D, tf } from '../engine/index.js';

export interface Spec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Standard deviation of the initial weights. */
  readonly spread: number;
}

export const conv = (name: string, size: number, from: number, to: number, gain = 1): Spec[] => [
  { name: `${name}/kernel`, shape: [size, size, from, to], spread: gain * Math.sqrt(2 / (size * size * from)) },
  { name: `${name}/bias`, shape: [to], spread: 0 },
];

/** Seeded initial weights. */
export const initialWeights = (specs: readonly Spec[], seed: number): NamedArray[] =>
  specs.map(({ name, shape, spread }, k) => {
    const normal = normalStream(seed + k);
    return { name, ...ndarray(shape, spread === 0 ? 0 : () => spread * normal()) };
  });

/** [n, h, w, c] -> [n, h/2, w/2, 4c]: channel c 4 + i 2 + j is pixel (i, j) of the cell; undoes pixelShuffle. */
export function spaceToDepth(images: Tensor4D): Tensor4D {
  const [n, h, w, c] = images.shape;
  const cells = tf.reshape(images, [n * (h / 2), 2, w / 2, 2, c]);
  return tf.reshape(tf.transpose(cells, [0, 2, 4, 1, 3]), [n, h / 2, w / 2, 4 * c]) as Tensor4D;
}
