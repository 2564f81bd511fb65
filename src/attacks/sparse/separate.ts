import { breath } from '../../core/breath.js';
import { transposedProductInTurns } from '../../core/in-turns.js';
import type { Matrix } from '../../core/linear-algebra.js';
import { mapped, matrix, orthonormal, product, transpose, transposedProduct } from '../../core/linear-algebra.js';
import { mean, softmax, sum } from '../../core/numbers.js';
import { deriveSeed, normalStream, uniformStream } from '../../core/random.js';
import { type Head, observedOf } from '../closed-form/head.js';
import { type Binary, errorsOf, refine, settle } from './binary.js';
import { rowSpan, type Span } from './span.js';

/** Random starts per class in a round; where finds are not exact, one round must do. */
const STARTS = 300;
const ROUNDS = 6;

/**
 * Share of a vector outside the row space. Rounding to float32 leaves 1e-7 of a true one, a few local steps up to 0.08;
 * of the nearest wrong ones it is 0.07 in batches of 32, 0.2 in batches of 16.
 */
const EXACT = 1e-3;
const LOOSE = 0.12;

/** Refined only when the settled vector is at most this far outside the row space: what a wrong mix leaves. */
const NEAR = 0.5;

/** Two masks are one when they differ in at most this share of the squared errors. */
const SAME = 0.01;

/** So many images that random starts missed are looked for in what the others leave of the update. */
const MISSED = 6;

/** Starts wander at most so far from typical features, in standard deviations of their units' inputs. */
const WANDER = 1.5;

/**
 * Every image's ReLU mask and class errors from the first dense layer's update alone, repeated labels or not. Its row
 * space is spanned by the images' errors delta_i = mask_i o (W2 (p_i - y_i)) / B. For images of one class W2 (p - y) is
 * one known vector g up to a small mix of the other classes, so delta_i is a vector of the row space whose entries are
 * 0 or g_r. From a random mask, projection on the row space and rounding to {0, g_r} by turns (alternating projections)
 * settle on such a vector; the difference of two images of a class is none, its entries are also -g_r. Starts are masks
 * of typical features moved at random inside the update's column space. The share outside the row space tells a find
 * from a miss.
 *
 * SPEAR (Dimitrov et al. 2024, arXiv 2403.03945) and SPEAR++ (2510.24200) look for vectors of the same space by their
 * sparsity alone, from B - 1 zeros; known weights and label counts make it a search for 0-or-g vectors here, which most
 * starts find.
 * @param revisable whether the labels were only inferred: where an image of theirs is not found, all classes are
 *   searched, and exact finds count more
 * @returns what was found with its label, one for each image, in the order of the labels where they stay, else
 *   ascending; undefined where one is missing.
 */
export async function separate(
  head: Head,
  labels: Int32Array,
  prior: Float64Array,
  { seed, revisable }: { seed: number; revisable: boolean },
): Promise<(Binary & { readonly label: number })[] | undefined> {
  const size = labels.length;
  const span = await rowSpan(observedOf(head.first), size, seed);
  const { inputs, chances } = typical(head, prior);
  await breath();
  const starting = await startsAround(head, span, inputs, seed);
  const classes = Array.from(chances, (_, label) => {
    const mix = chances.map((p, j) => (j === label ? -1 : p / (1 - chances[label]!)));
    const wanted = labels.reduce((n, other) => n + Number(other === label), 0);
    const g = errorsOf(head.last.weights, mix);
    return { label, wanted, mix, g, list: [] as Binary[], refined: new Set<string>() };
  });
  type Class = (typeof classes)[number];
  const exact = (): number => classes.flatMap(({ list }) => list.filter(({ residual }) => residual <= EXACT)).length;
  const within = ({ list, wanted }: Class, bound: number): boolean =>
    list.slice(0, wanted).filter(({ residual }) => residual <= bound).length === wanted;
  const look = (one: Class, start: Uint8Array): void => {
    const { g, list, refined } = one;
    const settled = settle(span.basis, g, start);
    const known = list.some(({ mask, residual }) => residual <= EXACT && same(mask, settled, g));
    const mask = Buffer.from(settled).toString('latin1');
    if (known || refined.has(mask) || farFrom(span.basis, g, settled) > NEAR) return;
    refined.add(mask);
    const binary = refine(span.basis, head.last.weights, one, settled);
    if (binary.residual > LOOSE) return;
    // a find that stopped just short of this one gives way to it
    const at = list.findIndex(({ mask }) => same(mask, binary.mask, g));
    if (at >= 0 && list[at]!.residual <= binary.residual) return;
    list.splice(at < 0 ? list.length : at, Number(at >= 0), binary);
    list.sort((a, b) => a.residual - b.residual);
  };
  const complete = (): boolean => exact() === size || classes.every((one) => within(one, LOOSE));
  for (let round = 0; round < ROUNDS && (round === 0 || !complete()); round++)
    for (const one of classes) {
      const anyway = revisable && round > 0;
      const enough = (): boolean => exact() === size || (!anyway && within(one, EXACT));
      for (let start = 0; start < STARTS && !enough(); start++) {
        look(one, starting());
        await breath();
      }
    }
  const sureOf = ({ list }: Class): Binary[] => list.filter(({ residual }) => residual <= EXACT);
  const rowsFound = (): Float64Array[] =>
    classes.flatMap((one) => sureOf(one).map(({ mask, mix }) => errorRow(mask, errorsOf(head.last.weights, mix))));
  for (
    let before = -1;
    exact() > before && size - exact() <= MISSED && exact() < Math.min(size, span.basis.columns);
  ) {
    before = exact();
    const rest = startsLeftOver(head, span, rowsFound(), inputs, seed);
    const open = classes.filter((one) => revisable || sureOf(one).length < one.wanted);
    for (let start = 0; start < STARTS && exact() === before; start++) {
      const from = rest();
      for (const one of open) {
        look(one, from);
        await breath();
      }
    }
  }
  const all = classes.flatMap(({ list, label }) => list.map((binary) => ({ ...binary, label })));
  const sure = all.filter(({ residual }) => residual <= EXACT);
  if (sure.length === 0) return arranged(all, labels);
  return arranged(sure, labels) ?? (revisable && sure.length === size ? sure : undefined);
}

/** One for each label, in the order of the labels, the best first; undefined where there are too few. */
function arranged<T extends { readonly label: number }>(found: readonly T[], labels: Int32Array): T[] | undefined {
  const left = [...found];
  const one = Array.from(labels, (label) => {
    const at = left.findIndex((candidate) => candidate.label === label);
    return at < 0 ? undefined : left.splice(at, 1)[0]!;
  });
  return one.every((candidate) => candidate !== undefined) ? (one as T[]) : undefined;
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
  return { inputs, chances: softmax(logits) };
}

/** A stream of masks of typical features, moved along a random direction of the update's column space. */
async function startsAround(
  { first }: Head,
  { images }: Span,
  inputs: Float64Array,
  seed: number,
): Promise<() => Uint8Array> {
  const directions = await transposedProductInTurns(first.weights, images); // [units, rank]
  const [normal, uniform] = [normalStream(deriveSeed(seed, 'starts')), uniformStream(deriveSeed(seed, 'wander'))];
  const size = deviation(inputs);
  return () => {
    const along = matrix(directions.columns, 1, Float64Array.from({ length: directions.columns }, normal));
    const moved = product(directions, along).data;
    const step = (WANDER * uniform() * size) / (deviation(moved) || 1);
    return Uint8Array.from(inputs, (z, u) => Number(z + step * moved[u]! > 0));
  };
}

/**
 * A stream of masks of features that rows found so far leave to the update: with D = images V^T and E orthonormal,
 * orthogonal to the rows in V's coordinates, the features that are missing span images E. One alone is that to scale.
 */
function startsLeftOver(
  { first }: Head,
  { basis, images }: Span,
  rows: readonly Float64Array[],
  inputs: Float64Array,
  seed: number,
): () => Uint8Array {
  const [rank, found] = [basis.columns, rows.length];
  const normal = normalStream(deriveSeed(seed, 'left over'));
  const known = product(
    transpose(basis),
    transpose(
      matrix(
        found,
        basis.rows,
        rows.flatMap((row) => [...row]),
      ),
    ),
  );
  const filled = mapped(matrix(rank, rank), (_, i, j) => (j < found ? known.data[i * found + j]! : normal()));
  const whole = orthonormal(filled);
  const left = mapped(matrix(rank, rank - found), (_, i, j) => whole.data[i * rank + found + j]!);
  const features = product(images, left); // [inputs, missing]
  const along = transposedProduct(first.weights, features);
  const size = deviation(inputs);
  return () => {
    const mix = matrix(left.columns, 1, Float64Array.from({ length: left.columns }, normal));
    const sign = Math.sign(sum(product(features, mix).data));
    const moved = product(along, mix).data;
    const scale = (sign * size) / (deviation(moved) || 1);
    return Uint8Array.from(moved, (z, u) => Number(scale * z + first.bias[u]! > 0));
  };
}

const errorRow = (mask: Uint8Array, g: Float64Array): Float64Array => g.map((value, u) => (mask[u] ? value : 0));

function deviation(x: Float64Array): number {
  const centre = mean(x);
  return Math.sqrt(mean(x.map((value) => (value - centre) ** 2)));
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
