import { uniformStream } from '../core/random.js';
import type { NdArray } from '../core/types.js';

/** Chosen images of a batch [n, h, w, c] as a new batch, each mirrored with probability 1/2 when `flip`. */
export function pickImages(images: NdArray, rows: readonly number[], flip: boolean, seed: number): NdArray {
  const [, height, width, channels] = images.shape as [number, number, number, number];
  const size = height * width * channels;
  const chance = uniformStream(seed);
  const data = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    const image = images.data.subarray(row * size, (row + 1) * size);
    if (flip && chance() < 0.5) mirror(image, width, channels, data.subarray(i * size, (i + 1) * size));
    else data.set(image, i * size);
  });
  return { shape: [rows.length, height, width, channels], data };
}

function mirror(from: Float32Array, width: number, channels: number, to: Float32Array): void {
  const line = width * channels;
  for (let at = 0; at < from.length; at += channels) {
    const start = Math.floor(at / line) * line;
    const target = start + line - channels - (at - start);
    for (let c = 0; c < channels; c++) to[target + c] = from[at + c]!;
  }
}
