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

/** Normal numbers n of one step, in order; no draw is taken where the deviation is 0. */
export interface NoiseStream {
  /** data[i] += deviation n_i */
  readonly addTo: (data: Float32Array, deviation: number) => void;
  /** data[i] = from[i] - rate (data[i] + deviation n_i) */
  readonly stepTo: (data: Float32Array, from: Float32Array, rate: number, deviation: number) => void;
}

const moved = (data: Float32Array, from: Float32Array, rate: number): void => {
  for (let i = 0; i < data.length; i++) data[i] = from[i]! - rate * data[i]!;
};

const STREAMS: { readonly [K in NonNullable<StepNoise['stream']>]: (seed: number) => NoiseStream } = {
  ziggurat: normalBlocks,
  'box-muller': (seed) => {
    const next = normalStream(seed);
    const addTo: NoiseStream['addTo'] = (data, deviation) => {
      for (let i = 0; i < data.length; i++) data[i]! += deviation * next();
    };
    const stepTo: NoiseStream['stepTo'] = (data, from, rate, deviation) => {
      addTo(data, deviation);
      moved(data, from, rate);
    };
    return { addTo, stepTo };
  },
};

export function noiseStream({ stream = 'ziggurat' }: StepNoise, seed: number): NoiseStream {
  const { addTo, stepTo } = STREAMS[stream](seed);
  return {
    addTo: (data, deviation) => {
      if (deviation > 0) addTo(data, deviation);
    },
    stepTo: (data, from, rate, deviation) =>
      deviation > 0 ? stepTo(data, from, rate, deviation) : moved(data, from, rate),
  };
}

/** Adds a step's noise to arrays of its own, one draw per entry in order. */
export function addNoise(
  data: readonly Float32Array[],
  noise: StepNoise,
  deviations: readonly number[],
  seed: number,
): void {
  const { addTo } = noiseStream(noise, seed);
  for (const [k, deviation] of deviations.entries()) addTo(data[k]!, deviation);
}
