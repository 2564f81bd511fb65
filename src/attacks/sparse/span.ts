import { productInTurns, transposedProductInTurns } from '../../core/in-turns.js';
import type { Entries, Matrix } from '../../core/linear-algebra.js';
import { eigen, mapped, matrix, orthonormal, product, rowsOf } from '../../core/linear-algebra.js';
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
export async function rowSpan(d: Entries, rank: number, seed: number): Promise<Span> {
  const normal = normalStream(deriveSeed(seed, 'span'));
  const width = Math.min(rank + EXTRA, d.rows, d.columns);
  let basis = orthonormal(mapped(matrix(d.columns, width), normal));
  for (let round = 0; round < ROUNDS; round++)
    basis = orthonormal(await transposedProductInTurns(d, await productInTurns(d, basis)));
  const images = await productInTurns(d, basis);
  const { values, vectors } = eigen(rowsOf(await transposedProductInTurns(images, images)));
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, Math.min(rank, width));
  const turn = mapped(matrix(width, order.length), (_, i, j) => vectors[i]![order[j]!]!);
  return {
    basis: product(basis, turn),
    images: product(images, turn),
    values: Float64Array.from(order, (at) => Math.sqrt(Math.max(0, values[at]!))),
  };
}
