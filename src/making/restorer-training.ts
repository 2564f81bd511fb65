import { rm } from 'node:fs/promises';
import { restoreImages } from '../attacks/restore.js';
import { deriveSeed } from '../core/random.js';
import type { NamedArray, NdArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { compile, type Tensor, tf } from '../engine/index.js';
import { psnr } from '../metrics/index.js';
import { restorerForward, restorerWeights } from '../models/restorer.js';
import { adam, cosineDecay, type FitOptions, type Fitted, fit, type Losses } from '../training/index.js';
import { continued } from './continued.js';
import { heldOut, type RestorerData, restorerData } from './restorer-data.js';
import type { Pair } from './restorer-pair-file.js';

/** A perceptual distance inside a step: distance(parameters, x, y) is [batch]. */
interface LossNetwork {
  readonly parameters: readonly NdArray[];
  readonly distance: (parameters: readonly Tensor[], x: Tensor, y: Tensor) => Tensor;
}

/** One part of the training. */
export interface RestorerPhase {
  /** Of the feature loss, beside the mean absolute error. */
  readonly weight: number;
  /** Learning rate at the start; it falls by a cosine, of which the phase runs through the part up to `until`. */
  readonly rate: number;
  readonly until: number;
  /** Share of the epochs. */
  readonly share: number;
}

/**
 * One phase, stopped before its rate is at zero: a second one with weight 1 for the features brought the loss down and
 * the held-out pairs no nearer (feature distance of `trunk` 1.61 instead of 1.52, raw 2.10): too few pairs for a longer
 * training.
 */
export const RESTORER_PHASES: readonly RestorerPhase[] = [{ share: 1, weight: 0.2, rate: 8e-4, until: 0.625 }];

export interface RestorerTraining
  extends Pick<FitOptions, 'epochs' | 'checkpoint' | 'threads' | 'signal' | 'onProgress'> {
  readonly pairs: readonly Pair[];
  /** Default 1. */
  readonly seed?: number;
  /** Samples per epoch; default 8000. */
  readonly samples?: number;
  /** The network of the feature loss; without it the loss is pixels only. Never the one that scores. */
  readonly lossNetwork?: LossNetwork;
  /** Default {@link RESTORER_PHASES}. */
  readonly phases?: readonly RestorerPhase[];
}

/**
 * Trains the restorer: mean |y - x| + weight * distance(y, x) by Adam with a falling rate, on samples of
 * restorerData(), phase after phase. After every epoch the held-out pairs are restored, with labels, and scored beside
 * the raw pictures. A phase that is done leaves its checkpoint until all are.
 */
export async function trainRestorer(dataset: Dataset, options: RestorerTraining): Promise<Fitted> {
  const { phases = RESTORER_PHASES, checkpoint, seed = 1 } = options;
  const files = phases.map(
    (_, k) => checkpoint && (k === phases.length - 1 ? checkpoint : `${checkpoint}.phase${k + 1}`),
  );
  const data = restorerData(dataset, options.pairs);
  let done: Fitted | undefined;
  for (const [k, phase] of phases.entries()) {
    const epochs = Math.max(1, Math.round(options.epochs * phase.share));
    const own = { ...options, epochs, checkpoint: files[k], seed: k === 0 ? seed : deriveSeed(seed, 'phase', k) };
    const fitted = await trainPhase(dataset, data, own, phase, done?.parameters ?? restorerWeights(seed));
    done = done ? continued(done, fitted) : fitted;
    if (done.stopped === 'cancelled') return done;
  }
  for (const file of files.slice(0, -1)) if (file) await rm(file, { force: true });
  return done!;
}

function trainPhase(
  dataset: Dataset,
  data: RestorerData,
  { epochs, checkpoint, threads, signal, onProgress, seed, samples = 8000, lossNetwork }: RestorerTraining,
  { weight, rate, until }: RestorerPhase,
  parameters: readonly NamedArray[],
): Promise<Fitted> {
  const groups = ['one image from 3 bits', 'others'].map((name) => ({
    name,
    pairs: data.held.filter(({ setting }) => (setting === 0) === (name === 'one image from 3 bits')).slice(0, 64),
  }));
  return fit({
    name: 'restorer',
    epochs,
    checkpoint,
    threads,
    signal,
    onProgress,
    seed,
    parameters,
    constants: lossNetwork?.parameters,
    batchSize: 16,
    optimizer: adam(),
    schedule: { name: `cosineDecay(${rate}) up to ${until}`, at: (part) => cosineDecay(rate).at(part * until) },
    clip: 1,
    settings: { pairs: data.pairs, weight: lossNetwork ? weight : 0, data: dataset.name },
    data: { size: samples, batch: (indices, own) => data.batch(indices.length, own) },
    loss: (moving, [raw, truth, labels], constants): Losses => {
      const restored = restorerForward(moving, raw!, labels!);
      const pixels = tf.mean(tf.abs(tf.sub(restored, truth!)));
      if (!lossNetwork) return { loss: pixels };
      const features = tf.mean(lossNetwork.distance(constants, restored, truth!));
      return { loss: tf.add(pixels, tf.mul(features, weight)), pixels, features };
    },
    validate: async (weights) =>
      Object.assign({}, ...(await Promise.all(groups.map((of) => validation(dataset, of, weights, lossNetwork))))),
  });
}

/** Means over the held-out pairs of one group, raw and restored: dB, and the distance of the loss network. */
async function validation(
  dataset: Dataset,
  { name, pairs }: { readonly name: string; readonly pairs: readonly Pair[] },
  weights: readonly NamedArray[],
  lossNetwork: LossNetwork | undefined,
): Promise<Record<string, number>> {
  if (pairs.length === 0) return {};
  const { raw, truth, labels } = heldOut(dataset, pairs);
  const restored = await restoreImages(raw, labels, weights);
  const decibels = (images: NdArray): number => psnr(truth, images).reduce((a, b) => a + b) / pairs.length;
  const found = { [`${name} raw dB`]: decibels(raw), [`${name} restored dB`]: decibels(restored) };
  if (!lossNetwork) return found;
  const { parameters, distance } = lossNetwork;
  const step = await compile((x, y, ...p) => tf.mean(distance(p, x, y)), [raw, truth], { constants: parameters });
  try {
    const [[before], [after]] = [await step.run(raw, truth), await step.run(restored, truth)];
    return { ...found, [`${name} raw features`]: before!.data[0]!, [`${name} restored features`]: after!.data[0]! };
  } finally {
    step.dispose();
  }
}

/**
 * The distance of the feature loss: the mean over stages of mean over (h, w) of sum_c (f_c / |f| - g_c / |g|)^2,
 * [batch].
 * Source: Zhang et al. 2018, equation 1, without channel weights.
 */
export function stageDistance(stages: (parameters: readonly Tensor[], images: Tensor) => readonly Tensor[]) {
  const unit = (f: Tensor): Tensor => tf.div(f, tf.sqrt(tf.add(tf.sum(tf.square(f), 3, true), 1e-8)));
  return (parameters: readonly Tensor[], x: Tensor, y: Tensor): Tensor => {
    const [f, g] = [stages(parameters, x), stages(parameters, y)];
    const parts = f.map((layer, k) => tf.mean(tf.sum(tf.square(tf.sub(unit(layer), unit(g[k]!))), 3), [1, 2]));
    return tf.div(tf.addN(parts), parts.length);
  };
}
