import { problem } from '../core/errors.js';
import { eigen, moments, rowsOf } from '../core/linear-algebra.js';
import type { NdArray } from '../core/types.js';

/**
 * A fixed first layer that whitens: filters v_i / sqrt(lambda_i + 0.0005) and their negatives, v_i the principal axes
 * of the size x size patches of the images, largest variance first. After ReLU both signs of every axis are kept,
 * decorrelated and of similar size, which a short training would else spend its first epochs on (Page 2018; Jordan
 * 2024).
 * @param images [n, h, w, channels]; a few thousand are enough
 * @param filters even, at most 2 * size * size * channels
 * @returns a kernel [size, size, channels, filters]
 */
export function whiteningKernel(images: NdArray, filters: number, size = 3): NdArray {
  const [n, h, w, channels] = images.shape as [number, number, number, number];
  const width = size * size * channels;
  if (filters % 2 !== 0 || filters > 2 * width)
    throw problem('whiteningKernel', `filters must be even and at most ${2 * width}`, filters);
  const patch = new Float64Array(width);
  const patches = {
    *[Symbol.iterator]() {
      for (let i = 0; i < n; i++)
        for (let row = 0; row + size <= h; row += 2)
          for (let column = 0; column + size <= w; column += 2) {
            for (let y = 0; y < size; y++) {
              const from = ((i * h + row + y) * w + column) * channels;
              for (let k = 0; k < size * channels; k++) patch[y * size * channels + k] = images.data[from + k]!;
            }
            yield patch;
          }
    },
  };
  const { values, vectors } = eigen(rowsOf(moments(patches).covariance));
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, filters / 2);
  const data = new Float32Array(width * filters);
  order.forEach((k, i) => {
    const scale = 1 / Math.sqrt(values[k]! + 5e-4);
    for (let p = 0; p < width; p++) {
      data[p * filters + i] = vectors[p]![k]! * scale;
      data[p * filters + filters / 2 + i] = -vectors[p]![k]! * scale;
    }
  });
  return { shape: [size, size, channels, filters], data };
}
