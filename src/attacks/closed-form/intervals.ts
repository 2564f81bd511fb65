import { ndarray } from '../../core/arrays.js';
import { gramNorm, type Matrix, matrix } from '../../core/linear-algebra.js';
import type { NdArray } from '../../core/types.js';
import { compile, type Tensor, tf } from '../../engine/index.js';
import { boundTensors } from '../search/seen.js';
import type { Head } from './head.js';
import { partsOf } from './parts.js';

/** Finds features [B, D] from back-propagated errors [B, units]; `start` is what is known before. */
export interface FeatureSolver {
  readonly solve: (delta: Matrix, start: Matrix) => Promise<Matrix>;
  readonly dispose: () => void;
}

/** Iterations of FISTA in one compiled step, and steps in a solve. */
const UNROLLED = 10;
const STEPS = 4;

/**
 * Features from an update whose entries are known to lie in intervals, rounded or dropped:
 *
 *     min over X >= 0 of  sum over entries of dist(X^T delta, [G1 - w, G1 + w])^2
 *
 * with w the half-width that phi leaves of the entry. FISTA (Beck and Teboulle 2009) from the start, 40 iterations,
 * compiled; what the intervals do not determine stays at the start. Large updates part by part, which stay in the
 * processor's cache.
 */
export async function intervalSolver(
  { first, nonNegative }: Pick<Head, 'first' | 'nonNegative'>,
  size: number,
): Promise<FeatureSolver> {
  const { evidence, observed, weights } = first;
  const [inputs, units] = [weights.rows, weights.columns];
  const rows = Math.ceil(inputs / partsOf(first));
  const iterate = (x: Tensor, ahead: Tensor, delta: Tensor, momenta: Tensor, rate: Tensor, q: Tensor): Tensor[] => {
    const { kept, zero } = boundTensors(evidence, [rows, units]);
    const width = tf.where(tf.equal(q, 0), tf.mul(zero, tf.onesLike(q)), tf.mul(kept, tf.onesLike(q)));
    let [now, z] = [x, ahead];
    for (let k = 0; k < UNROLLED; k++) {
      const away = tf.sub(tf.matMul(z as tf.Tensor2D, delta as tf.Tensor2D, true, false), q);
      const outside = tf.mul(tf.sign(away), tf.relu(tf.sub(tf.abs(away), width)));
      const slope = tf.matMul(delta as tf.Tensor2D, outside as tf.Tensor2D, false, true);
      const moved = tf.sub(z, tf.mul(rate, slope));
      const next = nonNegative ? tf.relu(moved) : moved;
      z = tf.add(next, tf.mul(tf.slice(momenta, [k], [1]), tf.sub(next, now)));
      now = next;
    }
    return [now, z];
  };
  const examples = [[size, rows], [size, rows], [size, units], [UNROLLED], [1], [rows, units]];
  const step = await compile(
    iterate,
    examples.map((shape) => ndarray(shape)),
    { name: 'feature least squares' },
  );
  /** Update of the inputs from `from` on, behind the last ones zeros. */
  const observedFrom = (from: number): NdArray => {
    const data = observed.subarray(from * units, (from + rows) * units);
    return { shape: [rows, units], data: data.length === rows * units ? data : padded(data, rows * units) };
  };
  return {
    dispose: step.dispose,
    solve: async (delta, start) => {
      const rate: NdArray = { shape: [1], data: Float32Array.of(1 / gramNorm(delta)) };
      const errors: NdArray = { shape: [size, units], data: Float32Array.from(delta.data) };
      const momenta = fistaMomenta(UNROLLED * STEPS);
      const found = matrix(size, inputs);
      for (let from = 0; from < inputs; from += rows) {
        const q = observedFrom(from);
        const given = partOf(start, from, rows);
        let [x, z] = [given, given];
        for (let s = 0; s < STEPS; s++) {
          const part = momenta.slice(s * UNROLLED, (s + 1) * UNROLLED);
          [x, z] = (await step.run(x, z, errors, { shape: [UNROLLED], data: part }, rate, q)) as [NdArray, NdArray];
        }
        const width = Math.min(rows, inputs - from);
        for (let b = 0; b < size; b++) found.data.set(x.data.subarray(b * rows, b * rows + width), b * inputs + from);
      }
      return found;
    },
  };
}

/** `width` columns from `from` on, zeros behind the last. */
function partOf({ rows, columns, data }: Matrix, from: number, width: number): NdArray {
  const part = ndarray([rows, width]);
  for (let b = 0; b < rows; b++)
    part.data.set(data.subarray(b * columns + from, b * columns + Math.min(columns, from + width)), b * width);
  return part;
}

function padded(data: Float32Array, length: number): Float32Array {
  const out = new Float32Array(length);
  out.set(data);
  return out;
}

/** (t_k - 1) / t_{k+1} with t_1 = 1, t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2. */
function fistaMomenta(count: number): Float32Array {
  let t = 1;
  return Float32Array.from({ length: count }, () => {
    const next = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
    const momentum = (t - 1) / next;
    t = next;
    return momentum;
  });
}
