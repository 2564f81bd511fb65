import { eigen, type Matrix, mapped, matrix, product, transpose } from '../../core/linear-algebra.js';
import { deriveSeed, normalStream } from '../../core/random.js';

/** The leading part of a matrix D [m, n], D ~ images basis^T. */
export interface Span {
  /** Orthonormal columns that span the leading row space [n, rank]. */
  readonly basis: Matrix;
  /** D basis [m, rank]: orthogonal columns, each as long as its singular value. */
  readonly images: Matrix;
  /** Singular values, falling [rank]. */
  readonly values: Float64Array;
}

/** Directions beyond the rank asked for, and rounds of D^T D, of the randomised search. */
const EXTRA = 8;
const ROUNDS = 3;

/**
 * The row space of D [m, n] that belongs to its `rank` largest singular values, by randomised subspace iteration
 * (Halko, Martinsson and Tropp 2011, algorithm 4.4): exact up to rounding where D has that rank.
 */
export function rowSpan(d: Matrix, rank: number, seed: number): Span {
  const normal = normalStream(deriveSeed(seed, 'span'));
  const width = Math.min(rank + EXTRA, d.rows, d.columns);
  const across = transpose(d);
  let basis = orthonormal(mapped(matrix(d.columns, width), normal));
  for (let round = 0; round < ROUNDS; round++) basis = orthonormal(product(across, product(d, basis)));
  const images = product(d, basis);
  const { values, vectors } = eigen(rowsOf(product(transpose(images), images)));
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, Math.min(rank, width));
  const turn = mapped(matrix(width, order.length), (_, i, j) => vectors[i]![order[j]!]!);
  return {
    basis: product(basis, turn),
    images: product(images, turn),
    values: Float64Array.from(order, (at) => Math.sqrt(Math.max(0, values[at]!))),
  };
}

const rowsOf = ({ rows, columns, data }: Matrix): Float64Array[] =>
  Array.from({ length: rows }, (_, i) => data.subarray(i * columns, (i + 1) * columns));

/** Orthonormal columns with the same span (modified Gram-Schmidt, twice). */
function orthonormal(a: Matrix): Matrix {
  const columns = rowsOf(transpose(a)).map((column) => Float64Array.from(column));
  columns.forEach((column, j) => {
    for (let again = 0; again < 2; again++)
      for (let k = 0; k < j; k++) {
        const along = dot(columns[k]!, column);
        for (let i = 0; i < column.length; i++) column[i]! -= along * columns[k]![i]!;
      }
    const length = Math.sqrt(dot(column, column)) || 1;
    for (let i = 0; i < column.length; i++) column[i]! /= length;
  });
  return mapped(matrix(a.rows, a.columns), (_, i, j) => columns[j]![i]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
