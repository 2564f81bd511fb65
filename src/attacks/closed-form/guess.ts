import { dotInTurns, productInTurns } from '../../core/in-turns.js';
import { type Matrix, mapped } from '../../core/linear-algebra.js';
import type { Head } from './head.js';

/** A guess of a hidden layer's inputs, z ~ N(inputs, spread_b^2). */
export interface Guess {
  /** [B, units] */
  readonly inputs: Matrix;
  /** One standard deviation per sample. */
  readonly spread: Float64Array;
}

/** Inputs of a dense layer's units from features, and their error at a given cosine: |x| sqrt(1 - cos^2) std(W1). */
export async function guessFrom({ first }: Pick<Head, 'first'>, features: Matrix, cosine: number): Promise<Guess> {
  const { weights, bias } = first;
  const inputs = mapped(await productInTurns(features, weights), (value, _, u) => value + bias[u]!);
  const size = Math.sqrt((await dotInTurns(weights.data, weights.data)) / weights.data.length);
  const spread = Float64Array.from({ length: features.rows }, (_, b) => {
    const row = features.data.subarray(b * features.columns, (b + 1) * features.columns);
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    return Math.max(1e-12, length * size * Math.sqrt(1 - cosine * cosine));
  });
  return { inputs, spread };
}
