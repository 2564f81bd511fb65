import { rounded } from '../core/evidence.js';
import { checked, type OptionTable, whole } from '../core/option-table.js';
import type { Obfuscation } from '../core/types.js';
import { nearestIndex } from './codebooks.js';
import { operator } from './operator.js';

/** Options of {@link kmeansCodebook}. */
export interface KmeansOptions {
  /** Values a tensor is reduced to, 2 to 256; default 6. */
  readonly clusters?: number;
}

const OPTIONS = {
  clusters: whole('values a tensor is reduced to', 6, { from: 2, to: 256 }),
} satisfies OptionTable<KmeansOptions>;

/**
 * q(g) = the centre nearest to g, of the k centres per tensor with the least sum of squared distances: the optimum
 * that k-means looks for (OpenFL's KCPipeline takes scikit-learn's best of k starts). A tensor with fewer entries than
 * centres is sent as it is. Zeros of an earlier operator stay zero and the others are clustered (topK() and then this:
 * OpenFL's SKCPipeline, which clusters the zeros along).
 *
 * Deterministic. Cost: log2 k bits per entry sent and 32 per centre. Evidence, entry by entry: half the way to the
 * further neighbour of the centre; at an outermost centre c of m entries and inner edge b, where nothing limits the
 * other side, what their mean leaves possible: (m - 1) |c - b|, m = 1: nothing lost.
 * Source: Wang and Song 2011 (optimal k-means in one dimension); OpenFL KCPipeline and SKCPipeline (6 clusters).
 * @throws clusters outside 2..256; unknown options; NaN or infinite entries
 * @example rog.phi.compose([rog.phi.topK({ sparsity: 0.9 }), rog.phi.kmeansCodebook()]) // SKC
 */
export function kmeansCodebook(options: KmeansOptions = {}): Obfuscation {
  const { clusters } = checked('kmeansCodebook', options, OPTIONS);
  return operator('kmeansCodebook', { clusters }, ['clusters'], (tensors, { before, message }) => {
    const coded = tensors.map(({ data }, t) => clustered(data, clusters, before[t]!.zeroTolerance > 0));
    const entries = tensors.reduce((sum, { data }) => sum + data.length, 0);
    const bits = tensors.reduce(
      (sum, { data }, t) => sum + data.length * (coded[t]!.whole ? message.valueBits : Math.log2(clusters)),
      0,
    );
    return {
      values: coded.map(({ sent }) => sent),
      evidence: before.map((e, t) => {
        const { reach, whole } = coded[t]!;
        return whole ? e : { ...rounded(e, reach, reach), crossesZero: true as const };
      }),
      message: {
        ...message,
        valueBits: bits / Math.max(1, entries),
        headers: message.headers + coded.reduce((sum, { whole }) => sum + (whole ? 0 : clusters), 0),
      },
    };
  });
}

/** A tensor on its centres, with how far off each entry may have been. */
function clustered(data: Float32Array, clusters: number, keepZeros: boolean) {
  const taken = keepZeros ? data.filter((g) => g !== 0) : data;
  if (taken.length < clusters) return { sent: data, reach: new Float32Array(data.length), whole: true };
  const { centres, counts } = kmeans(taken, clusters);
  const reach = centres.map((c, k) => {
    const inner = [centres[k - 1], centres[k + 1]].flatMap((other) =>
      other === undefined ? [] : Math.abs(c - other) / 2,
    );
    const outermost = k === 0 || k === centres.length - 1;
    // float32 rounding of the centre itself
    const rounding = 2 ** -23 * Math.abs(c);
    return rounding + Math.max(...inner, outermost ? (counts[k]! - 1) * (inner[0] ?? 0) : 0, 0);
  });
  const sent = new Float32Array(data.length);
  const reaches = new Float32Array(data.length);
  data.forEach((g, i) => {
    if (keepZeros && g === 0) return;
    const k = nearestIndex(centres, g);
    sent[i] = centres[k]!;
    reaches[i] = reach[k]!;
  });
  return { sent, reach: reaches, whole: false };
}

interface Clustering {
  /** Ascending, no two equal. */
  readonly centres: readonly number[];
  /** Numbers nearest to each. */
  readonly counts: readonly number[];
  /** Sum of the squared distances to the nearest centre. */
  readonly inertia: number;
}

/**
 * The best k centres of numbers: sorted, clusters are ranges, and the best last range of the first j numbers starts no
 * earlier than that of the first j - 1, so that each centre costs n log n (divide and conquer).
 */
export function kmeans(data: Float32Array, clusters: number): Clustering {
  const sorted = data.slice().sort();
  const n = sorted.length;
  const [sums, squares] = [new Float64Array(n + 1), new Float64Array(n + 1)];
  // about the middle: differences of sums of large numbers would lose the small ones
  const middle = sorted[n >> 1] ?? 0;
  sorted.forEach((x, i) => {
    sums[i + 1] = sums[i]! + (x - middle);
    squares[i + 1] = squares[i]! + (x - middle) ** 2;
  });
  const cost = (a: number, b: number): number => squares[b]! - squares[a]! - (sums[b]! - sums[a]!) ** 2 / (b - a);
  let best = Float64Array.from({ length: n + 1 }, (_, j) => (j === 0 ? 0 : cost(0, j)));
  const cuts: Int32Array[] = [];
  for (let k = 1; k < clusters; k++) {
    const [next, cut] = [new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY), new Int32Array(n + 1)];
    const fill = (low: number, high: number, from: number, to: number): void => {
      if (low > high) return;
      const j = (low + high) >> 1;
      for (let i = Math.max(from, k); i <= Math.min(to, j - 1); i++) {
        const value = best[i]! + cost(i, j);
        if (value < next[j]!) [next[j], cut[j]] = [value, i];
      }
      fill(low, j - 1, from, cut[j]!);
      fill(j + 1, high, cut[j]!, to);
    };
    fill(k + 1, n, k, n - 1);
    best = next;
    cuts.push(cut);
  }
  const edges = [n];
  for (const cut of cuts.toReversed()) edges.unshift(cut[edges[0]!]!);
  const ranges = edges.map((b, k) => [edges[k - 1] ?? 0, b] as const);
  const means = ranges.map(([a, b]) => Math.fround(middle + (sums[b]! - sums[a]!) / (b - a)));
  const centres = means.filter((c, k) => k === 0 || c > means[k - 1]!);
  const counts = new Array<number>(centres.length).fill(0);
  let inertia = 0;
  for (const x of sorted) {
    const k = nearestIndex(centres, x);
    counts[k]!++;
    inertia += (x - centres[k]!) ** 2;
  }
  return { centres, counts, inertia };
}
