import { breath } from '../../core/breath.js';
import { productInTurns } from '../../core/in-turns.js';
import type { Matrix } from '../../core/linear-algebra.js';
import { softmax } from '../../core/numbers.js';
import type { Head } from '../closed-form/head.js';

/** Trial values of s between 1e-6 and 1, evenly spread in their logarithm. */
const TRIALS = 200;
const SMALLEST = 1e-6;
const HALVINGS = 60;

/**
 * The share s = 1 - p_label of every image, which the row space leaves open: errors s d and features f / s give the
 * same update. The network closes it,
 *
 *     softmax(W2^T factor relu(W1^T f / s + b1) + b2) at the label = 1 - s,
 *
 * by bisection between trial values; of several roots the one whose other probabilities agree best with the mix found.
 * @param features [B, inputs] for s = 1
 * @param mixes (P - Y) / s, one row per image
 */
export async function shares(
  head: Head,
  labels: Int32Array,
  features: Matrix,
  mixes: readonly Float64Array[],
): Promise<Float64Array> {
  const inputs = await productInTurns(features, head.first.weights);
  const found = new Float64Array(labels.length);
  for (const [b, label] of labels.entries()) {
    const row = inputs.data.subarray(b * inputs.columns, (b + 1) * inputs.columns);
    const gap = (s: number): number => 1 - s - probabilities(head, row, s)[label]!;
    const disagreement = (s: number): number =>
      probabilities(head, row, s).reduce((sum, p, j) => (j === label ? sum : sum + (p - s * mixes[b]![j]!) ** 2), 0) /
      (s * s);
    const trials = Array.from({ length: TRIALS + 1 }, (_, k) => SMALLEST ** (1 - k / TRIALS));
    const values = trials.map(gap);
    const roots = trials
      .slice(1)
      .flatMap((s, k) => (values[k]! > 0 !== values[k + 1]! > 0 ? [root(gap, trials[k]!, s)] : []));
    found[b] = roots.reduce((best, s) => (disagreement(s) < disagreement(best) ? s : best), roots[0] ?? 1);
    await breath();
  }
  return found;
}

function root(f: (s: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  const rising = f(low) < 0;
  for (let k = 0; k < HALVINGS; k++) {
    const middle = (low + high) / 2;
    if (f(middle) < 0 === rising) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Class probabilities of an image whose features give these inputs without bias, divided by s. */
function probabilities({ first, last, factor }: Head, inputs: Float64Array, s: number): Float64Array {
  const { columns, data } = last.weights;
  const logits = Float64Array.from(last.bias);
  inputs.forEach((z, u) => {
    const hidden = factor * Math.max(0, z / s + first.bias[u]!);
    if (hidden > 0) for (let j = 0; j < columns; j++) logits[j] = logits[j]! + hidden * data[u * columns + j]!;
  });
  return softmax(logits);
}
