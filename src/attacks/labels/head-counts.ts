import { hidesScale, isSparse } from '../../core/evidence.js';
import { productInTurns } from '../../core/in-turns.js';
import { leastSquares, type Matrix, mapped, matrix, product, transpose } from '../../core/linear-algebra.js';
import type { Observation } from '../../core/types.js';
import { outputErrors } from '../closed-form/activation-estimates.js';
import { guessFrom } from '../closed-form/guess.js';
import { type Head, observedOf, readHead } from '../closed-form/head.js';
import { logCdf } from '../closed-form/normal-posterior.js';
import { features, meanFeatures, syntheticImages } from '../closed-form/prior.js';
import { wholeCounts } from './whole-counts.js';

/** Assumed cosine of typical features to true ones. */
const COSINE = 0.92;

/** Lengths tried for the counts that greedy search starts from, relative to the batch's own. */
const LENGTHS = [0.5, 0.7, 0.85, 1, 1.2, 1.4, 1.7, 2.2];

/**
 * Label counts from a dense - ReLU - dense head. The first dense layer's update, weighed by typical features f, is one
 * number a unit, about P(active) |f|^2 (W2 (p - n / B))_r with n the counts: a linear regression on W2's rows gives p -
 * n / B up to its length, also from signs or the largest entries alone (single-index model: Brillinger 1982; one-bit:
 * Plan and Vershynin 2013). The last layer's column sums say the same; they are added where their size is known. Then
 * whole numbers n >= `least` that sum to B and point in the same direction best: from rounded multiples, one image
 * moved at a time.
 * @param least for each class, how many images it has at least
 * @param most for each class, how many at most
 */
export async function headCounts(
  observation: Observation,
  least: readonly number[],
  most: readonly number[],
): Promise<{ labels: number[]; confidence: number[] }> {
  const head = readHead(observation);
  const { model, client } = observation;
  const typical = meanFeatures(await features(head, syntheticImages(model.imageShape, 1)));
  const { direction, even } = await directionOf(head, matrix(1, typical.length, typical));
  const size = client.batchSize;
  const fit = (counts: readonly number[]): number => {
    const t = counts.map((n, j) => even[j]! - n / size);
    const length = Math.sqrt(t.reduce((sum, x) => sum + x * x, 0)) || 1;
    return t.reduce((sum, x, j) => sum + x * direction[j]!, 0) / length;
  };
  const starts = LENGTHS.map((length) => rounded(direction, even, length, size, least, most));
  const first = starts.reduce((best, counts) => (fit(counts) > fit(best) ? counts : best));
  const counts = climbed(first, fit, least, most);
  const best = fit(counts);
  const labels = counts.flatMap((n, j) => Array.from({ length: n }, () => j));
  const confidence = labels.map((j) => {
    const others = neighbours(counts, least, most).filter((other) => other[j]! < counts[j]!);
    const loss = best - Math.max(Number.NEGATIVE_INFINITY, ...others.map(fit));
    return Math.min(1, Math.max(0, CLEAR * loss));
  });
  return { labels, confidence };
}

/** A direction that fits so many times worse is no alternative. */
const CLEAR = 20;

/** p - n / B up to its length, of length 1, and p. */
async function directionOf(head: Head, typical: Matrix): Promise<{ direction: number[]; even: number[] }> {
  const { first, last } = head;
  const { inputs, spread } = await guessFrom(head, typical, COSINE);
  const hidden = mapped(inputs, (z) => head.factor * Math.max(0, z));
  const even = [...outputErrors(head, hidden, Int32Array.of(-1)).data]; // no class: P itself
  const seen = await productInTurns(typical, observedOf(first));
  const chances = mapped(inputs, (z) => Math.exp(logCdf(z / spread[0]!)));
  const design = mapped(last.weights, (w, u) => w * chances.data[u]!);
  const inner = leastSquares(design, transpose(seen)).data;
  const sums = product(hidden, observedOf(last)).data;
  const plain = !isSparse(last.evidence) && !hidesScale(last.evidence);
  const both = plain ? sumOf(unit(inner), unit(sums)) : inner;
  return { direction: [...unit(both)], even };
}

const unit = (x: Float64Array): Float64Array => {
  const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0)) || 1;
  return x.map((value) => value / length);
};

const sumOf = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, j) => value + b[j]!);

/** Counts nearest to B (p - length direction), inside their bounds. */
function rounded(
  direction: readonly number[],
  even: readonly number[],
  length: number,
  size: number,
  least: readonly number[],
  most: readonly number[],
): number[] {
  const typicalLength = Math.sqrt(1 / size);
  const wanted = direction.map((d, j) => size * (even[j]! - length * typicalLength * d));
  const alike = wanted.map(() => 1);
  return wholeCounts(wanted, alike, size, least, most);
}

/** Counts that differ by one image that has another label. */
function neighbours(counts: readonly number[], least: readonly number[], most: readonly number[]): number[][] {
  return counts.flatMap((n, from) =>
    n <= least[from]!
      ? []
      : counts.flatMap((m, to) =>
          to === from || m >= most[to]! ? [] : [counts.map((k, j) => k + Number(j === to) - Number(j === from))],
        ),
  );
}

function climbed(
  from: number[],
  fit: (counts: readonly number[]) => number,
  least: readonly number[],
  most: readonly number[],
): number[] {
  let [counts, best] = [from, fit(from)];
  for (;;) {
    const next = neighbours(counts, least, most).reduce((a, b) => (fit(b) > fit(a) ? b : a), counts);
    if (fit(next) <= best + 1e-12) return counts;
    [counts, best] = [next, fit(next)];
  }
}
