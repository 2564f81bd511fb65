import { ndarray } from '../../core/arrays.js';
import { normalStream } from '../../core/random.js';
import type { NdArray } from '../../core/types.js';
import type { Evaluate } from '../search/minimise.js';
import type { Decoder } from './decoder.js';
import type { Match } from './update-match.js';

/** Weights of what is added to the comparison of updates, each times a mean over entries. */
export interface Weights {
  /** Of z^2: the prior. */
  readonly prior: number;
  /** Of (z - z_raw)^2: the tie to the raw reconstruction's low frequencies. */
  readonly tie: number;
  /** Of the squared offsets. */
  readonly relax: number;
}

/** One stage of the search: how many leading entries of z move, and whether the offsets do. */
export interface Freedom {
  readonly latent: number;
  readonly relaxed: boolean;
}

/** What is searched: points of the generator, compared through the update that their pictures would give. */
export interface Problem {
  readonly evaluate: Evaluate;
  /** The pictures of the latest evaluation. */
  readonly latest: () => NdArray | undefined;
}

/**
 * total(z, o) = D(simulated update of G(z, y, o), observed update) + prior mean z^2 + tie mean (z - z_raw)^2 + relax
 * mean o^2, with its gradient in (z, o); entries that a stage holds have gradient 0.
 */
export function problemOf(
  match: Match,
  decoder: Decoder,
  classes: NdArray,
  targets: NdArray,
  anchor: NdArray,
  weights: Weights,
  stages: readonly Freedom[],
): Problem {
  const { size, latent } = decoder;
  let images: NdArray | undefined;
  return {
    latest: () => images,
    evaluate: async (point, _, stage = stages.length - 1) => {
      images = await decoder.images(point, classes);
      const seen = await match.evaluate(images, targets);
      const { data: pulled } = await decoder.pull(point, classes, seen.gradient);
      const [gradient, batch] = [ndarray(point.shape), point.shape[0]!];
      const { latent: free, relaxed } = stages[stage]!;
      let objective = seen.objective;
      for (let i = 0; i < pulled.length; i++) {
        const [x, at] = [point.data[i]!, i % size];
        const [isLatent, moves] = [at < latent, at < latent ? at < free : relaxed];
        const count = batch * (isLatent ? latent : size - latent);
        const away = x - anchor.data[i]!;
        const [own, tie] = isLatent ? [weights.prior, weights.tie] : [weights.relax, 0];
        objective += (own * x * x + tie * away * away) / count;
        if (moves) gradient.data[i] = pulled[i]! + (2 * (own * x + tie * away)) / count;
      }
      return { objective, gradient };
    },
  };
}

/** Points to begin from, named: the raw pictures' low frequencies, drawn half-way to the mean, the mean, draws. */
export function candidates(raw: NdArray, latent: number, draws: number, seed: number): readonly [string, NdArray][] {
  const scaled = (factor: number): NdArray => ({ shape: raw.shape, data: raw.data.map((z) => factor * z) });
  const size = raw.shape[3]!;
  const drawn = (k: number): NdArray => {
    const normal = normalStream(seed + k);
    return { shape: raw.shape, data: raw.data.map((_, i) => (i % size < latent ? 0.5 * normal() : 0)) };
  };
  return [
    ['raw', raw],
    ['raw, halved', scaled(0.5)],
    ['mean', scaled(0)],
    ...Array.from({ length: draws }, (_, k): [string, NdArray] => [`draw ${k + 1}`, drawn(k)]),
  ];
}
