import { ndarray } from '../../core/arrays.js';
import { gramNorm, type Matrix, matrix } from '../../core/linear-algebra.js';
import type { NdArray } from '../../core/types.js';
import { compile, type Tensor, tf } from '../../engine/index.js';
import { boundTensors } from '../search/seen.js';
import type { Head } from './head.js';

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
 * compiled; what the intervals do not determine stays at the start.
 */
export async function intervalSolver(
  { first, nonNegative }: Pick<Head, 'first' | 'nonNegative'>,
  size: number,
): Promise<FeatureSolver> {
  const { evidence, observed, weights } = first;
  const [inputs, units] = [weights.rows, weights.columns];
  const iterate = (x: Tensor, ahead: Tensor, delta: Tensor, momenta: Tensor, rate: Tensor, q: Tensor): Tensor[] => {
    const { kept, zero } = boundTensors(evidence, [inputs, units]);
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
  const q: NdArray = { shape: [inputs, units], data: observed };
  const examples = [[size, inputs], [size, inputs], [size, units], [UNROLLED], [1]].map((shape) => ndarray(shape));
  const step = await compile(iterate, [...examples, q], { name: 'feature least squares' });
  return {
    dispose: step.dispose,
    solve: async (delta, start) => {
      const rate: NdArray = { shape: [1], data: Float32Array.of(1 / gramNorm(delta)) };
      const shaped = (m: Matrix): NdArray => ({ shape: [m.rows, m.columns], data: Float32Array.from(m.data) });
      let [x, z] = [shaped(start), shaped(start)];
      const momenta = fistaMomenta(UNROLLED * STEPS);
      for (let s = 0; s < STEPS; s++) {
        const part = momenta.slice(s * UNROLLED, (s + 1) * UNROLLED);
        [x, z] = (await step.run(x, z, shaped(delta), { shape: [UNROLLED], data: part }, rate, q)) as [
          NdArray,
          NdArray,
        ];
      }
      return matrix(size, inputs, x.data);
    },
  };
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
