import { isExact } from '../../core/evidence.js';
import type { NdArray } from '../../core/types.js';
import { separated } from '../sparse/index.js';
import { type Activations, activations, backPropagated, type Guess } from './activations.js';
import { featureSolver } from './features.js';
import type { Head } from './head.js';
import { refineMasks } from './masks.js';
import { type Matrix, mapped, matrix, product } from './matrix.js';

/** What the update of the dense head says about every sample, before any picture is looked for. */
export interface Recovered extends Activations {
  /** [B, features] */
  readonly features: Matrix;
  /** Back-propagated errors of the first dense layer's units [B, units]. */
  readonly delta: Matrix;
}

/** Assumed cosine of the features found so far to the true ones, round by round. */
const COSINES = [0.85, 0.93, 0.96, 0.96];

/** Assumed cosine of the features of the pictures to the true ones. */
const OF_PICTURES = 0.97;

/**
 * Errors and features of every sample, in rounds: features -> inputs of the hidden layer -> activations and errors
 * (last layer's update) -> features (first layer's update). Round 1 starts from the prior's features for all samples.
 */
export async function recover(head: Head, labels: Int32Array, prior: Float64Array): Promise<Recovered> {
  const { observed, evidence } = head.first;
  const exact = isExact(evidence) ? separated(head, labels, prior) : undefined;
  if (exact) return exact;
  const blind = evidence.signOnly;
  const before = matrix(labels.length, prior.length, repeat(prior, labels.length));
  const solver = await featureSolver(head, labels.length, before);
  try {
    let features = before;
    let found = activations(head, labels, guessFrom(head, features, COSINES[0]!));
    let delta = backPropagated(head, found);
    if (blind || observed.every((value) => value === 0)) return { ...found, features, delta };
    for (const cosine of COSINES) {
      features = await solver.solve(delta, features);
      found = activations(head, labels, guessFrom(head, features, cosine));
      if (!isExact(evidence)) found = refineMasks(head, found, features);
      delta = backPropagated(head, found);
    }
    features = await solver.solve(delta, features);
    return { ...found, features, delta };
  } finally {
    solver.dispose();
  }
}

/** The same from pictures found meanwhile: their features [B, D] are the guess, the update corrects it. */
export function refreshed(head: Head, labels: Int32Array, { shape, data }: NdArray): Recovered {
  const features = matrix(shape[0]!, shape[1]!, data);
  const found = activations(head, labels, guessFrom(head, features, OF_PICTURES));
  const unhelpful = isExact(head.first.evidence) || head.first.evidence.signOnly;
  const refined = unhelpful ? found : refineMasks(head, found, features);
  return { ...refined, features, delta: backPropagated(head, refined) };
}

/** Inputs of the hidden units from features, and how far off they are at a given cosine: |x| sqrt(1 - cos^2) std(W1). */
export function guessFrom({ first }: Head, features: Matrix, cosine: number): Guess {
  const { weights, bias } = first;
  const inputs = mapped(product(features, weights), (value, _, u) => value + bias[u]!);
  const size = Math.sqrt(weights.data.reduce((sum, w) => sum + w * w, 0) / weights.data.length);
  const spread = Float64Array.from({ length: features.rows }, (_, b) => {
    const row = features.data.subarray(b * features.columns, (b + 1) * features.columns);
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    return Math.max(1e-12, length * size * Math.sqrt(1 - cosine * cosine));
  });
  return { inputs, spread };
}

function repeat(row: Float64Array, times: number): Float64Array {
  const out = new Float64Array(row.length * times);
  for (let b = 0; b < times; b++) out.set(row, b * row.length);
  return out;
}
