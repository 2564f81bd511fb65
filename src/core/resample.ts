import type { NdArray } from './types.js';

/** How pictures are resized: `area` averages, the others interpolate with half-pixel centres and clamped edges. */
export type ResampleMethod = 'bicubic' | 'bilinear' | 'nearest' | 'area';

/** Weight of a sample at distance t; bicubic is Keys' kernel with a = -0.75, as PyTorch's. */
const KERNELS: Record<Exclude<ResampleMethod, 'area'>, { reach: number; weight: (t: number) => number }> = {
  nearest: { reach: 1, weight: (t) => (t >= -0.5 && t < 0.5 ? 1 : 0) },
  bilinear: { reach: 1, weight: (t) => Math.max(0, 1 - Math.abs(t)) },
  bicubic: { reach: 2, weight: (t) => cubic(Math.abs(t), -0.75) },
};

const cubic = (t: number, a: number): number =>
  t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;

/** The [to, from] matrix of a one-dimensional resize, row-major; every row sums to 1. */
export function resampleMatrix(from: number, to: number, method: ResampleMethod): Float64Array {
  const matrix = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    if (method === 'area') {
      const [low, high] = [(i * from) / to, ((i + 1) * from) / to];
      for (let j = Math.floor(low); j < Math.min(from, Math.ceil(high)); j++)
        matrix[i * from + j] = (Math.min(high, j + 1) - Math.max(low, j)) / (high - low);
      continue;
    }
    const { reach, weight } = KERNELS[method];
    const centre = ((i + 0.5) * from) / to - 0.5;
    for (let j = Math.floor(centre) - reach + 1; j <= Math.floor(centre) + reach; j++) {
      const clamped = Math.min(from - 1, Math.max(0, j));
      matrix[i * from + clamped]! += weight(j - centre);
    }
  }
  return matrix;
}

/** Images [n, h, w, c] resized to [n, size[0], size[1], c]. Values may overshoot with `bicubic`. */
export function resample(
  images: NdArray,
  size: readonly [number, number],
  method: ResampleMethod = 'bicubic',
): NdArray {
  const [, height, width] = images.shape as [number, number, number, number];
  if (height === size[0] && width === size[1]) return images;
  return alongWidth(
    alongHeight(images, resampleMatrix(height, size[0], method), size[0]),
    resampleMatrix(width, size[1], method),
    size[1],
  );
}

/** The adjoint of {@link resample}: takes a gradient at the resized pictures back to pictures of `size`. */
export function resampleAdjoint(
  gradient: NdArray,
  size: readonly [number, number],
  method: ResampleMethod = 'bicubic',
): NdArray {
  const [, height, width] = gradient.shape as [number, number, number, number];
  if (height === size[0] && width === size[1]) return gradient;
  const back = (from: number, to: number) => transpose(resampleMatrix(from, to, method), to, from);
  return alongWidth(alongHeight(gradient, back(size[0], height), size[0]), back(size[1], width), size[1]);
}

function transpose(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return matrix.map((_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)]!);
}

const alongHeight = ({ shape, data }: NdArray, matrix: Float64Array, to: number): NdArray => {
  const [n, h, w, c] = shape as [number, number, number, number];
  return { shape: [n, to, w, c], data: multiply(data, matrix, n, h, to, w * c) };
};

const alongWidth = ({ shape, data }: NdArray, matrix: Float64Array, to: number): NdArray => {
  const [n, h, w, c] = shape as [number, number, number, number];
  return { shape: [n, h, to, c], data: multiply(data, matrix, n * h, w, to, c) };
};

/** out[n, i, k] = sum_j matrix[i, j] data[n, j, k], with float64 sums. */
function multiply(
  data: Float32Array,
  matrix: Float64Array,
  outer: number,
  from: number,
  to: number,
  inner: number,
): Float32Array {
  const { ends, columns, weights } = entriesOf(matrix, to, from);
  const out = new Float32Array(outer * to * inner);
  let at = 0;
  for (let n = 0; n < outer; n++)
    for (let i = 0, begin = 0; i < to; begin = ends[i++]!)
      for (let k = n * from * inner; k < (n * from + 1) * inner; k++) {
        let sum = 0;
        for (let e = begin; e < ends[i]!; e++) sum += weights[e]! * data[k + columns[e]! * inner]!;
        out[at++] = sum;
      }
  return out;
}

/** The entries of a matrix that are not 0, row by row: `ends[i]` is where those of row i end. */
function entriesOf(matrix: Float64Array, rows: number, columns: number) {
  const filled = Int32Array.from(matrix.keys()).filter((at) => matrix[at] !== 0);
  let end = 0;
  const ends = Int32Array.from({ length: rows }, (_, i) => {
    while (filled[end]! < (i + 1) * columns) end++;
    return end;
  });
  return { ends, columns: filled.map((at) => at % columns), weights: Float64Array.from(filled, (at) => matrix[at]!) };
}
