import { lifted, type Matrix, mapped, matrix, product, solve, transpose } from '../../core/linear-algebra.js';

/** Ridges tried, relative to the mean of the diagonal of A^T A. */
const RIDGES = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1];

/** A linear law y = mean + (x - centre) / scale W, with the deviation of each y as leaving one row out tells it. */
export interface Law {
  readonly predict: (x: Matrix) => Matrix;
  readonly deviation: readonly number[];
}

/**
 * Ridge regression of Y [n, k] on X [n, d], columns of X standardised, the ridge by the least squared error of leaving
 * one row out (Allen's PRESS): (y_i - x_i W) / (1 - h_i).
 */
export function ridgeLaw(x: Matrix, y: Matrix): Law {
  const [centre, mean] = [columnMeans(x), columnMeans(y)];
  const scale = columnMeans(mapped(x, (value, _, j) => (value - centre[j]!) ** 2)).map((v) => Math.sqrt(v) || 1);
  const standard = (m: Matrix): Matrix => mapped(m, (value, _, j) => (value - centre[j]!) / scale[j]!);
  const a = standard(x);
  const at = transpose(a);
  const gram = product(at, a);
  const b = mapped(y, (value, _, j) => value - mean[j]!);
  const fits = RIDGES.map((ridge) => {
    const inverse = solve(lifted(gram, ridge), at);
    const weights = product(inverse, b);
    const found = product(a, weights);
    const errors = mapped(b, (value, i, j) => (value - found.data[i * b.columns + j]!) / (1 - leverage(a, inverse, i)));
    return { weights, deviation: columnMeans(mapped(errors, (e) => e * e)).map(Math.sqrt) };
  });
  const size = ({ deviation }: (typeof fits)[number]): number => deviation.reduce((sum, d) => sum + d * d, 0);
  const { weights, deviation } = fits.reduce((best, fit) => (size(fit) < size(best) ? fit : best));
  return {
    predict: (m) => mapped(product(standard(m), weights), (value, _, j) => value + mean[j]!),
    deviation: deviation.map((d) => Math.max(d, 1e-6)),
  };
}

const columnMeans = ({ rows, columns, data }: Matrix): number[] => {
  const sums = matrix(1, columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) sums.data[j]! += data[i * columns + j]!;
  return Array.from(sums.data, (sum) => sum / rows);
};

/** h_i = a_i (A^T A + ridge)^-1 a_i^T, below 1. */
function leverage(a: Matrix, inverse: Matrix, i: number): number {
  let h = 0;
  for (let d = 0; d < a.columns; d++) h += a.data[i * a.columns + d]! * inverse.data[d * inverse.columns + i]!;
  return Math.min(h, 0.999);
}
