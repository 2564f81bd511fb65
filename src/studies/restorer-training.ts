import { restoreImages } from '../attacks/restore.js';
import type { NamedArray, NdArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { compile, type Tensor, tf } from '../engine/index.js';
import { psnr } from '../metrics/index.js';
import { restorerForward, restorerWeights } from '../models/restorer.js';
import { adam, cosineDecay, type FitOptions, type Fitted, fit, type Losses } from '../training/index.js';
import { heldOut, restorerData } from './restorer-data.js';
import type { Pair } from './restorer-pair-file.js';

/** A perceptual distance inside a step: distance(parameters, x, y) is [batch]. */
interface LossNetwork {
  readonly parameters: readonly NdArray[];
  readonly distance: (parameters: readonly Tensor[], x: Tensor, y: Tensor) => Tensor;
}

/** Default weight of the feature loss. */
export const FEATURE_WEIGHT = 0.2;

/** Options of {@link trainRestorer}. */
export interface RestorerTraining
  extends Pick<FitOptions, 'epochs' | 'checkpoint' | 'threads' | 'signal' | 'onProgress'> {
  readonly pairs: readonly Pair[];
  /** Default 1. */
  readonly seed?: number;
  /** Samples per epoch; default 8000. */
  readonly samples?: number;
  /** The network of the feature loss; without it the loss is pixels only. Never the one that scores. */
  readonly lossNetwork?: LossNetwork;
  /** Weight of the feature loss beside the mean absolute error. */
  readonly weight?: number;
  readonly rate?: number;
  readonly start?: readonly NamedArray[];
}

/**
 * Trains the restorer: mean |y - x| + weight * distance(y, x) by Adam with a falling rate, on samples of restorerData().
 * After every epoch the held-out pairs are restored, with labels, and scored in dB against the raw pictures.
 */
export async function trainRestorer(dataset: Dataset, options: RestorerTraining): Promise<Fitted> {
  const { pairs, seed = 1, samples = 8000, lossNetwork, weight = FEATURE_WEIGHT, rate = 8e-4, start, ...run } = options;
  const data = restorerData(dataset, pairs);
  const groups = ['graded', 'other'].map((name) => ({
    name,
    pairs: data.held.filter(({ setting }) => (setting === 0) === (name === 'graded')).slice(0, 64),
  }));
  return fit({
    ...run,
    name: 'restorer',
    parameters: start ?? restorerWeights(seed),
    constants: lossNetwork?.parameters,
    batchSize: 16,
    seed,
    optimizer: adam(),
    schedule: cosineDecay(rate),
    clip: 1,
    settings: { pairs: data.pairs, weight: lossNetwork ? weight : 0, data: dataset.name },
    data: { size: samples, batch: (indices, own) => data.batch(indices.length, own) },
    loss: (parameters, [raw, truth, labels], constants): Losses => {
      const restored = restorerForward(parameters, raw!, labels!);
      const pixels = tf.mean(tf.abs(tf.sub(restored, truth!)));
      if (!lossNetwork) return { loss: pixels };
      const features = tf.mean(lossNetwork.distance(constants, restored, truth!));
      return { loss: tf.add(pixels, tf.mul(features, weight)), pixels, features };
    },
    validate: async (parameters) =>
      Object.assign({}, ...(await Promise.all(groups.map((of) => validation(dataset, of, parameters, lossNetwork))))),
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
 * The distance of the feature loss: the mean over stages of mean over (h, w) of sum_c (f_c / |f| - g_c / |g|)^2, [batch].
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
