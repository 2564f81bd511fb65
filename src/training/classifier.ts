import { checkArguments } from '../core/arguments.js';
import { oneHot } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { integer, oneOf } from '../core/options.js';
import { deriveSeed } from '../core/random.js';
import type { Model, NamedArray, NdArray } from '../core/types.js';
import { type Dataset, imagesInTurns } from '../data/index.js';
import { crossEntropy, type Tensor, tf } from '../engine/index.js';
import { type AugmentOptions, augment } from './augment.js';
import { folded, normalisedForward, normalisedParameters } from './batch-norm.js';
import { fit } from './fit.js';
import { accuracyOf, momentsOf } from './test-accuracy.js';
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

/** Training images on which the moments of batch normalisation are measured. */
const MOMENT_IMAGES = 2048;

/**
 * Trains a network to classify the train split: cross-entropy with label smoothing, batch normalisation after every
 * convolution with a bias. The moments that are folded in at the end (and for every point of the validation curve) are
 * measured afresh on 2048 augmented training images with the final weights, better than running averages
 * ("precise" batch norm, Wu and Johnson 2021). Never reads the test split.
 */
export async function trainClassifier(model: Model, data: Dataset, options: ClassifierOptions): Promise<Classifier> {
  checkArguments('trainClassifier', 'trainClassifier(model, data, options)', { model, dataset: data });
  const { augment: changes = {}, smoothing = 0.1, heldOut = 1000, frozen = [], ...rest } = options;
  const { batchSize = 64, seed = 1, threads } = options;
  const size = data.sizes.train - integer('trainClassifier', 'heldOut', heldOut, 1);
  if (size < batchSize) throw problem('trainClassifier', 'the train split is too small', data.sizes.train);
  if (model.buffers)
    throw problem(
      'trainClassifier',
      'normalises every convolution with a bias itself',
      `${model.name}, which has batch-norm layers`,
      'leave them out',
    );
  const all = normalisedParameters(model);
  const names = all.map(({ name }) => name);
  for (const name of frozen) oneOf('trainClassifier', 'frozen', name, names);
  const [free, fixed] = [
    all.filter(({ name }) => !frozen.includes(name)),
    all.filter(({ name }) => frozen.includes(name)),
  ];
  const order = [...free, ...fixed].map(({ name }) => name);
  /** Moving and fixed ones, back in the order of the network. */
  const merged = <T>(moving: readonly T[], still: readonly T[]): T[] => {
    const both = [...moving, ...still];
    return names.map((name) => both[order.indexOf(name)]!);
  };
  const batch = async (indices: readonly number[], chance: number): Promise<[images: NdArray, targets: NdArray]> => {
    const images = await imagesInTurns(data, 'train', indices);
    const { shape, data: hard } = oneHot(model.name, data.labels('train', indices), model.classes);
    const soft = hard.map((y) => (1 - smoothing) * y + smoothing / model.classes);
    return [augment(images, chance, changes), { shape, data: soft }];
  };
  const network = normalisedForward(model);
  const moments = await momentsOf(model, batchSize, threads);
  const accuracy = await accuracyOf(model, threads);
  const finish = async (parameters: readonly NamedArray[]): Promise<Model> => {
    const images = Array.from({ length: Math.ceil(MOMENT_IMAGES / batchSize) }, (_, k) => async () => {
      const indices = Array.from({ length: batchSize }, (_, i) => (k * batchSize + i) % size);
      return (await batch(indices, deriveSeed(seed, 'moments', k)))[0];
    });
    const whole = merged(parameters, fixed);
    return folded(model, whole, await moments.run(whole, images));
  };
  const last = Array.from({ length: heldOut }, (_, i) => size + i);
  try {
    const fitted = await fit({
      ...rest,
      name: model.name,
      parameters: free,
      constants: fixed,
      data: { size, batch },
      settings: { smoothing, heldOut, frozen, augment: changes, data: data.name },
      loss: (moving, [x, y], still) => {
        const { logits } = network(merged<Tensor>(moving, still), x!);
        const hit = tf.equal(tf.argMax(logits, 1), tf.argMax(y!, 1));
        return { loss: crossEntropy(logits, y!), accuracy: tf.mean(tf.cast(hit, 'float32')) };
      },
      validate: async (parameters) => ({ accuracy: await accuracy.run(await finish(parameters), data, 'train', last) }),
    });
    const trained = await finish(fitted.parameters);
    return { model: trained, fitted, validationAccuracy: await accuracy.run(trained, data, 'train', last) };
  } finally {
    moments.dispose();
    accuracy.dispose();
  }
}
