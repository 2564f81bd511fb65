import { normalBlocks } from '../core/normal-blocks.js';
import { normalStream } from '../core/random.js';
import type { StepNoise } from '../core/types.js';
import type { Mechanism } from './private-settings.js';

/** What one step's noise depends on. */
export interface Spread {
  /** For each tensor sum_i |clipped g_i|^2 over the examples that get noise ... */
  readonly powers: ArrayLike<number>;
  /** ... and how many they are. */
  readonly noisy: number;
  /** Entries of each tensor. */
  readonly entries: readonly number[];
}

/**
 * Standard deviation, for each tensor, of the noise on every entry of the sum of a step's examples. Independent
 * Gaussians of the examples add up to one: with an SNR its variance is sum_i |clipped g_i|^2 / (n 10^(snr/10)), with
 * constant noise as many times sigma^2 as there are examples; with a multiplier sigma C whatever their number.
 */
export function noiseDeviations({ clip, noise }: Pick<Mechanism, 'clip' | 'noise'>, spread: Spread): number[] {
  const { powers, noisy, entries } = spread;
  const { multiplier = 0, snr, sigma } = noise;
  if (snr !== undefined) return entries.map((n, k) => Math.sqrt(powers[k]! / n / 10 ** (snr / 10)));
  if (sigma !== undefined)
    return entries.map((_, k) => Math.sqrt(noisy) * (typeof sigma === 'number' ? sigma : sigma[k]!));
  return entries.map(() => (multiplier === 0 ? 0 : multiplier * clip));
}

/** data[i] += deviation n_i, n the stream's next draws; no draw is taken where the deviation is 0. */
export type AddNoise = (data: Float32Array, deviation: number) => void;

const STREAMS: { readonly [K in NonNullable<StepNoise['stream']>]: (seed: number) => AddNoise } = {
  ziggurat: (seed) => normalBlocks(seed).addTo,
  'box-muller': (seed) => {
    const next = normalStream(seed);
    return (data, deviation) => {
      for (let i = 0; i < data.length; i++) data[i]! += deviation * next();
    };
  },
};

/** The stream of one step's noise, from its start. */
export function noiseStream({ stream = 'ziggurat' }: StepNoise, seed: number): AddNoise {
  const add = STREAMS[stream](seed);
  return (data, deviation) => {
    if (deviation > 0) add(data, deviation);
  };
}

/** Adds a step's noise to arrays of its own, one draw per entry in order. */
export function addNoise(
  data: readonly Float32Array[],
  noise: StepNoise,
  deviations: readonly number[],
  seed: number,
): void {
  const add = noiseStream(noise, seed);
  for (const [k, deviation] of deviations.entries()) add(data[k]!, deviation);
}
