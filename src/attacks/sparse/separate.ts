import { deriveSeed, normalStream, uniformStream } from '../../core/random.js';
import type { Head } from '../closed-form/head.js';
import { type Matrix, matrix, product, transpose } from '../closed-form/matrix.js';
import { type Binary, errorsOf, refine, settle } from './binary.js';
import { rowSpan, type Span } from './span.js';

/** Random starts per class: at most, and at least where finds are not exact. */
const STARTS = 2000;
const ENOUGH = 300;

/**
 * Share of a vector outside the row space. Rounding to float32 leaves 1e-7 of a true one, a few local steps up to 0.08; of the
 * nearest wrong ones it is 0.07 in batches of 32, 0.2 in batches of 16.
 */
const EXACT = 1e-3;
const LOOSE = 0.12;

/** Refined only when the settled vector is at most this far outside the row space: what a wrong mix leaves. */
const NEAR = 0.5;

/** Two masks are one when they differ in at most this share of the squared errors. */
const SAME = 0.01;

/** Starts wander at most so far from typical features, in standard deviations of their units' inputs. */
const WANDER = 1.5;

/**
 * Every image's ReLU mask and class errors from the first dense layer's update alone, repeated labels or not. Its row space
 * is spanned by the images' errors delta_i = mask_i o (W2 (p_i - y_i)) / B. For images of one class W2 (p - y) is one known
 * vector g up to a small mix of the other classes, so delta_i is a vector of the row space whose entries are 0 or g_r.
 * From a random mask, projection on the row space and rounding to {0, g_r} by turns (alternating projections) settle on such
 * a vector; the difference of two images of a class is none, its entries are also -g_r. Starts are masks of typical features
 * moved at random inside the update's column space. The share outside the row space tells a find from a miss.
 *
 * SPEAR (Dimitrov et al. 2024, arXiv 2403.03945) and SPEAR++ (2510.24200) look for vectors of the same space by their sparsity
 * alone, from B - 1 zeros; known weights and label counts make it a search for 0-or-g vectors here, which most starts find.
 * @returns for each label, in the order of the labels, what was found, or undefined.
 */
export function separate(head: Head, labels: Int32Array, prior: Float64Array, seed: number): (Binary | undefined)[] {
  const { weights, observed } = head.first;
  const span = rowSpan(matrix(weights.rows, weights.columns, observed), labels.length, seed);
  const { inputs, chances } = typical(head, prior);
  const starting = startsAround(head, span, inputs, seed);
  const found = new Map([...new Set(labels)].map((label) => [label, [] as Binary[]]));
  for (const [label, list] of found) {
    const wanted = labels.reduce((n, other) => n + Number(other === label), 0);
    const mix = chances.map((p, j) => (j === label ? -1 : p / (1 - chances[label]!)));
    const g = errorsOf(head.last.weights, mix);
    const within = (tolerance: number): boolean => list.length >= wanted && list[wanted - 1]!.residual <= tolerance;
    for (let start = 0; start < STARTS && !within(start < ENOUGH ? EXACT : LOOSE); start++) {
      const settled = settle(span.basis, g, starting());
      if (farFrom(span.basis, g, settled) > NEAR || list.some(({ mask }) => same(mask, settled, g))) continue;
      const binary = refine(span.basis, head.last.weights, label, mix, settled);
      if (binary.residual > LOOSE || list.some(({ mask }) => same(mask, binary.mask, g))) continue;
      list.push(binary);
      list.sort((a, b) => a.residual - b.residual);
    }
  }
  const residuals = [...found.values()].flat().map(({ residual }) => residual);
  const bound = Math.min(...residuals) <= EXACT ? EXACT : LOOSE;
  return Array.from(labels, (label) => found.get(label)!.shift()).map((b) =>
    b && b.residual <= bound ? b : undefined,
  );
}

/** Inputs of the hidden units, and class probabilities, for the prior's features. */
function typical({ first, last, factor }: Head, prior: Float64Array) {
  const inputs = product(matrix(1, prior.length, prior), first.weights).data.map((z, u) => z + first.bias[u]!);
  const hidden = matrix(
    1,
    inputs.length,
    inputs.map((z) => factor * Math.max(0, z)),
  );
  const logits = product(hidden, last.weights).data.map((z, j) => z + last.bias[j]!);
  const top = logits.reduce((a, b) => Math.max(a, b));
  const powers = logits.map((z) => Math.exp(z - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return { inputs, chances: powers.map((p) => p / total) };
}

/** A stream of masks of typical features, moved along a random direction of the update's column space. */
function startsAround({ first }: Head, { images }: Span, inputs: Float64Array, seed: number): () => Uint8Array {
  const directions = product(transpose(first.weights), images); // [units, rank]
  const [normal, uniform] = [normalStream(deriveSeed(seed, 'starts')), uniformStream(deriveSeed(seed, 'wander'))];
  const size = deviation(inputs);
  return () => {
    const along = matrix(directions.columns, 1, Float64Array.from({ length: directions.columns }, normal));
    const moved = product(directions, along).data;
    const step = (WANDER * uniform() * size) / (deviation(moved) || 1);
    return Uint8Array.from(inputs, (z, u) => Number(z + step * moved[u]! > 0));
  };
}

function deviation(x: Float64Array): number {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length);
}

const farFrom = (basis: Matrix, g: Float64Array, mask: Uint8Array): number => {
  const { columns, data } = basis;
  const along = new Float64Array(columns);
  let all = 0;
  for (let u = 0; u < mask.length; u++) {
    if (!mask[u]) continue;
    all += g[u]! ** 2;
    for (let k = 0; k < columns; k++) along[k] = along[k]! + g[u]! * data[u * columns + k]!;
  }
  const inside = along.reduce((sum, a) => sum + a * a, 0);
  return all > 0 ? Math.sqrt(Math.max(0, 1 - inside / all)) : 1;
};

function same(a: Uint8Array, b: Uint8Array, g: Float64Array): boolean {
  let [away, all] = [0, 0];
  for (let u = 0; u < g.length; u++) {
    if (a[u]) all += g[u]! ** 2;
    if (a[u] !== b[u]) away += g[u]! ** 2;
  }
  return away <= SAME * all;
}
