import { rm } from 'node:fs/promises';
import { oneHot } from '../core/arrays.js';
import { sum } from '../core/numbers.js';
import { deriveSeed, normalStream, uniformStream } from '../core/random.js';
import type { Model, NamedArray, NdArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { constant, crossEntropy, type Tensor, type Tensor2D, tf } from '../engine/index.js';
import {
  GENERATOR_DESIGN,
  type GeneratorDesign,
  generatorBasis,
  generatorForward,
  generatorWeights,
  latentOf,
  latentSize,
} from '../models/generator.js';
import { layerOutputs } from '../models/index.js';
import { adam, augment, cosineDecay, type FitOptions, type Fitted, fit, type Losses } from '../training/index.js';
import { continued } from './continued.js';
import { criticForward, criticWeights } from './generator-critic.js';

/** The weights of the parts of the loss, the rate and the sizes of a step. */
export const GENERATOR_RECIPE = {
  /** Of mean |x' - x| and of the feature distance, for the rebuilt half of the batch. */
  pixels: 4,
  features: 0.3,
  /** Of the critic. */
  critic: 0.2,
  /** Least share of its own latent that a rebuilt picture keeps. */
  kept: 0.6,
  batch: 12,
  samples: 1200,
  average: 0.998,
} as const;

type PhaseRecipe = GeneratorRecipe & Pick<GeneratorPhase, 'classes'>;

export type GeneratorRecipe = { readonly [key in keyof typeof GENERATOR_RECIPE]: number };

/** One part of the training. */
export interface GeneratorPhase {
  /** Share of the epochs. */
  readonly share: number;
  /** Weight of the classes that `trunk-loss` sees in drawn pictures. */
  readonly classes: number;
  /** Learning rate at the start; it falls by a cosine, of which the phase runs through the part up to `until`. */
  readonly rate: number;
  readonly until: number;
}

export const GENERATOR_PHASES: readonly GeneratorPhase[] = [
  { share: 0.8, classes: 0.02, rate: 1e-3, until: 36 / 85 },
  { share: 0.2, classes: 0.06, rate: 5e-4, until: 1 },
];

/** Training images at the end of the split that are never trained on. */
export const HELD_OUT = 2000;

export interface GeneratorTraining
  extends Pick<FitOptions, 'epochs' | 'checkpoint' | 'threads' | 'signal' | 'onProgress' | 'validate'> {
  /** `trunk-loss`: its features judge, its classes guide. Never a network that scores. */
  readonly judge: Model;
  /** Mean and root of every class, see classGaussians(). */
  readonly gaussians: readonly NamedArray[];
  /** Default 1. */
  readonly seed?: number;
  readonly design?: GeneratorDesign;
  readonly recipe?: Partial<GeneratorRecipe>;
  /** Default {@link GENERATOR_PHASES}. A phase that is done leaves its checkpoint until all are. */
  readonly phases?: readonly GeneratorPhase[];
  /** Images at the end of the train split that are left out; default {@link HELD_OUT}. */
  readonly heldOut?: number;
}

/**
 * Trains the generator against a critic in one loss: the parts that move the generator see a still critic, the critic's
 * hinge loss sees still pictures. Half of every batch are training images whose latent is mixed with noise,
 * z = a z_x + sqrt(1 - a^2) e with a in [kept, 1], and which are to come out again (pixels, and features of the judge);
 * the other half are drawn, z = e. The critic compares both halves with real images (hinge), the judge's classes guide
 * the drawn ones.
 */
export async function trainGenerator(data: Dataset, options: GeneratorTraining): Promise<Fitted> {
  const { phases = GENERATOR_PHASES, checkpoint, seed = 1, design = GENERATOR_DESIGN } = options;
  const ends = phases.map((_, k) => Math.round(options.epochs * sum(phases.slice(0, k + 1).map(({ share }) => share))));
  let done: Fitted | undefined;
  for (const [k, phase] of phases.entries()) {
    const last = k === phases.length - 1;
    const fitted = await trainPhase(data, phase, done?.parameters, {
      ...options,
      design,
      epochs: Math.max(1, ends[k]! - (ends[k - 1] ?? 0)),
      seed: k === 0 ? seed : deriveSeed(seed, 'phase', k),
      checkpoint: checkpoint && (last ? checkpoint : `${checkpoint}.phase${k + 1}`),
    });
    done = done ? continued(done, fitted) : fitted;
    if (done.stopped === 'cancelled') return done;
  }
  if (checkpoint) for (let k = 1; k < phases.length; k++) await rm(`${checkpoint}.phase${k}`, { force: true });
  return done!;
}

function trainPhase(
  data: Dataset,
  { classes, rate, until }: GeneratorPhase,
  from: readonly NamedArray[] | undefined,
  options: GeneratorTraining & { readonly seed: number; readonly design: GeneratorDesign },
): Promise<Fitted> {
  const { judge, gaussians, design, recipe: changes, heldOut = HELD_OUT, phases: _, ...rest } = options;
  const recipe = { ...GENERATOR_RECIPE, ...changes, classes };
  const own = generatorWeights(design, options.seed);
  const fixed = [generatorBasis(design), ...gaussians];
  return fit({
    ...rest,
    name: 'generator',
    parameters: from ?? [...own, ...criticWeights(design.classes, options.seed)],
    constants: [...fixed, ...judge.parameters],
    batchSize: recipe.batch,
    optimizer: adam({ beta1: 0.5, beta2: 0.99 }),
    schedule: { name: `cosineDecay(${rate}) up to ${until}`, at: (part) => cosineDecay(rate).at(part * until) },
    clip: 20,
    average: recipe.average,
    settings: { recipe, data: data.name },
    data: {
      size: recipe.samples,
      batch: (indices, chance) => batchOf(data, design, recipe, indices.length, chance, heldOut),
    },
    loss: lossOf(judge, design, own.length, fixed.length, recipe),
  });
}

const still = (x: Tensor): Tensor => constant(() => tf.clone(x));

/** First or second half of a batch. */
function half(x: Tensor, which: 0 | 1): Tensor {
  const n = x.shape[0] / 2;
  return tf.slice(x, [which * n, ...x.shape.slice(1).map(() => 0)], [n, ...x.shape.slice(1)]);
}

const mean = (parts: readonly Tensor[]): Tensor => tf.div(tf.addN([...parts]), parts.length);

const unit = (f: Tensor): Tensor => tf.mul(f, tf.rsqrt(tf.add(tf.sum(tf.square(f), 3, true), 1e-6)));

function lossOf(judge: Model, design: GeneratorDesign, own: number, fixedCount: number, recipe: PhaseRecipe) {
  const values = layerOutputs(judge);
  const stageAt = judge.layers.flatMap(({ kind }, k) => (kind === 'conv' ? [k + 1] : []));
  const look = (weights: readonly Tensor[], images: Tensor) => {
    const all = values(weights, images);
    return { stages: stageAt.map((k) => all[k]!), logits: tf.reshape(all.at(-1)!, [images.shape[0], -1]) };
  };
  const generate = generatorForward(design);
  return (
    moving: readonly Tensor[],
    [real, noise, kept, labels]: readonly Tensor[],
    given: readonly Tensor[],
  ): Losses => {
    const [weights, critic] = [moving.slice(0, own), moving.slice(own)];
    const [fixed, trunk] = [given.slice(0, fixedCount), given.slice(fixedCount)];
    const seen = look(trunk, real!);
    const fresh = tf.sqrt(tf.sub(1, tf.square(kept!)));
    const mixed = tf.add(tf.mul(latentOf(fixed, real!, labels!), kept!), tf.mul(half(noise!, 0), fresh));
    const both = tf.concat([labels!, labels!], 0);
    const fake = generate(fixed, weights, tf.concat([mixed, half(noise!, 1)], 0), both);
    const judged = look(trunk, fake);
    const pixels = tf.mean(tf.abs(tf.sub(half(fake, 0), real!)));
    const features = mean(
      judged.stages.map((stage, k) =>
        tf.mean(tf.sum(tf.square(tf.sub(unit(half(stage, 0)), unit(seen.stages[k]!))), 3)),
      ),
    );
    const classes = crossEntropy(half(judged.logits, 1) as Tensor2D, labels as Tensor2D);
    const fooled = criticForward(critic.map(still), fake, judged.stages, both);
    const onFake = criticForward(critic, still(fake), judged.stages.map(still), both);
    const onReal = criticForward(critic, real!, seen.stages, labels!);
    const fooling = tf.neg(mean(fooled.map((x) => tf.mean(x))));
    const hinge = mean(
      onReal.map((x, k) => tf.add(tf.mean(tf.relu(tf.sub(1, x))), tf.mean(tf.relu(tf.add(1, onFake[k]!))))),
    );
    const loss = tf.addN([
      tf.mul(pixels, recipe.pixels),
      tf.mul(features, recipe.features),
      tf.mul(classes, recipe.classes),
      tf.mul(fooling, recipe.critic),
      hinge,
    ]);
    return { loss, pixels, features, classes, fooling, hinge };
  };
}

/** Real images, noise for both halves, the shares that rebuilt latents keep, one-hot labels. */
function batchOf(
  data: Dataset,
  design: GeneratorDesign,
  { kept: least }: GeneratorRecipe,
  count: number,
  chance: number,
  heldOut: number,
): readonly NdArray[] {
  const chosen = uniformStream(deriveSeed(chance, 'images'));
  const seen = data.sizes.train - heldOut;
  const indices = Array.from({ length: count }, () => Math.floor(chosen() * seen));
  const { images, labels } = data.batch({ split: 'train', indices });
  const latent = latentSize(design);
  const noise = Float32Array.from({ length: 2 * count * latent }, normalStream(chance));
  const kept = Float32Array.from({ length: count }, () => least + (1 - least) * chosen());
  return [
    augment(images, chance, { shift: 0 }),
    { shape: [2 * count, latent], data: noise },
    { shape: [count, 1], data: kept },
    oneHot('generator', labels, design.classes),
  ];
}

export const shippedPart = (weights: readonly NamedArray[]): NamedArray[] =>
  weights.filter(({ name }) => !name.startsWith('critic'));
