import { imageAt } from '../../core/arrays.js';
import { mean } from '../../core/numbers.js';
import { deriveSeed } from '../../core/random.js';
import type { Batch, ClientPrivacy, Model, Scores } from '../../core/types.js';
import type { Dataset } from '../../data/index.js';
import type { AttackName } from '../../registry/index.js';
import { observeCase } from '../case.js';
import { score } from '../score.js';
import { attackAll, type PoolOptions } from '../worker-pool.js';

/** Which clients are attacked, and how. */
export interface VictimPlan {
  /** Clients, each with one local step on test images of its own (of different classes up to ten). */
  readonly images: number;
  /** Images of each client; default 1. */
  readonly batch?: number;
  readonly attacks: readonly AttackName[];
  /** Whether the server knows the labels; default `known`. */
  readonly labels?: 'known' | 'infer';
  /** Objective evaluations; default the attack's own. */
  readonly iterations?: number;
}

/** Mean scores of one attack on the clients. */
export interface Leakage {
  readonly attack: AttackName;
  /** dB */
  readonly psnr: number;
  readonly ssim: number;
  /** Distance in our own network's features: not LPIPS, its scale differs. */
  readonly featureDistance?: number;
  /** Share of images that a tagger puts in the same class as the private one. */
  readonly agreement?: number;
  /** Where the official weights are at hand. */
  readonly lpips?: number;
  readonly images: number;
  /** Images of each client, where more than one. */
  readonly batch?: number;
  /** Where the server had to infer them. */
  readonly labels?: 'infer';
}

/** The defence whose leakage is measured. */
export interface Defence {
  readonly phi: string;
  readonly privacy?: ClientPrivacy;
}

/**
 * What the server rebuilds from clients of a federation at these weights: each has one image and sends one (obfuscated)
 * step. The images are test images: the attacks' weights were chosen on training images, and the model has not seen
 * them.
 */
export async function leakageOf(
  model: Model,
  data: Dataset,
  { phi, privacy }: Defence,
  { images, batch: size = 1, attacks, labels, iterations }: VictimPlan,
  seed: number,
  options: PoolOptions = {},
): Promise<Leakage[]> {
  const victims = size === 1 ? victimsOf(data, images, seed) : crowdsOf(data, images, size, seed);
  const jobs = attacks.flatMap((attack) =>
    victims.map((batch, v) => async () => ({
      observation: await observeCase(model, batch, { phi, privacy, labels, seed: deriveSeed(seed, 'phi', v) }),
      attack,
      options: { seed: deriveSeed(seed, 'start', v), ...(iterations && { iterations }) },
    })),
  );
  const results = await attackAll(jobs, options);
  const scores = await Promise.all(results.map((result, i) => score(victims[i % images]!, result)));
  return attacks.map((attack, a) => ({
    attack,
    ...means(scores.slice(a * images, (a + 1) * images)),
    images,
    ...(size > 1 && { batch: size }),
    ...(labels === 'infer' && { labels }),
  }));
}

/** One image each; distinct classes as far as they go. */
export function victimsOf(data: Dataset, images: number, seed: number): Batch[] {
  const labels = images <= data.classNames.length ? 'distinct' : 'any';
  const all = data.batch({ split: 'test', size: images, seed, labels });
  return Array.from({ length: images }, (_, v) => ({
    ...all,
    images: imageAt(all.images, v),
    labels: all.labels.slice(v, v + 1),
  }));
}

/** Several images each, of any classes. */
const crowdsOf = (data: Dataset, clients: number, size: number, seed: number): Batch[] =>
  Array.from({ length: clients }, (_, v) => data.batch({ split: 'test', size, seed: deriveSeed(seed, 'crowd', v) }));

const SHOWN = ['psnr', 'ssim', 'featureDistance', 'agreement', 'lpips'] as const;

/** Means over all images, of the scores that apply. */
function means(scores: readonly Scores[]): Omit<Leakage, 'attack' | 'images'> {
  const entries = SHOWN.map((name) => [name, scores.flatMap((s) => [...(s[name] ?? [Number.NaN])])] as const)
    .map(([name, values]) => [name, mean(values)] as const)
    .filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(entries) as unknown as Omit<Leakage, 'attack' | 'images'>;
}
