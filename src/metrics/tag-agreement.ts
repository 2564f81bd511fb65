import { imageAt } from '../core/arrays.js';
import { CIFAR10_NAMES } from '../core/class-names.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer, number } from '../core/options.js';
import { resample } from '../core/resample.js';
import type { Model, NdArray } from '../core/types.js';
import { compile, currentSession, type Session, type Step, start, tf } from '../engine/index.js';
import { forward, shippedModel } from '../models/index.js';

/** What is to be seen on each image: its labels, surest first. Images: [n, height, width, channels] in [0, 1]. */
export type Tagger = (images: NdArray) => Promise<readonly LabelSet[]> | readonly LabelSet[];

/** The labels of one image, the surest first. */
export type LabelSet = readonly (string | number)[];

/** Options of {@link shippedTagger}. */
export interface TaggerOptions {
  /** Labels per image at most; default 3. */
  readonly top?: number;
  /** Labels of at least this probability; the surest is always kept. Default 0.1. */
  readonly threshold?: number;
}

/**
 * The shipped tagger: a small ResNet trained by this project on CIFAR-10's training images, independent of every
 * attacked model. Label set = the `top` most probable of CIFAR-10's ten classes with a probability of at least
 * `threshold`. Images of another size than 32 x 32 are resized (area mean when larger, bicubic when smaller), whatever
 * their shape.
 * @example await rog.metrics.shippedTagger()(batch.images) // [['cat', 'dog'], ['ship']]
 */
export function shippedTagger(options: TaggerOptions = {}): Tagger {
  checkOptions('shippedTagger', options, ['top', 'threshold']);
  const top = integer('shippedTagger', 'top', options.top ?? 3, 1, CIFAR10_NAMES.length);
  const threshold = number('shippedTagger', 'threshold', options.threshold ?? 0.1, 0, 1);
  return async (images) => {
    const model = await shippedModel('tagger');
    const step = await stepOf(model);
    const [side, wide] = model.imageShape;
    const larger = images.shape[1]! >= side && images.shape[2]! >= wide;
    const fitting = resample(images, [side, wide], larger ? 'area' : 'bicubic');
    const sets: LabelSet[] = [];
    for (let i = 0; i < images.shape[0]!; i++) {
      const [probabilities] = await step.run(imageAt(fitting, i));
      sets.push(labelsOf(probabilities!.data, top, threshold));
    }
    return sets;
  };
}

function labelsOf(probabilities: Float32Array, top: number, threshold: number): string[] {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]!);
  return order
    .slice(0, top)
    .filter((label, rank) => rank === 0 || probabilities[label]! >= threshold)
    .map((label) => CIFAR10_NAMES[label]!);
}

const steps = new WeakMap<Model, { session: Session; step: Promise<Step> }>();

async function stepOf(model: Model): Promise<Step> {
  const session = currentSession() ?? (await start());
  const kept = steps.get(model);
  if (kept?.session === session) return kept.step;
  kept?.step.then((step) => step.dispose()).catch(() => {});
  const logits = forward(model);
  const example = { shape: [1, ...model.imageShape], data: new Float32Array(model.imageShape.reduce((a, b) => a * b)) };
  const step = compile((image, ...parameters) => tf.softmax(logits(parameters, image)), [example], {
    constants: model.parameters,
    name: 'tagger',
  });
  steps.set(model, { session, step });
  return step;
}

/** |A and B| / |A or B| of two label sets per image; two empty sets are equal. 0 to 1. */
export const jaccard = (a: readonly LabelSet[], b: readonly LabelSet[]): number[] =>
  pairs('jaccard', a, b).map(([x, y]) => {
    const union = new Set([...x, ...y]);
    return union.size === 0
      ? 1
      : [...union].filter((label) => x.includes(label) && y.includes(label)).length / union.size;
  });

/** 1 where the surest labels of two images are the same, else 0. Their mean is the rate of class agreement. */
export const agreement = (a: readonly LabelSet[], b: readonly LabelSet[]): number[] =>
  pairs('agreement', a, b).map(([x, y]) => (x.length > 0 && x[0] === y[0] ? 1 : 0));

function pairs(where: string, a: readonly LabelSet[], b: readonly LabelSet[]): [LabelSet, LabelSet][] {
  if (a.length !== b.length)
    throw problem(where, 'there must be as many label sets on both sides', [a.length, b.length]);
  return a.map((set, i) => [set, b[i]!]);
}
