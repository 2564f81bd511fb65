import { sizeOf } from '../core/arrays.js';
import { breath } from '../core/breath.js';
import type { Batch, NdArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { retrievalRank } from '../metrics/index.js';

/** Pictures among which the true one is looked for: the private ones of each batch first, then others of the data. */
export interface Gallery {
  /** [candidates, height x width x channels] */
  readonly pixels: NdArray;
  /** Place of each batch's first image. */
  readonly starts: readonly number[];
}

/** What a server that knows the label and not the update reaches when it looks for the true picture. */
export interface RetrievalBaseline {
  readonly by: 'pixels';
  readonly candidates: number;
  /** Ranks of the true picture, sorted by the distance to another picture of its class; ascending. */
  readonly ranks: readonly number[];
}

/** Candidates at most, and other pictures of the class that are tried for each private one. */
const MOST = 512;
const GUESSES = 16;
/** Pictures among which those of the class are looked for. */
const POOL = 2048;

const flat = ({ shape, data }: NdArray): NdArray => ({ shape: [shape[0]!, sizeOf(shape.slice(1))], data });

/** The private pictures and as many others of their split as make MOST, none of them twice. */
export async function galleryOf(data: Dataset, batches: readonly Pick<Batch, 'images'>[]): Promise<Gallery> {
  const own = batches.map(({ images }) => flat(images));
  const starts = own.map((_, k) => own.slice(0, k).reduce((sum, { shape }) => sum + shape[0]!, 0));
  const width = own[0]!.shape[1]!;
  const first = Math.min(MOST, data.sizes.test);
  const rows = own.flatMap((one) => rowsOf(one));
  const taken = new Set(rows.map(String));
  for (let index = 0; index < first && rows.length < MOST; index++) {
    await breath();
    const other = flat(data.batch({ split: 'test', indices: [index] }).images).data;
    if (!taken.has(String(other))) rows.push(other);
  }
  const pixels = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    pixels.set(row, i * width);
  });
  return { pixels: { shape: [rows.length, width], data: pixels }, starts };
}

const rowsOf = ({ shape, data }: NdArray): Float32Array[] =>
  Array.from({ length: shape[0]! }, (_, i) => data.subarray(i * shape[1]!, (i + 1) * shape[1]!));

/** Rank of each true picture among the candidates, sorted by their distance to what was rebuilt of it; 1: nearest. */
export const ranksOf = (rebuilt: NdArray, { pixels, starts }: Gallery, batch: number): number[] =>
  retrievalRank(
    flat(rebuilt),
    pixels,
    Array.from({ length: rebuilt.shape[0]! }, (_, i) => starts[batch]! + i),
  );

/** The ranks that other pictures of the same class give, from the split that the client does not hold. */
export async function retrievalBaseline(
  data: Dataset,
  batches: readonly Pick<Batch, 'labels'>[],
  gallery: Gallery,
): Promise<RetrievalBaseline> {
  const pool = [...data.labels('train', [...Array(Math.min(POOL, data.sizes.train)).keys()])];
  const ranks: number[] = [];
  for (const [batch, { labels }] of batches.entries())
    for (const [i, label] of labels.entries())
      for (const index of pool.flatMap((one, at) => (one === label ? [at] : [])).slice(0, GUESSES)) {
        await breath();
        const guess = flat(data.batch({ split: 'train', indices: [index] }).images);
        ranks.push(...retrievalRank(guess, gallery.pixels, [gallery.starts[batch]! + i]));
      }
  return { by: 'pixels', candidates: gallery.pixels.shape[0]!, ranks: ranks.sort((a, b) => a - b) };
}

/**
 * kappa of the event that the true picture is among the first `rank` of the candidates: the share of the baseline's
 * guesses that bring it so far, and no less than blind guessing does, rank / candidates.
 */
export const kappaOf = ({ ranks, candidates }: RetrievalBaseline, rank: number): number =>
  Math.min(1, Math.max(rank / candidates, ranks.length ? ranks.filter((one) => one <= rank).length / ranks.length : 0));
