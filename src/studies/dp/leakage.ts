import { restore } from '../../attacks/index.js';
import { rogs } from '../../attacks/rogs.js';
import { imageAt } from '../../core/arrays.js';
import { mean } from '../../core/numbers.js';
import { deriveSeed } from '../../core/random.js';
import type { Batch, ClientPrivacy, Model, Observation, Reconstruction, Scores } from '../../core/types.js';
import type { Dataset } from '../../data/index.js';
import { shippedGenerator } from '../../models/index.js';
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
  /** What else is made of each attack's pictures, as columns of their own; default nothing. */
  readonly further?: readonly FurtherStep[];
}

/** Mean scores of pictures. */
export interface PictureScores {
  /** dB */
  readonly psnr: number;
  readonly ssim: number;
  /** Distance in our own network's features: not LPIPS, its scale differs. */
  readonly featureDistance?: number;
  /** Share of images that a tagger puts in the same class as the private one. */
  readonly agreement?: number;
  /** Where the official weights are at hand. */
  readonly lpips?: number;
}

/** Mean scores of one attack on the clients, and of what was made of its pictures where that was asked for. */
export interface Leakage extends PictureScores, Partial<Readonly<Record<FurtherStep, PictureScores>>> {
  readonly attack: AttackName;
  readonly images: number;
  /** Images of each client, where more than one. */
  readonly batch?: number;
  /** Where the server had to infer them. */
  readonly labels?: 'infer';
}

/** What an attacker may do with raw pictures. */
const FURTHER = {
  restored: ({ result, batch: { classNames } }: Attacked) => restore(result, { classNames }),
  rogs: async ({ observe, result, batch: { classNames }, options }: Attacked) => {
    const generator = await shippedGenerator();
    const classes = classNames.every((name) => generator.classNames.includes(name.toLowerCase()))
      ? 'labels'
      : 'unknown';
    const raw = { images: result.raw ?? result.images };
    return rogs(await observe(), { raw, classNames, classes, generator, ...options });
  },
};

/** `restored`: by the restoration network; `rogs`: sought again in the latent of a generator, from the raw pictures. */
export type FurtherStep = keyof typeof FURTHER;

interface Attacked {
  readonly batch: Batch;
  readonly observe: () => Promise<Observation>;
  readonly options: { readonly seed: number; readonly iterations?: number };
  readonly result: Reconstruction;
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
  { images, batch: size = 1, attacks, labels, iterations, further = [] }: VictimPlan,
  seed: number,
  options: PoolOptions = {},
): Promise<Leakage[]> {
  const victims = size === 1 ? victimsOf(data, images, seed) : crowdsOf(data, images, size, seed);
  const cases = attacks.flatMap((attack) =>
    victims.map((batch, v) => ({
      attack,
      batch,
      observe: () => observeCase(model, batch, { phi, privacy, labels, seed: deriveSeed(seed, 'phi', v) }),
      options: { seed: deriveSeed(seed, 'start', v), ...(iterations && { iterations }) },
    })),
  );
  const jobs = cases.map((one) => async () => ({
    observation: await one.observe(),
    attack: one.attack,
    options: one.options,
  }));
  const results = await attackAll(jobs, options);
  const attacked = cases.map((one, i): Attacked => ({ ...one, result: results[i]! }));
  const raw = await scoresOf(attacked, ({ result }) => result);
  const columns: [FurtherStep, Scores[]][] = [];
  for (const name of further) columns.push([name, await scoresOf(attacked, FURTHER[name])]);
  return attacks.map((attack, a) => {
    const own = (scores: readonly Scores[]): PictureScores => means(scores.slice(a * images, (a + 1) * images));
    return {
      attack,
      ...own(raw),
      ...Object.fromEntries(columns.map(([name, scores]) => [name, own(scores)])),
      images,
      ...(size > 1 && { batch: size }),
      ...(labels === 'infer' && { labels }),
    };
  });
}

async function scoresOf(
  attacked: readonly Attacked[],
  made: (one: Attacked) => Reconstruction | Promise<Reconstruction>,
): Promise<Scores[]> {
  const all: Scores[] = [];
  for (const one of attacked) all.push(await score(one.batch, await made(one)));
  return all;
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
function means(scores: readonly Scores[]): PictureScores {
  const entries = SHOWN.map((name) => [name, scores.flatMap((s) => [...(s[name] ?? [Number.NaN])])] as const)
    .map(([name, values]) => [name, mean(values)] as const)
    .filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(entries) as unknown as PictureScores;
}
