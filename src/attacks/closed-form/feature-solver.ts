import { isBounded, isRounded } from '../../core/evidence.js';
import { productTransposedInTurns } from '../../core/in-turns.js';
import { type Matrix, mapped, normalEquations, product, productTransposed } from '../../core/linear-algebra.js';
import { intervalsTell } from '../search/objectives.js';
import { deviation } from './activation-estimates.js';
import { type Head, observedOf } from './head.js';
import { type FeatureSolver, intervalSolver } from './intervals.js';

/** The dense layer whose inputs are looked for, and whether they can be negative. */
type Inputs = Pick<Head, 'first' | 'nonNegative'>;

/**
 * The samples' features X from the first dense layer's update, G1 = X^T delta + what phi did: linear in them. Rounded
 * or dropped entries: intervals. Exact or noisy entries: least squares about the prior's features,
 *
 *     min over X of  |X^T delta - G1|^2 / noise^2 + |X - prior|^2 / spread^2,   then X >= 0,
 *
 * which without noise is the exact solution.
 * @param prior default: the start of each solve
 */
export function featureSolver(head: Inputs, size: number, prior?: Matrix): Promise<FeatureSolver> {
  const { evidence, observed } = head.first;
  const byIntervals = isBounded(evidence) && (!isRounded(evidence) || intervalsTell([{ data: observed }], [evidence]));
  return byIntervals ? intervalSolver(head, size) : Promise.resolve(gaussianSolver(head, prior));
}

/** Variance of features about the prior's, as a share of its mean square: typical under untrained networks. */
const SPREAD = 0.15;

function gaussianSolver({ first, nonNegative }: Inputs, known?: Matrix): FeatureSolver {
  const { evidence, observed } = first;
  const bound = nonNegative ? 0 : Number.NEGATIVE_INFINITY;
  return {
    dispose: () => {},
    solve: async (delta, start) => {
      const prior = known ?? start;
      const square = prior.data.reduce((sum, x) => sum + x * x, 0) / prior.data.length;
      const power = delta.data.reduce((sum, d) => sum + d * d, 0) / delta.rows;
      const noise = isRounded(evidence) ? await deviation(evidence, observed) : evidence.noise;
      const ridge = noise ** 2 / (SPREAD * square * power || 1);
      const gram = productTransposed(delta, delta);
      const explained = product(gram, prior);
      // what the prior leaves unexplained, so that the ridge pulls towards the prior and not towards 0
      const seen = await productTransposedInTurns(delta, observedOf(first));
      const rest = mapped(seen, (value, i, j) => value - explained.data[i * explained.columns + j]!);
      const moved = normalEquations(gram, rest, Math.max(1e-10, ridge));
      return mapped(moved, (value, i, j) => Math.max(bound, value + prior.data[i * prior.columns + j]!));
    },
  };
}
