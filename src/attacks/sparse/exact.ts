import { breath } from '../../core/breath.js';
import { productInTurns, productTransposedInTurns } from '../../core/in-turns.js';
import type { Entries, Matrix } from '../../core/linear-algebra.js';
import { mapped, matrix, normalEquations, product, productTransposed, transpose } from '../../core/linear-algebra.js';
import { outputErrors } from '../closed-form/activation-estimates.js';
import { type Head, observedOf } from '../closed-form/head.js';
import type { Recovered } from '../closed-form/recovered.js';
import type { Binary } from './binary.js';
import { shares } from './scale.js';
import { separate } from './separate.js';

/** What is found must explain all but this share of the update, and predict its own errors within this. */
const UNEXPLAINED = 0.1;
const INCONSISTENT = 0.03;

/** Rounds in which errors and predictions are brought together, and when they are. */
const ROUNDS = 40;
const CONSISTENT = 1e-7;

/** Rows that are compared between two turns of others. */
const ROWS = 64;

/** Any seed does: in untrained networks nine starts of ten lead to an image. */
const SEED = 1;

/**
 * Masks, errors and features of every image from the update of one step, or of a few small ones, labels repeated or
 * not; undefined where an image was not found, or where what was found does not explain the update or contradicts
 * itself.
 * @param revisable whether the labels were only inferred: the row space may correct them
 */
export async function separated(
  head: Head,
  given: Int32Array,
  prior: Float64Array,
  revisable = false,
): Promise<Recovered | undefined> {
  if (head.first.observed.every((value) => value === 0)) return undefined;
  const all = await separate(head, given, prior, { seed: SEED, revisable });
  if (!all) return undefined;
  const labels = Int32Array.from(all, ({ label }) => label);
  const { weights } = head.first;
  const seen = observedOf(head.first);
  const solved = async (delta: Matrix): Promise<Matrix> =>
    normalEquations(productTransposed(delta, delta), await productTransposedInTurns(delta, seen), 1e-13);
  const bound = head.nonNegative ? 0 : Number.NEGATIVE_INFINITY;
  const solve = async (errors: Matrix): Promise<Recovered & { away: number }> => {
    const delta = masked(head, errors, all);
    const features = mapped(await solved(delta), (x) => Math.max(bound, x));
    const odds = mapped(await productInTurns(features, weights), (z, _, u) => z + head.first.bias[u]!);
    const hidden = mapped(odds, (z) => head.factor * Math.max(0, z));
    const predicted = outputErrors(head, hidden, labels);
    const away = predicted.data.reduce((top, e, i) => Math.max(top, Math.abs(e - errors.data[i]!)), 0);
    return { head, features, delta, hidden, odds, errors: predicted, away };
  };
  const mixes = mapped(matrix(labels.length, head.last.weights.columns), (_, b, j) => all[b]!.mix[j]!);
  const unscaled = await solved(masked(head, mixes, all));
  const share = await shares(
    head,
    labels,
    unscaled,
    all.map(({ mix }) => mix),
  );
  let best = await solve(mapped(mixes, (e, b) => e * share[b]!));
  // images with one and the same mask leave their mixes open: the predictions then decide
  for (let round = 0, last = best; round < ROUNDS && best.away > CONSISTENT; round++) {
    last = await solve(last.errors);
    if (last.away < best.away) best = last;
  }
  if (best.away > INCONSISTENT || (await unexplained(best, seen)) > UNEXPLAINED) return undefined;
  const { away, ...recovered } = best;
  return { ...recovered, separated: labels };
}

/** mask o (factor W2 errors) / B. */
function masked({ last, factor }: Head, errors: Matrix, found: readonly Binary[]): Matrix {
  const back = product(errors, transpose(last.weights));
  return mapped(back, (value, b, u) => (found[b]!.mask[u] ? (factor * value) / found.length : 0));
}

/** |X^T delta - seen| / |seen|. */
async function unexplained({ delta, features }: Pick<Recovered, 'delta' | 'features'>, seen: Entries): Promise<number> {
  let [away, all] = [0, 0];
  for (let i = 0; i < seen.rows; i++) {
    for (let u = 0; u < seen.columns; u++) {
      const value = seen.data[i * seen.columns + u]!;
      let left = value;
      for (let b = 0; b < delta.rows; b++)
        left -= features.data[b * seen.rows + i]! * delta.data[b * seen.columns + u]!;
      away += left * left;
      all += value * value;
    }
    if (i % ROWS === 0) await breath();
  }
  return all > 0 ? Math.sqrt(away / all) : 0;
}
