import { halfWidth, hidesScale } from '../../core/evidence.js';
import { productTransposedInTurns, sumInTurns } from '../../core/in-turns.js';
import type { Matrix } from '../../core/linear-algebra.js';
import { leastSquares, lifted, mapped, matrix, product, solve, transpose } from '../../core/linear-algebra.js';
import type { Evidence } from '../../core/types.js';
import type { Guess } from './guess.js';
import { type Head, type InnerLayer, observedOf } from './head.js';
import { posterior } from './normal-posterior.js';
import { aroundGuess, freeDirection, hasEveryClass } from './null-direction.js';

/** What the last layer says about every sample: rows are samples. */
export interface Activations {
  /** P - Y, predicted minus true probabilities [B, classes]. */
  readonly errors: Matrix;
  /** Expected output of the hidden layer [B, units]. */
  readonly hidden: Matrix;
  /** Log-odds that a unit is active for a sample [B, units]. */
  readonly odds: Matrix;
}

const SWEEPS = 8;

/** With one image of every class, activations are trusted to this share of their size. */
const LEAST = 1e-3;

const rootMeanSquare = ({ data }: Matrix): number => Math.sqrt(data.reduce((sum, h) => sum + h * h, 0) / data.length);

/**
 * Hidden activations from the last layer's update, together with the guess:
 *
 *     G2 = H^T (P - Y) / B,   P = softmax(H W2 + b2)
 *
 * is linear in H for given P, and P follows from H: a fixed point, eight sweeps from the guess. Each entry of H is then
 * weighed against its guess (see posterior()): where phi left G2 exact the guess counts nothing, after sign() only it
 * does. As many images as classes, of all labels: the rows of P - Y sum to 0, so one direction of H is free; see
 * aroundGuess().
 */
export async function activations(head: Head, labels: Int32Array, guess: Guess): Promise<Activations> {
  const { inputs, spread } = guess;
  const size = labels.length;
  const { observed, evidence, weights } = head.last;
  const [units, classes] = [weights.rows, weights.columns];
  const seen = transpose(observedOf(head.last));
  const noise = await deviation(evidence, observed);
  const blind = hidesScale(evidence);
  const everyClass = hasEveryClass(labels, classes);
  let hidden = mapped(inputs, (z) => head.factor * Math.max(0, z));
  let odds = inputs;
  let errors = outputErrors(head, hidden, labels);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const toClasses = mapped(transpose(errors), (e) => e / size);
    const free = everyClass && !blind ? freeDirection(toClasses) : undefined;
    const found = blind ? new Float64Array(size).fill(Number.POSITIVE_INFINITY) : deviations(toClasses, noise, free);
    // P is wrong at first, and ties are looked for: nothing is taken for more exact than that
    const unsure = free ? found.map((value) => Math.max(value, LEAST * rootMeanSquare(hidden))) : found;
    const solved = blind
      ? hidden
      : free
        ? aroundGuess({ equations: toClasses, seen, guess, factor: head.factor, free, unsure })
        : leastSquares(toClasses, seen);
    const at = inputs.data.map((z, i) => {
      const b = Math.floor(i / units);
      const unit = posterior(z, spread[b]!, solved.data[i]! / head.factor, unsure[b]! / head.factor);
      hidden.data[i] = head.factor * unit.mean;
      return unit.odds;
    });
    hidden = { ...hidden };
    odds = { ...inputs, data: at };
    errors = outputErrors(head, hidden, labels);
  }
  return { errors, hidden, odds };
}

/** P - Y of hidden activations [B, units]. */
export function outputErrors({ last }: Head, hidden: Matrix, labels: Int32Array): Matrix {
  const logits = mapped(product(hidden, last.weights), (value, _, j) => value + last.bias[j]!);
  const { columns } = logits;
  const data = new Float64Array(logits.data.length);
  labels.forEach((label, b) => {
    const row = logits.data.subarray(b * columns, (b + 1) * columns);
    const top = row.reduce((a, c) => Math.max(a, c));
    const total = row.reduce((sum, value) => sum + Math.exp(value - top), 0);
    for (let j = 0; j < columns; j++) data[b * columns + j] = Math.exp(row[j]! - top) / total - Number(j === label);
  });
  return { ...logits, data };
}

/** The errors of a layer's outputs [B, outputs] at the units before it, ReLU or not: factor E W^T [B, units]. */
export const sentBack = async (errors: Matrix, { weights, factor }: Pick<InnerLayer, 'weights' | 'factor'>) =>
  mapped(await productTransposedInTurns(errors, weights), (value) => factor * value);

/** The same where a unit is active, else 0. */
export const gated = (back: Matrix, odds: Matrix): Matrix =>
  mapped(back, (value, i, j) => (odds.data[i * odds.columns + j]! > 0 ? value : 0));

/** Standard deviation of an observed entry about the true one: noise, or uniform in its tolerance; float32 at least. */
export async function deviation(evidence: Evidence, observed: Float32Array): Promise<number> {
  const { noise } = evidence;
  let top = 0;
  for (let i = 0; i < observed.length; i++) top = Math.max(top, Math.abs(observed[i]!));
  // where a bound says nothing, an entry is not larger than those that were seen
  const squares = await sumInTurns(observed, (value, i) => Math.min(top, halfWidth(evidence, value, i)) ** 2);
  const rounding = squares / 3 / observed.length;
  return Math.max(noise > 0 ? noise : Math.sqrt(rounding), 1e-6 * top, 1e-30);
}

/** Standard deviation of each unknown of least squares with matrix A and one noise, a free direction apart. */
export function deviations(a: Matrix, noise: number, free?: Float64Array): Float64Array {
  const own = product(transpose(a), a);
  const top = free ? own.data.reduce((most, value, at) => (at % (own.rows + 1) ? most : Math.max(most, value)), 0) : 0;
  const gram = lifted(free ? mapped(own, (value, i, j) => value + top * free[i]! * free[j]!) : own, 1e-10);
  const identity = matrix(gram.rows, gram.rows);
  for (let i = 0; i < gram.rows; i++) identity.data[i * (gram.rows + 1)] = 1;
  const inverse = solve(gram, identity);
  return Float64Array.from({ length: gram.rows }, (_, b) => noise * Math.sqrt(inverse.data[b * (gram.rows + 1)]!));
}
