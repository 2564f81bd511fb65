import { hidesScale } from '../../core/evidence.js';
import { dotInTurns, productInTurns } from '../../core/in-turns.js';
import { type Matrix, matrix, product, transpose } from '../../core/linear-algebra.js';
import { dot, sum } from '../../core/numbers.js';
import type { NdArray } from '../../core/types.js';
import { type Head, observedOf } from './head.js';

/**
 * How well each picture explains what the others leave of the update, a correlation in [0, 1]: with S_b = x_b delta_b^T
 * the part of picture b in the first dense layer's update and R = G1 - sum S what none explains,
 *
 *     c_b = <S_b, S_b + R> / (|S_b| |S_b + R|).
 *
 * 1: it explains all of it. Noise and rounding lower it for all pictures of a batch alike: compare within a batch.
 * Where phi hides the length of the update, G1 is first brought to the length that fits best.
 */
export async function explainedBy({ first }: Head, delta: Matrix, features: NdArray): Promise<number[]> {
  const { observed, evidence } = first;
  const [size, inputs] = features.shape as [number, number];
  const x = matrix(size, inputs, features.data);
  const seen = await productInTurns(x, observedOf(first)); // [B, units]
  const dots = Float64Array.from({ length: size }, (_, b) => dot(row(seen, b), row(delta, b)));
  const [xx, dd] = [product(x, transpose(x)), product(delta, transpose(delta))];
  const overlap = (b: number, c: number): number => xx.data[b * size + c]! * dd.data[b * size + c]!;
  const all = [...dots.keys()];
  const squares = (await dotInTurns(observed, observed)) || 1e-300;
  const scale = hidesScale(evidence) ? sum(dots) / squares : 1;
  return all.map((b) => {
    const others = all.filter((c) => c !== b);
    // <S_b, G1 - sum over others S_c> and |G1 - sum over others S_c|^2
    const along = scale * dots[b]! - sum(others.map((c) => overlap(b, c)));
    const left =
      scale * scale * squares -
      2 * scale * sum(others.map((c) => dots[c]!)) +
      others.reduce((sum, c) => sum + others.reduce((part, e) => part + overlap(c, e), 0), 0);
    return Math.min(1, Math.max(0, along / Math.sqrt(Math.max(1e-300, overlap(b, b) * left))));
  });
}

const row = ({ columns, data }: Matrix, b: number): Float64Array => data.subarray(b * columns, (b + 1) * columns);
