import { oneHot } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { deriveSeed } from '../core/random.js';
import type { Model, NamedArray, NdArray } from '../core/types.js';
import type { Dataset, Split } from '../data/index.js';
import { compile, crossEntropy, type Tensor, tf } from '../engine/index.js';
import { forward } from '../models/index.js';
import { type AugmentOptions, augment } from './augment.js';
import { folded, normalisedForward, normalisedParameters } from './batch-norm.js';
import { fit } from './fit.js';
import type { FitOptions, Fitted } from './types.js';

/** Options of {@link trainClassifier}: those of fit() that are not the network's, and these. */
export interface ClassifierOptions
  extends Pick<FitOptions, 'epochs' | 'seed' | 'optimizer' | 'schedule' | 'clip' | 'threads'>,
    Pick<FitOptions, 'batchSize' | 'checkpoint' | 'checkpointSeconds' | 'signal' | 'onProgress'> {
  /** Default { shift: 4, flip: true }. */
  readonly augment?: AugmentOptions;
  /** Share of each target spread evenly over all classes; default 0.1. */
  readonly smoothing?: number;
  /** Images at the end of the train split that are held out for the validation curve; default 1000. */
  readonly heldOut?: number;
  /** Names of parameters that keep their starting values. */
  readonly frozen?: readonly string[];
}

/** A trained classifier with batch normalisation folded in, so that it is an ordinary network. */
export interface Classifier {
  readonly model: Model;
  readonly fitted: Fitted;
  /** Share of correctly classified images of the held-out ones. */
  readonly validationAccuracy: number;
}

/**
 * Trains a network to classify the train split: cross-entropy with label smoothing, batch normalisation after every
 * convolution with a bias. The moments that are folded in at the end (and for every point of the validation curve) are
 * measured afresh on 2048 augmented training images with the final weights, better than running averages
 * ("precise" batch norm, Wu and Johnson 2021). Never reads the test split.
 */
export async function trainClassifier(model: Model, data: Dataset, options: ClassifierOptions): Promise<Classifier> {
  const { augment: changes = {}, smoothing = 0.1, heldOut = 1000, frozen = [], ...rest } = options;
  const { batchSize = 64, seed = 1, threads } = options;
  const size = data.sizes.train - heldOut;
  if (size < batchSize) throw problem('trainClassifier', 'the train split is too small', data.sizes.train);
  const all = normalisedParameters(model);
  const free = all.filter(({ name }) => !frozen.includes(name));
  const fixed = all.filter(({ name }) => frozen.includes(name));
  const whole = (parameters: readonly NamedArray[]): NamedArray[] => {
    const moved = new Map(parameters.map((p) => [p.name, p]));
    return all.map((p) => moved.get(p.name) ?? p);
  };
  const batch = (indices: readonly number[], chance: number): readonly [images: NdArray, targets: NdArray] => {
    const { images, labels } = data.batch({ split: 'train', indices });
    const { shape, data: hard } = oneHot(model.name, labels, model.classes);
    const soft = hard.map((y) => (1 - smoothing) * y + smoothing / model.classes);
    return [augment(images, chance, changes), { shape, data: soft }];
  };
  const network = normalisedForward(model);
  const order = all.map(({ name }) => ({ name, from: frozen.includes(name) ? fixed : free }));
  const arrange = (moving: readonly Tensor[], still: readonly Tensor[]): Tensor[] =>
    order.map(({ name, from }) => (from === free ? moving : still)[from.findIndex((p) => p.name === name)]!);
  const measure = await momentsOf(model, batchSize, threads);
  const accuracy = await accuracyOf(model, threads);
  const finish = async (parameters: readonly NamedArray[]): Promise<Model> => {
    const batches = Array.from({ length: Math.ceil(2048 / batchSize) }, (_, k) => k);
    const images = batches.map((k) => {
      const indices = Array.from({ length: batchSize }, (_, i) => (k * batchSize + i) % size);
      return () => batch(indices, deriveSeed(seed, 'moments', k))[0];
    });
    return folded(model, whole(parameters), await measure.run(whole(parameters), images));
  };
  const validationSet = Array.from({ length: heldOut }, (_, i) => size + i);
  const score = async (parameters: readonly NamedArray[]): Promise<number> =>
    accuracy.run(await finish(parameters), data, 'train', validationSet);
  try {
    const fitted = await fit({
      ...rest,
      name: model.name,
      parameters: free,
      constants: fixed,
      data: { size, batch },
      settings: { smoothing, heldOut, frozen, augment: changes, data: data.name },
      loss: (moving, [x, y], still) => {
        const { logits } = network(arrange(moving, still), x!);
        const hit = tf.equal(tf.argMax(logits, 1), tf.argMax(y!, 1));
        return { loss: crossEntropy(logits, y!), accuracy: tf.mean(tf.cast(hit, 'float32')) };
      },
      validate: async (parameters) => ({ accuracy: await score(parameters) }),
    });
    const trained = await finish(fitted.parameters);
    const validationAccuracy = await accuracy.run(trained, data, 'train', validationSet);
    return { model: trained, fitted, validationAccuracy };
  } finally {
    measure.dispose();
    accuracy.dispose();
  }
}

/** Share of correctly classified images of a split; `indices` default to the whole split. */
export async function testAccuracy(
  model: Model,
  data: Dataset,
  split: Split = 'test',
  threads?: number,
): Promise<number> {
  const accuracy = await accuracyOf(model, threads);
  try {
    return await accuracy.run(model, data, split, [...Array(data.sizes[split]).keys()]);
  } finally {
    accuracy.dispose();
  }
}

const accuracyBatch = 100;

async function accuracyOf(model: Model, threads?: number) {
  const blank: NdArray = {
    shape: [accuracyBatch, ...model.imageShape],
    data: new Float32Array(accuracyBatch * model.imageShape.reduce((a, b) => a * b, 1)),
  };
  const step = await compile(
    (x: Tensor, ...parameters: Tensor[]) => forward(model)(parameters, x),
    [blank, ...model.parameters],
    { name: `accuracy of ${model.name}`, ...(threads && { threads }) },
  );
  const run = async (
    { parameters }: Model,
    data: Dataset,
    split: Split,
    indices: readonly number[],
  ): Promise<number> => {
    let right = 0;
    for (let from = 0; from < indices.length; from += accuracyBatch) {
      const some = Array.from({ length: accuracyBatch }, (_, i) => indices[Math.min(from + i, indices.length - 1)]!);
      const { images, labels } = data.batch({ split, indices: some });
      const [logits] = await step.run(images, ...parameters);
      for (let i = 0; i < Math.min(accuracyBatch, indices.length - from); i++) {
        const row = logits!.data.subarray(i * model.classes, (i + 1) * model.classes);
        if (row.indexOf(Math.max(...row)) === labels[i]) right++;
      }
    }
    return right / indices.length;
  };
  return { run, dispose: step.dispose };
}

/** Mean and variance of every normalised convolution over several batches: E[var] + Var[mean] is the variance of all. */
async function momentsOf(model: Model, batchSize: number, threads?: number) {
  const parameters = normalisedParameters(model);
  const blank: NdArray = {
    shape: [batchSize, ...model.imageShape],
    data: new Float32Array(batchSize * model.imageShape.reduce((a, b) => a * b, 1)),
  };
  const step = await compile(
    (x: Tensor, ...weights: Tensor[]) =>
      normalisedForward(model)(weights, x).moments.flatMap(({ mean, variance }) => [mean, variance]),
    [blank, ...parameters],
    { name: `moments of ${model.name}`, ...(threads && { threads }) },
  );
  const run = async (weights: readonly NamedArray[], batches: readonly (() => NdArray)[]) => {
    const results: NdArray[][] = [];
    for (const batch of batches) results.push(await step.run(batch(), ...weights));
    return Array.from({ length: results[0]!.length / 2 }, (_, k) => {
      const means = results.map((result) => result[2 * k]!.data);
      const variances = results.map((result) => result[2 * k + 1]!.data);
      const average = (list: readonly Float32Array[]): Float32Array =>
        list[0]!.map((_, c) => list.reduce((sum, values) => sum + values[c]!, 0) / list.length);
      const mean = average(means);
      const spread = average(means.map((values) => values.map((value, c) => (value - mean[c]!) ** 2)));
      const variance = average(variances).map((value, c) => value + spread[c]!);
      return { mean: { shape: [mean.length], data: mean }, variance: { shape: [mean.length], data: variance } };
    });
  };
  return { run, dispose: step.dispose };
}
