import { problem } from '../../core/errors.js';
import { type Tensor, tf, toTensor } from '../../engine/index.js';
import { count, flag, notNegative, optional, required, share, word } from './layer-options.js';
import type { Of, ParameterSpec, Place, Planned, Rule, Way } from './types.js';

const EPSILON = 1e-5;

/** (x - mean) / sqrt(variance + epsilon), both with axes that broadcast. */
const standardised = (x: Tensor, mean: Tensor, variance: Tensor, epsilon: number): Tensor =>
  tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));

/** Mean and variance over axes, which stay with length 1; the variance is divided by the number of entries. */
export function momentsOver(x: Tensor, axes: number[]): { mean: Tensor; variance: Tensor } {
  const mean = tf.mean(x, axes, true);
  return { mean, variance: tf.mean(tf.square(tf.sub(x, mean)), axes, true) };
}

/** (x - mean) / sqrt(variance + epsilon) gain + shift per channel, as one factor and one summand. */
export function batchNormalised(
  x: Tensor,
  { mean, variance }: { readonly mean: Tensor; readonly variance: Tensor },
  { gain, shift, epsilon = EPSILON }: { readonly gain?: Tensor; readonly shift?: Tensor; readonly epsilon?: number },
): Tensor {
  const inverse = tf.rsqrt(tf.add(variance, epsilon));
  const scale = gain ? tf.mul(gain, inverse) : inverse;
  const moved = tf.neg(tf.mul(mean, scale));
  return tf.add(tf.mul(x, scale), shift ? tf.add(shift, moved) : moved);
}

const affineSpecs = (name: string, shape: readonly number[], at: Place): ParameterSpec[] =>
  (['gain', 'shift'] as const).map((part) => ({
    name: `${name}/${part}`,
    shape,
    fanIn: 1,
    init: part === 'gain' ? 'ones' : 'zeros',
    ...(at.flattened && { flattens: at.flattened }),
  }));

/** The place stays; with `affine` come a gain and a shift of the given shape. */
const planned = (at: Place, name: string, affine: boolean, shape: readonly number[] = [at.shape[2]]): Planned => ({
  ...at,
  specs: affine ? affineSpecs(name, shape, at) : [],
});

function withAffine(x: Tensor, affine: boolean, { take, using }: Way): Tensor {
  if (!affine) return x;
  const scaled = using({ kind: 'factor', input: () => x }, tf.mul(x, take()));
  return using({ kind: 'summand' }, tf.add(scaled, take()));
}

const common = { epsilon: optional(notNegative), affine: optional(flag) };

/** All axes but the last. */
const leading = (x: Tensor): number[] => x.shape.slice(0, -1).map((_, axis) => axis);

export const batchNorm: Rule<Of<'batchNorm'>> = {
  options: { ...common, mode: optional(word('eval', 'train')), momentum: optional(share) },
  plan: ({ affine = true }, at, name) => {
    const statistic = (part: string, init: 'ones' | 'zeros'): ParameterSpec => ({
      name: `${name}/${part}`,
      shape: [at.shape[2]],
      fanIn: 1,
      init,
      ...(at.flattened && { flattens: at.flattened }),
    });
    return { ...planned(at, name, affine), buffers: [statistic('mean', 'zeros'), statistic('variance', 'ones')] };
  },
  apply: ({ mode = 'train', epsilon, affine = true }, x, way) => {
    const fixed = way.statistics();
    const own = mode === 'train' || way.watch ? batchMoments(x, mode, way) : undefined;
    const moments = mode === 'train' ? own : fixed;
    if (!moments) {
      const fix = 'pass a whole model, with its buffers';
      throw problem('batchNorm', 'the evaluation mode needs the running statistics of the model', undefined, fix);
    }
    const [mean, variance] = 'mean' in moments ? [moments.mean, moments.variance] : moments.map(toTensor);
    const given = { mean: mean!, variance: variance! };
    if (!affine) return batchNormalised(x, given, { epsilon });
    const y = batchNormalised(x, given, { gain: way.take(), shift: way.take(), epsilon });
    const input = (): Tensor => standardised(x, given.mean, given.variance, epsilon ?? EPSILON);
    return way.using({ kind: 'summand' }, way.using({ kind: 'factor', input }, y));
  },
};

function batchMoments(x: Tensor, mode: 'eval' | 'train', { watch }: Way): { mean: Tensor; variance: Tensor } {
  const channels = x.shape.at(-1)!;
  const count = x.size / channels;
  if (mode === 'train' && count < 2) {
    const fix = "use a larger batch or picture, or mode: 'eval'";
    throw problem('batchNorm', 'the training mode needs more than one value per channel', x.shape, fix);
  }
  const { mean, variance } = momentsOver(x, leading(x));
  const moments = { mean: tf.reshape(mean, [channels]), variance: tf.reshape(variance, [channels]), count };
  watch?.(moments);
  return moments;
}

export const groupNorm: Rule<Of<'groupNorm'>> = {
  options: { ...common, groups: required(count) },
  plan: ({ groups, affine = true }, at, name, where) => {
    const channels = at.shape[2];
    if (channels % groups !== 0) throw problem(where, `groups must divide the channels (${channels})`, groups);
    return planned(at, name, affine);
  },
  apply: ({ groups, epsilon = EPSILON, affine = true }, x, way) =>
    withAffine(perGroup(x, groups, epsilon), affine, way),
};

function perGroup(x: Tensor, groups: number, epsilon: number): Tensor {
  const channels = x.shape.at(-1)!;
  const split = tf.reshape(x, [x.shape[0], -1, groups, channels / groups]);
  const { mean, variance } = momentsOver(split, [1, 3]);
  return tf.reshape(standardised(split, mean, variance, epsilon), x.shape);
}

export const instanceNorm: Rule<Of<'instanceNorm'>> = {
  options: common,
  plan: ({ affine = false }, at, name) => planned(at, name, affine),
  apply: ({ epsilon = EPSILON, affine = false }, x, way) =>
    withAffine(perGroup(x, x.shape.at(-1)!, epsilon), affine, way),
};

export const layerNorm: Rule<Of<'layerNorm'>> = {
  options: { ...common, over: optional(word('channels', 'all')) },
  plan: ({ over = 'channels', affine = true }, at, name) =>
    planned(at, name, affine, over === 'all' && !at.flattened ? at.shape : [at.shape[2]]),
  apply: ({ epsilon = EPSILON, over = 'channels', affine = true }, x, way) => {
    const axes = over === 'all' ? x.shape.slice(1).map((_, axis) => axis + 1) : [x.rank - 1];
    const { mean, variance } = momentsOver(x, axes);
    return withAffine(standardised(x, mean, variance, epsilon), affine, way);
  },
};
