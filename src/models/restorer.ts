import { checkFinite, checkMatches, sizeOf } from '../core/arrays.js';
import { CIFAR10_NAMES } from '../core/class-names.js';
import { problem } from '../core/errors.js';
import type { NamedArray, NdArray } from '../core/types.js';
import { pixelShuffle, type Tensor, type Tensor4D, tf } from '../engine/index.js';
import { conv, initialWeights, type Spec, spaceToDepth } from './u-net.js';

/** Channels at a half, a quarter and an eighth of the picture's size. */
const WIDTHS = [48, 96, 128] as const;
/** Residual blocks: on the way down at each size (the last one is the bottom), and on the way up. */
const DOWN = [1, 1, 2] as const;
const UP = [1, 1] as const;

/** The classes that the network knows: CIFAR-10's, in its order. */
export const RESTORER_CLASS_NAMES: readonly string[] = CIFAR10_NAMES;
/** Their number; one more label says "unknown". */
const RESTORER_CLASSES = RESTORER_CLASS_NAMES.length;
/** Height and width of what the network takes must be multiples of this; restore() pads. */
export const RESTORER_STRIDE = 8;

const block = (name: string, width: number): Spec[] => [
  ...conv(`${name}/a`, 3, width, width),
  ...conv(`${name}/b`, 3, width, width, 0),
];

const times = <T>(count: number, make: (k: number) => T[]): T[] =>
  Array.from({ length: count }, (_, k) => make(k)).flat();

/** Every parameter in the order in which {@link restorerForward} takes it. */
function specs(): Spec[] {
  const [top] = WIDTHS;
  const down = WIDTHS.flatMap((width, level) => [
    ...(level === 0 ? conv('in', 3, 12, top) : conv(`down${level}`, 2, WIDTHS[level - 1]!, width)),
    { name: `label${level}`, shape: [RESTORER_CLASSES + 1, width], spread: 0 },
    ...times(DOWN[level]!, (k) => block(`down${level}/block${k}`, width)),
  ]);
  const up = [1, 0].flatMap((level) => [
    ...conv(`up${level}`, 1, WIDTHS[level + 1]!, 4 * WIDTHS[level]!),
    { name: `up${level}/label`, shape: [RESTORER_CLASSES + 1, WIDTHS[level]!], spread: 0 },
    ...times(UP[level]!, (k) => block(`up${level}/block${k}`, WIDTHS[level]!)),
  ]);
  return [...down, ...up, ...conv('out', 3, top, 12, 0)];
}

/** Seeded weights: He normal; what closes a block, labels and last layer 0, so that it returns its input. */
export const restorerWeights = (seed = 1): NamedArray[] => initialWeights(specs(), seed);

/**
 * y = x + f(x, label): a residual U-Net that maps raw reconstructions to natural pictures. It works on 2x2 cells of
 * pixels (space to depth), at three sizes, with 1.2 million weights; fully convolutional. A learned vector per label is
 * added at every size; row {@link RESTORER_CLASSES} of `labels` says "unknown". Nothing tells it which phi it sees: the
 * strength of the damage must be read off the picture.
 *
 * @param images [n, h, w, 3], h and w multiples of {@link RESTORER_STRIDE}
 * @param labels one-hot [n, 11], see {@link restorerLabels}
 * @returns [n, h, w, 3], not clamped
 * Source: Ronneberger et al. 2015 (U-Net); the label-conditional U-Net of Yue et al. 2023, section 4.3.
 */
export function restorerForward(parameters: readonly Tensor[], images: Tensor, labels: Tensor): Tensor4D {
  const queue = parameters[Symbol.iterator]();
  const take = (): Tensor => queue.next().value as Tensor;
  const convolve = (x: Tensor4D, stride: 1 | 2 = 1): Tensor4D =>
    tf.add(tf.conv2d(x, take() as Tensor4D, stride, stride === 1 ? 'same' : 'valid'), take());
  const told = (x: Tensor4D): Tensor4D =>
    tf.add(x, tf.reshape(tf.matMul(labels as tf.Tensor2D, take() as tf.Tensor2D), [x.shape[0], 1, 1, x.shape[3]]));
  const blocks = (x: Tensor4D, count: number): Tensor4D =>
    count === 0 ? x : blocks(tf.add(x, convolve(tf.relu(convolve(tf.relu(x))))), count - 1);

  const levels: Tensor4D[] = [];
  for (let level = 0; level < WIDTHS.length; level++) {
    const x = level === 0 ? convolve(spaceToDepth(images as Tensor4D)) : convolve(levels[level - 1]!, 2);
    levels.push(blocks(told(x), DOWN[level]!));
  }
  let x = levels[2]!;
  for (const level of [1, 0])
    x = blocks(told(tf.add(levels[level]!, pixelShuffle(convolve(tf.relu(x)), 2))), UP[level]!);
  return tf.add(images as Tensor4D, pixelShuffle(convolve(tf.relu(x)), 2));
}

/** One-hot rows of classes 0..9; undefined means "unknown". */
export function restorerLabels(labels: readonly (number | undefined)[]): NdArray {
  const columns = RESTORER_CLASSES + 1;
  const data = new Float32Array(labels.length * columns);
  labels.forEach((label, i) => {
    if (label !== undefined && !(Number.isInteger(label) && label >= 0 && label < RESTORER_CLASSES))
      throw problem('restorer', `labels must lie in 0..${RESTORER_CLASSES - 1} or be undefined`, label);
    data[i * columns + (label ?? RESTORER_CLASSES)] = 1;
  });
  return { shape: [labels.length, columns], data };
}

/** Number of weights. */
export const restorerSize = (): number => specs().reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** Refuses weights that are not the restorer's, by name and shape, or not finite. */
export function checkRestorer(where: string, weights: readonly NamedArray[]): void {
  checkMatches(where, weights, specs(), 'train them with train:restorer');
  checkFinite(where, weights);
}
