import { problem } from '../core/errors.js';
import { checkOptions, integer } from '../core/options.js';
import { uniformStream } from '../core/random.js';
import type { NdArray } from '../core/types.js';

/** Options of `augment`. */
export interface AugmentOptions {
  /** Largest shift in pixels, each way; what comes in at the edge is the picture mirrored. Default 4. */
  readonly shift?: number;
  /** Mirror left and right every second image on average; default true. */
  readonly flip?: boolean;
  /** Side of a square that is set to 0.5 at a random place; default 0: none. */
  readonly cutout?: number;
}

/** New images [n, h, w, c], each shifted, mirrored and cut out at random; the same seed gives the same bits. */
export function augment(images: NdArray, seed: number, options: AugmentOptions = {}): NdArray {
  checkOptions('augment', options, ['shift', 'flip', 'cutout']);
  const { shift = 4, flip = true, cutout = 0 } = options;
  const [n, h, w, c] = images.shape as [number, number, number, number];
  integer('augment', 'shift', shift, 0, Math.min(h, w) - 1);
  integer('augment', 'cutout', cutout, 0);
  if (images.shape.length !== 4) throw problem('augment', 'images must be [n, height, width, channels]', images.shape);
  const random = uniformStream(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const data = new Float32Array(images.data.length);
  for (let i = 0; i < n; i++) {
    const [down, right] = [below(2 * shift + 1) - shift, below(2 * shift + 1) - shift];
    const mirrored = flip && random() < 0.5;
    const [top, left] = cutout ? [below(h + cutout - 1) + 1 - cutout, below(w + cutout - 1) + 1 - cutout] : [0, 0];
    for (let row = 0; row < h; row++) {
      const from = (i * h + mirror(row + down, h)) * w;
      const hit = row >= top && row < top + cutout;
      for (let column = 0; column < w; column++) {
        const to = ((i * h + row) * w + column) * c;
        const source = mirror(column + right, w);
        const at = (from + (mirrored ? w - 1 - source : source)) * c;
        const gone = hit && column >= left && column < left + cutout;
        for (let k = 0; k < c; k++) data[to + k] = gone ? 0.5 : images.data[at + k]!;
      }
    }
  }
  return { shape: images.shape, data };
}

/** Position -1 is that of pixel 1, position `size` that of pixel size - 2. */
const mirror = (position: number, size: number): number =>
  position < 0 ? -position : position >= size ? 2 * size - 2 - position : position;
