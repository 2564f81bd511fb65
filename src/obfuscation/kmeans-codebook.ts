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
 * that k-means looks for (OpenFL's KCPipeline takes scikit-learn's best of k starts), beyond 32,768 entries nearly. A
 * tensor with fewer entries than
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
  for (let i = 0; i < data.length; i++) {
    const g = data[i]!;
    if (keepZeros && g === 0) continue;
    const k = nearestIndex(centres, g);
    sent[i] = centres[k]!;
    reaches[i] = reach[k]!;
  }
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

/** Numbers beyond which cuts are looked for between groups of them first. */
const MOST_PLACES = 2 ** 15;
/** How often cuts are looked for, each time in finer groups where clusters are narrow. */
const ROUNDS = 3;
const MOST_MOVES = 1000;

/**
 * The best k centres of numbers: sorted, clusters are ranges, and the best last range of the first j numbers starts no
 * earlier than that of the first j - 1, so that each centre costs n log n (divide and conquer). Of more than 32,768
 * numbers, the best cuts between as many groups, three times with groups of the clusters so far, moved to where each
 * number is with its nearest centre.
 */
export function kmeans(data: Float32Array, clusters: number): Clustering {
  const sorted = data.slice().sort();
  const n = sorted.length;
  const [sums, squares] = [new Float64Array(n + 1), new Float64Array(n + 1)];
  // about the middle: differences of sums of large numbers would lose the small ones
  const middle = sorted[n >> 1] ?? 0;
  for (let i = 0; i < n; i++) {
    const x = sorted[i]! - middle;
    sums[i + 1] = sums[i]! + x;
    squares[i + 1] = squares[i]! + x * x;
  }
  const cost = (a: number, b: number): number => squares[b]! - squares[a]! - (sums[b]! - sums[a]!) ** 2 / (b - a);
  const meanOf = (a: number, b: number): number => middle + (sums[b]! - sums[a]!) / (b - a);
  let edges: readonly number[] = [0, n];
  for (let round = 0; round < (n > MOST_PLACES ? ROUNDS : 1); round++)
    edges = bestEdges(placesOf(sorted, edges), clusters, cost);
  edges = settled(edges, sorted, meanOf);
  const means = edges.slice(1).map((b, k) => Math.fround(meanOf(edges[k]!, b)));
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

/** Places where clusters may begin and end: anywhere, or in each cluster so far some alike in number and in width. */
function placesOf(sorted: Float32Array, edges: readonly number[]): ArrayLike<number> {
  const n = sorted.length;
  if (n <= MOST_PLACES) return Int32Array.from({ length: n + 1 }, (_, i) => i);
  const each = Math.ceil(MOST_PLACES / 2 / (edges.length - 1));
  const places = edges.slice(1).flatMap((to, k) => {
    const from = edges[k]!;
    const [low, high] = [sorted[from]!, sorted[to - 1]!];
    return Array.from({ length: each }, (_, i) => [
      from + Math.round(((to - from) * i) / each),
      Math.max(from, countUpTo(sorted, low + ((high - low) * i) / each)),
    ]).flat();
  });
  const ordered = Int32Array.from([...places, n]).sort();
  return ordered.filter((place, i) => i === 0 || place > ordered[i - 1]!);
}

/** How many of ascending numbers are at most x. */
function countUpTo(sorted: Float32Array, x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const half = (low + high) >> 1;
    if (sorted[half]! <= x) low = half + 1;
    else high = half;
  }
  return low;
}

type OfRange = (a: number, b: number) => number;

/** The edges among places of the clusters with the least cost. */
function bestEdges(places: ArrayLike<number>, clusters: number, cost: OfRange): readonly number[] {
  const n = places.length - 1;
  let best = Float64Array.from({ length: n + 1 }, (_, j) => (j === 0 ? 0 : cost(0, places[j]!)));
  const cuts: Int32Array[] = [];
  for (let k = 1; k < clusters; k++) {
    const [next, cut] = [new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY), new Int32Array(n + 1)];
    const fill = (low: number, high: number, from: number, to: number): void => {
      if (low > high) return;
      const j = (low + high) >> 1;
      for (let i = Math.max(from, k); i <= Math.min(to, j - 1); i++) {
        const value = best[i]! + cost(places[i]!, places[j]!);
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
  return [0, ...edges].map((i) => places[i]!);
}

/** Edges moved to the middles between the means of their ranges, until none moves. */
function settled(edges: readonly number[], sorted: Float32Array, meanOf: OfRange): readonly number[] {
  if (sorted.length <= MOST_PLACES) return edges;
  let now = edges;
  for (let move = 0; move < MOST_MOVES; move++) {
    const means = now.slice(1).map((b, k) => meanOf(now[k]!, b));
    const next = now.map((at, k) =>
      k === 0 || k === now.length - 1 ? at : countUpTo(sorted, (means[k - 1]! + means[k]!) / 2),
    );
    const moved = next.some((at, k) => at !== now[k]);
    // an empty cluster has no mean
    if (!moved || next.some((at, k) => k > 0 && at <= next[k - 1]!)) return now;
    now = next;
  }
  return now;
}
