import { problem } from './errors.js';
import { dot } from './numbers.js';

/** Numbers of a matrix, row-major, as they are held: those of a network or an update are not copied to float64. */
export interface Entries {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array | Float32Array;
}

/** A small dense matrix in float64, row-major. */
export interface Matrix extends Entries {
  readonly data: Float64Array;
}

/** A matrix from numbers in row order, or of zeros. */
export const matrix = (rows: number, columns: number, data?: ArrayLike<number>): Matrix => ({
  rows,
  columns,
  data: data ? new Float64Array(data) : new Float64Array(rows * columns),
});

/** The rows of a matrix, in its own memory. */
export const rowsOf = ({ rows, columns, data }: Matrix): Float64Array[] =>
  Array.from({ length: rows }, (_, i) => data.subarray(i * columns, (i + 1) * columns));

export const matrixOf = (rows: readonly ArrayLike<number>[]): Matrix => {
  const out = matrix(rows.length, rows[0]?.length ?? 0);
  rows.forEach((row, i) => {
    out.data.set(row, i * out.columns);
  });
  return out;
};

/** A^T. */
export function transpose({ rows, columns, data }: Entries): Matrix {
  const out = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j]!;
  return { rows: columns, columns: rows, data: out };
}

/** A B, row by row, so that memory is read in order. @param sum what it is added to, in place; zeros */
export function product(a: Entries, b: Entries, sum = matrix(a.rows, b.columns)): Matrix {
  const out = sum.data;
  for (let i = 0; i < a.rows; i++) {
    const row = out.subarray(i * b.columns, (i + 1) * b.columns);
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[i * a.columns + k]!;
      if (factor === 0) continue;
      const from = k * b.columns;
      for (let j = 0; j < row.length; j++) row[j]! += factor * b.data[from + j]!;
    }
  }
  return sum;
}

/** A^T B, without the transpose. @param sum what it is added to, in place; zeros */
export function transposedProduct(a: Entries, b: Entries, sum = matrix(a.columns, b.columns)): Matrix {
  const out = sum.data;
  for (let k = 0; k < a.rows; k++)
    for (let i = 0; i < a.columns; i++) {
      const factor = a.data[k * a.columns + i]!;
      if (factor === 0) continue;
      const [from, to] = [k * b.columns, i * b.columns];
      for (let j = 0; j < b.columns; j++) out[to + j]! += factor * b.data[from + j]!;
    }
  return sum;
}

/** A B^T, without the transpose. */
export function productTransposed(a: Entries, b: Entries): Matrix {
  const out = new Float64Array(a.rows * b.rows);
  const width = a.columns;
  for (let j = 0; j < b.rows; j++)
    for (let i = 0; i < a.rows; i++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += a.data[i * width + k]! * b.data[j * width + k]!;
      out[i * b.rows + j] = sum;
    }
  return { rows: a.rows, columns: b.rows, data: out };
}

/** Every entry by a function of value, row and column. */
export function mapped(a: Entries, f: (value: number, row: number, column: number) => number): Matrix {
  const data = new Float64Array(a.data.length);
  for (let i = 0, at = 0; i < a.rows; i++) for (let j = 0; j < a.columns; j++, at++) data[at] = f(a.data[at]!, i, j);
  return { rows: a.rows, columns: a.columns, data };
}

/** Lower triangle L of A = L L^T (Cholesky). @throws A is not symmetric positive definite */
function cholesky({ rows: n, data: a }: Matrix): Float64Array {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      if (i !== j) lower[i * n + j] = sum / lower[j * n + j]!;
      else if (sum > 0) lower[i * n + i] = Math.sqrt(sum);
      else throw problem('leastSquares', 'the equations must determine the unknowns', `pivot ${sum}`);
    }
  return lower;
}

/** X with A X = B for a symmetric positive definite A [n, n] and B [n, m]. */
export function solve(a: Matrix, b: Matrix): Matrix {
  const n = a.rows;
  const lower = cholesky(a);
  const x = Float64Array.from(b.data);
  const subtract = (to: number, from: number, factor: number): void => {
    for (let c = 0; c < b.columns; c++) x[to * b.columns + c]! -= factor * x[from * b.columns + c]!;
  };
  const divide = (row: number): void => {
    for (let c = 0; c < b.columns; c++) x[row * b.columns + c]! /= lower[row * n + row]!;
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtract(i, k, lower[i * n + k]!);
    divide(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtract(i, k, lower[k * n + i]!);
    divide(i);
  }
  return { rows: n, columns: b.columns, data: x };
}

/**
 * argmin over X of |A X - B|^2 + ridge tr(A^T A)/n |X|^2, by the normal equations: A [m, n], B [m, k], X [n, k].
 * `ridge` 1e-10 keeps equations solvable that several samples share (equal columns of A share the result evenly).
 */
export function leastSquares(a: Matrix, b: Matrix, ridge = 1e-10): Matrix {
  return normalEquations(transposedProduct(a, a), transposedProduct(a, b), ridge);
}

/** The same from A^T A [n, n] and A^T B [n, k]. */
export const normalEquations = (gram: Matrix, right: Matrix, ridge = 1e-10): Matrix =>
  solve(lifted(gram, ridge), right);

/** A + ridge mean(diag A) I. */
export function lifted(gram: Matrix, ridge: number): Matrix {
  const n = gram.rows;
  const mean = gram.data.reduce((sum, value, at) => sum + (at % (n + 1) === 0 ? value : 0), 0) / n;
  return mapped(gram, (value, i, j) => (i === j ? value + ridge * mean + Number.MIN_VALUE : value));
}

/** Eigenvalues and, in columns, eigenvectors of a symmetric matrix: cyclic Jacobi rotations. */
export function eigen(symmetric: readonly Float64Array[]): { values: Float64Array; vectors: Float64Array[] } {
  const a = symmetric.map((line) => Float64Array.from(line));
  const size = a.length;
  const vectors = a.map((_, i) => Float64Array.from({ length: size }, (_, j) => +(i === j)));
  const off = (): number => a.reduce((sum, line, i) => sum + line.reduce((s, x, j) => (i === j ? s : s + x * x), 0), 0);
  const scale = a.reduce((sum, line) => sum + line.reduce((s, x) => s + x * x, 0), 0);
  for (let sweep = 0; sweep < 50 && off() > 1e-28 * scale; sweep++)
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) {
        if (a[p]![q] === 0) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const [c, s] = [1 / Math.sqrt(t * t + 1), t / Math.sqrt(t * t + 1)];
        for (let k = 0; k < size; k++) rotate(a[k]!, p, q, c, s);
        for (let k = 0; k < size; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
        }
        for (let k = 0; k < size; k++) rotate(vectors[k]!, p, q, c, s);
      }
  return { values: Float64Array.from(a, (line, i) => line[i]!), vectors };
}

function rotate(line: Float64Array, p: number, q: number, c: number, s: number): void {
  const [x, y] = [line[p]!, line[q]!];
  line[p] = c * x - s * y;
  line[q] = s * x + c * y;
}

/** V f(values) V^T of a symmetric matrix. */
export function functionOf(symmetric: Matrix, f: (value: number) => number): Matrix {
  const { values, vectors } = eigen(rowsOf(symmetric));
  const turn = matrixOf(vectors);
  return product(
    mapped(turn, (x, _, k) => x * f(values[k]!)),
    transpose(turn),
  );
}

/** Mean, and covariance over n - `less`, of n vectors of one length. They are read twice. */
export function moments(vectors: Iterable<ArrayLike<number>>, less = 0): { mean: Float64Array; covariance: Matrix } {
  let mean = new Float64Array(0);
  let count = 0;
  for (const vector of vectors) {
    if (count++ === 0) mean = new Float64Array(vector.length);
    for (let i = 0; i < mean.length; i++) mean[i]! += vector[i]!;
  }
  mean = mean.map((total) => total / count);
  const covariance = matrix(mean.length, mean.length);
  const rows = rowsOf(covariance);
  for (const vector of vectors)
    for (let i = 0; i < mean.length; i++) {
      const [row, along] = [rows[i]!, (vector[i]! - mean[i]!) / (count - less)];
      for (let j = 0; j <= i; j++) row[j]! += along * (vector[j]! - mean[j]!);
    }
  return { mean, covariance: mapped(covariance, (value, i, j) => (j <= i ? value : rows[j]![i]!)) };
}

/** Orthonormal columns of the same span (modified Gram-Schmidt, twice); of which at most `least` is left becomes 0. */
export function orthonormal(a: Matrix, least = 0): Matrix {
  const columns = rowsOf(transpose(a));
  columns.forEach((column, j) => {
    const before = Math.sqrt(dot(column, column));
    for (let again = 0; again < 2; again++)
      for (let k = 0; k < j; k++) {
        const along = dot(columns[k]!, column);
        for (let i = 0; i < column.length; i++) column[i]! -= along * columns[k]![i]!;
      }
    const left = Math.sqrt(dot(column, column));
    for (let i = 0; i < column.length; i++) column[i] = left > least * before ? column[i]! / left : 0;
  });
  return mapped(matrix(a.rows, a.columns), (_, i, j) => columns[j]![i]!);
}

/** Largest eigenvalue of A A^T, by 30 power iterations, and 1 % more. */
export function gramNorm({ rows, columns, data }: Matrix): number {
  let v = new Float64Array(rows).fill(1);
  let length = 1;
  for (let i = 0; i < 30; i++) {
    const across = new Float64Array(columns);
    for (let b = 0; b < rows; b++) for (let u = 0; u < columns; u++) across[u]! += v[b]! * data[b * columns + u]!;
    const back = v.map((_, b) => across.reduce((sum, value, u) => sum + value * data[b * columns + u]!, 0));
    length = Math.sqrt(back.reduce((sum, value) => sum + value * value, 0)) || 1e-30;
    v = back.map((value) => value / length);
  }
  return 1.01 * length;
}
