import { eigen } from '../core/linear-algebra.js';
import { dot, mean } from '../core/numbers.js';
import { deriveSeed, normalStream } from '../core/random.js';
import type { NdArray } from '../core/types.js';
import { type Jacobian, unknownsOf } from './jacobian.js';

/** What each tensor of an update is divided by before it is looked at: the deviation of its noise; default 1. */
export type Deviations = readonly number[];

const over = (tensors: readonly NdArray[], divisors: Deviations | undefined, power: number): NdArray[] =>
  divisors
    ? tensors.map(({ shape, data }, k) => ({ shape, data: data.map((x) => x / divisors[k]! ** power) }))
    : [...tensors];

/** Mean of ||J||_F^2 over draws of u and of pictures, with its standard error; each tensor over its noise. */
export interface SquaredNorm {
  readonly mean: number;
  readonly standardError: number;
}

/**
 * ||J||_F^2 = E_u ||J^T u||^2, u standard normal over the entries of the update: one closure a sample (Hutchinson
 * 1990).
 * @param pictures one set of pictures a sample: draws of a prior, or the same ones again
 */
export async function squaredNorm(
  jacobian: Jacobian,
  pictures: readonly NdArray[],
  seed: number,
  deviations?: Deviations,
): Promise<SquaredNorm> {
  const next = normalStream(deriveSeed(seed, 'directions'));
  const squares: number[] = [];
  for (const images of pictures) {
    const u = jacobian.tensors.map((shape) => ({
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)).map(next),
    }));
    squares.push(square((await jacobian.transposed(images, over(u, deviations, 1))).data));
  }
  const count = squares.length;
  const average = mean(squares);
  const variance = squares.reduce((sum, one) => sum + (one - average) ** 2, 0) / Math.max(1, count - 1);
  return { mean: average, standardError: count > 1 ? Math.sqrt(variance / count) : Number.POSITIVE_INFINITY };
}

const square = (data: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! ** 2;
  return sum;
};

export interface RitzOptions {
  /** Lanczos steps: two closures each per set of pictures. */
  readonly steps: number;
  readonly seed: number;
  readonly deviations?: Deviations;
}

/**
 * Ritz values, the largest first, of the mean over the given pictures of J^T J, each tensor over its noise squared:
 * Lanczos with full reorthogonalisation. None is above the largest eigenvalue, which they approach from below; as many
 * steps as unknowns give all.
 * Source: Golub and Van Loan 2013, section 10.1.
 */
export async function ritzValues(
  jacobian: Jacobian,
  pictures: readonly NdArray[],
  { steps, seed, deviations }: RitzOptions,
): Promise<number[]> {
  const size = unknownsOf(jacobian);
  const most = Math.min(steps, size);
  const shape = jacobian.images;
  const basis: Float64Array[] = [];
  const [diagonal, beside]: [number[], number[]] = [[], []];
  let vector = scaledTo1(Float64Array.from({ length: size }, normalStream(deriveSeed(seed, 'lanczos'))));
  while (basis.length < most) {
    basis.push(vector);
    const image = await applied(jacobian, pictures, { shape, data: Float32Array.from(vector) }, deviations);
    diagonal.push(dot(image, vector));
    for (let pass = 0; pass < 2; pass++)
      for (const known of basis) {
        const share = dot(image, known);
        for (let i = 0; i < size; i++) image[i]! -= share * known[i]!;
      }
    const length = Math.sqrt(square(image));
    if (basis.length === most || length <= 1e-6 * Math.max(...diagonal)) break;
    beside.push(length);
    vector = image.map((x) => x / length);
  }
  const matrix = diagonal.map((value, i) =>
    Float64Array.from(diagonal, (_, j) =>
      i === j ? value : Math.abs(i - j) === 1 ? (beside[Math.min(i, j)] ?? 0) : 0,
    ),
  );
  return [...eigen(matrix).values].map((value) => Math.max(0, value)).sort((a, b) => b - a);
}

async function applied(
  jacobian: Jacobian,
  pictures: readonly NdArray[],
  v: NdArray,
  deviations: Deviations | undefined,
): Promise<Float64Array> {
  const sum = new Float64Array(v.data.length);
  for (const images of pictures) {
    const forth = over(await jacobian.times(images, v), deviations, 2);
    const { data } = await jacobian.transposed(images, forth);
    for (let i = 0; i < sum.length; i++) sum[i]! += data[i]! / pictures.length;
  }
  return sum;
}

function scaledTo1(vector: Float64Array): Float64Array {
  const length = Math.sqrt(square(vector));
  return vector.map((x) => x / length);
}
