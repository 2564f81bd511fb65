import { sizeOf } from '../core/arrays.js';
import type { PixelSource } from './types.js';

/** Luma of ITU-R BT.601. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** The same pictures in another number of channels: colour becomes luma, gray is repeated. */
export function withChannels(pixels: PixelSource, channels: 1 | 3): PixelSource {
  const [height, width, own] = pixels.imageShape;
  if (own === channels) return pixels;
  const picture = new Float32Array(sizeOf(pixels.imageShape));
  return {
    ...pixels,
    imageShape: [height, width, channels],
    writeImage: (split, index, out, offset) => {
      pixels.writeImage(split, index, picture, 0);
      for (let i = 0; i < height * width; i++)
        if (channels === 1) out[offset + i] = LUMA.reduce((sum, weight, c) => sum + weight * picture[3 * i + c]!, 0);
        else out.fill(picture[i]!, offset + 3 * i, offset + 3 * i + 3);
    },
  };
}
