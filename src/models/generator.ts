import type { ImageShape, NamedArray } from '../core/types.js';
import { pixelShuffle, type Tensor, type Tensor2D, type Tensor4D, tf } from '../engine/index.js';
import { frequencyCount, lowFrequencies } from './frequencies.js';
import { conv, initialWeights, type Spec, spaceToDepth } from './u-net.js';

/** The sizes of a generator; they can be read off its weights, see `designOf`. */
export interface GeneratorDesign {
  /** Height and width of its pictures, a multiple of 8. */
  readonly side: number;
  readonly classes: number;
  /** Cosine frequencies of brightness per axis that the latent decides. */
  readonly bands: number;
  /** Channels at a half, a quarter and an eighth of the picture's size. */
  readonly widths: readonly [number, number, number];
}

/** The design of the shipped generator: 32x32 pixels, CIFAR-10's classes. */
export const GENERATOR_DESIGN: GeneratorDesign = { side: 32, classes: 10, bands: 12, widths: [48, 96, 160] };

/** Length of the vector that z and class become before they steer the layers. */
const STYLE = 128;

export const generatorShape = ({ side }: GeneratorDesign): ImageShape => [side, side, 3];

/** Length of the latent. */
export const latentSize = ({ bands }: GeneratorDesign): number => frequencyCount(bands);

const dense = (name: string, from: number, to: number, gain = 1): Spec[] => [
  { name: `${name}/kernel`, shape: [from, to], spread: gain * Math.sqrt(1 / from) },
  { name: `${name}/bias`, shape: [to], spread: 0 },
];

const block = (name: string, width: number): Spec[] => [
  ...dense(`${name}/told`, STYLE, 2 * width, 0.3),
  ...conv(`${name}/a`, 3, width, width),
  ...conv(`${name}/b`, 3, width, width, 0.2),
];

/** What is measured, not trained: mean and root of the covariance of the low frequencies, per class. */
const measured = (design: GeneratorDesign): Spec[] => {
  const size = latentSize(design);
  return [
    { name: 'mean', shape: [design.classes, size], spread: 0 },
    { name: 'root', shape: [design.classes, size, size], spread: 0 },
  ];
};

/** What is trained, in the order in which {@link generatorForward} takes it. */
function trained(design: GeneratorDesign): Spec[] {
  const { classes, widths } = design;
  const [half, quarter, eighth] = widths;
  return [
    { name: 'class', shape: [classes, STYLE], spread: 1 },
    ...dense('style', latentSize(design), STYLE),
    ...conv('in', 3, 12, half),
    ...conv('down1', 2, half, quarter),
    ...block('down1/block', quarter),
    ...conv('down2', 2, quarter, eighth),
    ...block('bottom/block0', eighth),
    ...block('bottom/block1', eighth),
    ...conv('up1', 1, eighth, 4 * quarter),
    ...block('up1/block', quarter),
    ...conv('up0', 1, quarter, 4 * half),
    ...block('up0/block', half),
    ...conv('out', 3, half, 12, 0.1),
  ];
}

/** Seeded initial weights of what is trained. */
export const generatorWeights = (design: GeneratorDesign = GENERATOR_DESIGN, seed = 1): NamedArray[] =>
  initialWeights(trained(design), seed);

/** Divides by the root mean square over the channels: Karras et al. 2018, section 4.2. */
const normalised = (x: Tensor): Tensor => tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-4)));

const active = (x: Tensor): Tensor => tf.leakyRelu(x, 0.2);

/**
 * The blurred picture that z stands for: c = m_y + R_y z are its low frequencies, R_y R_y^T their covariance in class
 * y, so a standard normal z gives the Gaussian of the class. The first entries of z matter most.
 * @param fixed basis, mean and root, see {@link generatorConstants}
 */
function blurred(side: number, [basis, mean, root]: readonly Tensor[], z: Tensor, labels: Tensor): Tensor4D {
  const [n, size] = z.shape as [number, number];
  const roots = tf.reshape(tf.matMul(labels as Tensor2D, tf.reshape(root!, [-1, size * size]) as Tensor2D), [
    n,
    size,
    size,
  ]);
  const spread = tf.reshape(tf.matMul(tf.reshape(z, [n, 1, size]), roots, false, true), [n, size]);
  const coefficients = tf.add(tf.matMul(labels as Tensor2D, mean as Tensor2D), spread) as Tensor2D;
  return tf.add(tf.reshape(tf.matMul(coefficients, basis as Tensor2D), [n, side, side, 3]), 0.5) as Tensor4D;
}

/**
 * The latent whose blurred picture is nearest to the images: z = R_y^-1 (c - m_y), the inverse of {@link blurred}.
 * @param fixed basis, mean and root
 */
export function latentOf([basis, mean, root]: readonly Tensor[], images: Tensor, labels: Tensor): Tensor2D {
  const n = images.shape[0];
  const size = basis!.shape[0];
  const flat = tf.reshape(tf.sub(images, 0.5), [n, -1]) as Tensor2D;
  const seen = tf.sub(tf.matMul(flat, basis as Tensor2D, false, true), tf.matMul(labels as Tensor2D, mean as Tensor2D));
  const roots = tf.reshape(tf.matMul(labels as Tensor2D, tf.reshape(root!, [-1, size * size]) as Tensor2D), [
    n,
    size,
    size,
  ]);
  const along = tf.reshape(tf.matMul(tf.reshape(seen, [n, 1, size]), roots), [n, size]);
  return tf.div(along, tf.sum(tf.square(roots), 1)) as Tensor2D;
}

/**
 * The class-conditional generator G(z, y): a Gaussian model of the class makes a blurred picture of z
 * ({@link blurred}), a U-Net with 1.4 million weights adds what is missing to it. Its residual blocks are scaled and
 * shifted by z and class.
 *
 * @param fixed [basis, mean, root]; `parameters` what is trained
 * @param z [n, latent], standard normal; `labels` [n, classes], rows that sum to 1 (one-hot, or a mixture)
 * @param offsets added to the features at an eighth, a quarter and a half of the size: what relaxes a search beyond the
 *   range of z; default none
 * @returns images [n, side, side, 3], not clamped
 */
export function generatorForward({ side }: Pick<GeneratorDesign, 'side'>) {
  return (
    fixed: readonly Tensor[],
    parameters: readonly Tensor[],
    z: Tensor,
    labels: Tensor,
    offsets: readonly (Tensor | undefined)[] = [],
  ): Tensor4D => {
    const queue = parameters[Symbol.iterator]();
    const take = (): Tensor => queue.next().value as Tensor;
    const linear = (x: Tensor): Tensor => tf.add(tf.matMul(x as Tensor2D, take() as Tensor2D), take());
    const convolve = (x: Tensor, stride: 1 | 2 = 1): Tensor4D =>
      tf.add(tf.conv2d(x as Tensor4D, take() as Tensor4D, stride, stride === 1 ? 'same' : 'valid'), take());
    const moved = (x: Tensor, k: number): Tensor => (offsets[k] ? tf.add(x, offsets[k]) : x);
    const known = tf.matMul(labels as Tensor2D, take() as Tensor2D);
    const style = active(tf.add(linear(z), known));
    const residual = (x: Tensor): Tensor => {
      const [n, , , width] = x.shape as [number, number, number, number];
      const [gain, shift] = tf.split(tf.reshape(linear(style), [n, 1, 1, 2 * width]), 2, 3);
      const told = tf.add(tf.mul(normalised(x), tf.add(gain!, 1)), shift!);
      return tf.add(x, convolve(active(convolve(active(told)))));
    };
    const base = blurred(side, fixed, z, labels);
    const half = convolve(spaceToDepth(tf.sub(base, 0.5)));
    const quarter = residual(convolve(active(half), 2));
    const eighth = moved(residual(residual(convolve(active(quarter), 2))), 0);
    const back = moved(residual(tf.add(quarter, pixelShuffle(convolve(active(eighth)), 2))), 1);
    const last = moved(residual(tf.add(half, pixelShuffle(convolve(active(back)), 2))), 2);
    return tf.add(base, pixelShuffle(convolve(active(last)), 2));
  };
}

/** The basis that goes before mean and root among the fixed arrays of {@link generatorForward}. */
export const generatorBasis = ({ side, bands }: GeneratorDesign): NamedArray => ({
  name: 'basis',
  ...lowFrequencies(side, bands),
});

/** Names and shapes of everything in a generator's file: what is measured, then what is trained. */
export const generatorSpecs = (design: GeneratorDesign): readonly Omit<Spec, 'spread'>[] => [
  ...measured(design),
  ...trained(design),
];
