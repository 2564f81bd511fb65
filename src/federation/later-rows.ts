import type { NdArray } from '../core/types.js';
import { type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { slice, zeros } from './picked-rows.js';
import { type Rows, type Thin, throughRows } from './thin-weights.js';

/**
 * The derivative in the rows A and D (thin-weights.ts) without an array of their size for each step that reads them. A
 * step with inputs x and errors d of a thin layer has h = x A^T diag(c) and subtracts h D on its way there, and has
 * g = -d D^T diag(c) on its way back. With the derivatives p, q, z and e in what is added at the four taps it adds
 *
 *     p^T x + g^T q   to the derivative in A,   -(h^T e + z^T d)   to that in D,
 *
 * and x and d are its own rows. Of later steps p, g, h, z, q and e are held, and the products are formed for the rows
 * of one step, when its turn comes.
 */
export interface Taps {
  /** p: added to x A^T. */
  readonly u: Tensor;
  /** q: added to the derivative in x. */
  readonly x: Tensor;
  /** z: added to the derivative in h. */
  readonly h: Tensor;
  /** e: added to what the layer gives. */
  readonly out: Tensor;
}

const TAPS = 4;
const HELD = 6;

/** Zeros at the taps of a step of `size` examples, one list for all thin parameters. */
export const tapsOf = (thin: readonly Thin[], size: number, examples: number): NdArray[] =>
  thin.flatMap(({ perExample, inputs, outputs }) =>
    [examples * perExample, inputs, examples * perExample, outputs].map((width) => zeros([size * perExample, width])),
  );

/** The list of taps, one entry for each thin parameter. */
export const tapSets = (list: readonly Tensor[]): Taps[] =>
  sets(list, TAPS).map(([u, x, h, out]) => ({ u: u!, x: x!, h: h!, out: out! }));

/** h and g of each thin parameter, one after the other. */
export const crossed = (
  factors: readonly { readonly a: Tensor; readonly d: Tensor }[],
  rows: readonly Rows[],
): Tensor[] =>
  factors.flatMap(({ a, d }, i) => {
    const { a: A, d: D, c } = rows[i]!;
    return [throughRows(a, A, c), tf.neg(throughRows(d, D, c))];
  });

/** The derivatives in a step's own rows from those in the rows at the end and what is held of later steps. */
export const ownDerivatives = (ends: readonly Tensor[], held: readonly Tensor[], rows: readonly Rows[]): Tensor[] =>
  sets(held as readonly Tensor2D[], HELD).flatMap(([p, g, h, z, q, e], i) => {
    const { a, d } = rows[i] as { a: Tensor2D; d: Tensor2D };
    return [
      tf.addN([ends[2 * i]!, tf.matMul(p!, a), tf.matMul(g!, q!)]),
      tf.sub(ends[2 * i + 1]!, tf.add(tf.matMul(h!, e!), tf.matMul(z!, d))),
    ];
  });

/** What is held of the steps of one sweep there; `starts`: examples before each step, and of all at the end. */
export function laterRows(thin: readonly Thin[], starts: readonly number[]) {
  const total = starts.at(-1)!;
  const at = (t: number, i: number): number => starts[t]! * thin[i]!.perExample;
  const tables = (width?: 'inputs' | 'outputs'): NdArray[] =>
    thin.map((one) => zeros([total * one.perExample, width ? one[width] : total * one.perExample]));
  const [h, g] = [tables(), tables()];
  return {
    there: (t: number, crossings: readonly NdArray[]): void =>
      thin.forEach((_, i) => {
        across(h[i]!, crossings[2 * i]!, at(t, i));
        across(g[i]!, crossings[2 * i + 1]!, at(t, i));
      }),
    /** For one way back. */
    back: () => {
      const [p, z, q, e] = [tables(), tables(), tables('inputs'), tables('outputs')];
      return {
        of: (t: number): NdArray[] =>
          thin.flatMap((_, i) => [
            ...[p, g, h, z].map((table) => slice(table[i]!, at(t, i), at(t + 1, i))),
            ...[q, e].map((rows) => rows[i]!),
          ]),
        add: (t: number, taps: readonly NdArray[]): void =>
          sets(taps, TAPS).forEach(([u, x, into, out], i) => {
            across(p[i]!, u!, at(t, i));
            across(z[i]!, into!, at(t, i));
            for (const [rows, own] of [[q, x!] as const, [e, out!] as const])
              rows[i]!.data.set(own.data, at(t, i) * own.shape[1]!);
          }),
      };
    },
  };
}

/** Writes the transpose of [n, rows] into [rows, rows], from a column on. */
function across(into: NdArray, { shape, data }: NdArray, column: number): void {
  const [count, rows] = shape as [number, number];
  for (let i = 0; i < count; i++) for (let j = 0; j < rows; j++) into.data[j * rows + column + i] = data[i * rows + j]!;
}

const sets = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: list.length / size }, (_, i) => list.slice(i * size, (i + 1) * size));
