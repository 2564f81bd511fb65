/** Plain float64 forwards, written from the definitions, to compare the engine with. */
import { sizeOf } from '../../src/core/arrays.js';
import { type Array64, array64 } from './derivatives.js';

/** Row-major index -> coordinates. */
export function coordinates(index: number, shape: readonly number[]): number[] {
  const at = Array<number>(shape.length).fill(0);
  for (let d = shape.length - 1, rest = index; d >= 0; d--) {
    at[d] = rest % shape[d]!;
    rest = Math.floor(rest / shape[d]!);
  }
  return at;
}

/** Coordinates -> row-major index; an axis of length 1 is broadcast, extra leading coordinates are dropped. */
export function offset(at: readonly number[], shape: readonly number[]): number {
  const tail = at.slice(at.length - shape.length);
  return shape.reduce((index, n, d) => index * n + (n === 1 ? 0 : tail[d]!), 0);
}

/** An array computed entry by entry. */
export const build = (shape: readonly number[], entry: (at: number[]) => number): Array64 =>
  array64(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => entry(coordinates(i, shape))),
  );

export const get = (x: Array64, ...at: number[]) => x.data[offset(at, x.shape)]!;

export const map =
  (f: (x: number) => number) =>
  ({ shape, data }: Array64): Array64 => ({ shape, data: data.map(f) });

/** Elementwise over two arrays, the first of the full shape, the second broadcast. */
export const zip =
  (f: (a: number, b: number) => number) =>
  (a: Array64, b: Array64): Array64 => {
    const shape = a.shape.length >= b.shape.length ? a.shape : b.shape;
    return build(shape, (at) => f(a.data[offset(at, a.shape)]!, b.data[offset(at, b.shape)]!));
  };

/** Folds the last axis of a matrix. */
export const rows = (x: Array64): number[][] => {
  const width = x.shape.at(-1)!;
  return Array.from({ length: x.data.length / width }, (_, i) => [...x.data.subarray(i * width, (i + 1) * width)]);
};

export const logSoftmax = (x: Array64): Array64 =>
  array64(
    x.shape,
    rows(x).flatMap((row) => {
      const log = Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0));
      return row.map((v) => v - log);
    }),
  );

/** Cells added before and in all, and the output length, of one axis under 'same' or 'valid'. */
function window(length: number, size: number, stride: number, pad: 'same' | 'valid') {
  if (pad === 'valid') return { before: 0, out: Math.floor((length - size) / stride) + 1 };
  const out = Math.ceil(length / stride);
  return { before: Math.floor(Math.max(0, (out - 1) * stride + size - length) / 2), out };
}

/** Cross-correlation of NHWC images with an HWIO filter. */
export const conv2d =
  (stride: number, pad: 'same' | 'valid') =>
  (x: Array64, filter: Array64): Array64 => {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const [kh, kw, , filters] = filter.shape as [number, number, number, number];
    const [v, h] = [window(height, kh, stride, pad), window(width, kw, stride, pad)];
    return build([batch, v.out, h.out, filters], ([b, i, j, o]) => {
      let sum = 0;
      for (let di = 0; di < kh; di++)
        for (let dj = 0; dj < kw; dj++) {
          const [y, z] = [i! * stride + di - v.before, j! * stride + dj - h.before];
          if (y < 0 || z < 0 || y >= height || z >= width) continue;
          for (let c = 0; c < channels; c++) sum += get(x, b!, y, z, c) * get(filter, di, dj, c, o!);
        }
      return sum;
    });
  };

/** Pooling without padding. */
export const pool =
  (size: number, stride: number, fold: (values: number[]) => number) =>
  (x: Array64): Array64 => {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const out = (n: number) => Math.floor((n - size) / stride) + 1;
    return build([batch, out(height), out(width), channels], ([b, i, j, c]) =>
      fold(
        Array.from({ length: size * size }, (_, p) =>
          get(x, b!, i! * stride + Math.floor(p / size), j! * stride + (p % size), c!),
        ),
      ),
    );
  };

export const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** PyTorch's AdaptiveAvgPool2d on NHWC images. */
export const adaptiveAveragePool =
  (size: number) =>
  (x: Array64): Array64 => {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const range = (i: number, n: number) => {
      const [low, high] = [Math.floor((i * n) / size), Math.ceil(((i + 1) * n) / size)];
      return Array.from({ length: high - low }, (_, k) => low + k);
    };
    return build([batch, size, size, channels], ([b, i, j, c]) =>
      mean(range(i!, height).flatMap((y) => range(j!, width).map((z) => get(x, b!, y, z, c!)))),
    );
  };

/** erf by its Taylor series; enough for |x| <= 3. */
export function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
