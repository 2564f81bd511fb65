import { problem } from '../core/errors.js';
import type { Model, NamedArray, NdArray } from '../core/types.js';
import { type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { batchNormalised, type Finish, forward, momentsOver } from '../models/index.js';

/** Added to every variance; PyTorch's default. */
const EPSILON = 1e-5;

const isConvBias = ({ name }: NamedArray): boolean => /conv\d+\/bias$/.test(name);

/** What is trained: biases of convolutions give way to gain (1) and shift (0) of a batch norm; see {@link folded}. */
export const normalisedParameters = (model: Model): NamedArray[] =>
  model.parameters.flatMap((p) =>
    isConvBias(p)
      ? [
          { name: p.name.replace(/bias$/, 'gain'), shape: p.shape, data: new Float32Array(p.data.length).fill(1) },
          { name: p.name.replace(/bias$/, 'shift'), shape: p.shape, data: new Float32Array(p.data.length) },
        ]
      : [p],
  );

/** Mean and variance of one convolution's outputs, per channel. */
export interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** The same as plain numbers. */
export interface FixedMoments {
  readonly mean: NdArray;
  readonly variance: NdArray;
}

/**
 * The network in training: z = (y - mean(y)) / sqrt(var(y) + 1e-5) * gain + shift after every convolution with a
 * bias, mean and variance over batch, height and width (Ioffe and Szegedy 2015).
 * @returns a pure function of ({@link normalisedParameters}, images) giving logits and each convolution's moments
 */
export function normalisedForward(model: Pick<Model, 'layers'>) {
  return (parameters: readonly Tensor[], images: Tensor): { logits: Tensor2D; moments: Moments[] } => {
    const moments: Moments[] = [];
    const finish: Finish = (y, take) => {
      const over = momentsOver(y, [0, 1, 2]);
      const channels = [y.shape.at(-1)!];
      const own = { mean: tf.reshape(over.mean, channels), variance: tf.reshape(over.variance, channels) };
      moments.push(own);
      return batchNormalised(y, own, { gain: take(), shift: take(), epsilon: EPSILON });
    };
    return { logits: forward(model, { finish })(parameters, images), moments };
  };
}

/**
 * The ordinary network that computes the same as the normalised one with fixed moments: kernel * s, bias shift - mean *
 * s with s = gain / sqrt(var + 1e-5).
 * @param moments mean and variance of every convolution, in order
 */
export function folded(model: Model, parameters: readonly NamedArray[], moments: readonly FixedMoments[]): Model {
  const byName = new Map(parameters.map((p) => [p.name, p]));
  const biases = model.parameters.filter(isConvBias).map(({ name }) => name);
  if (biases.length !== moments.length)
    throw problem('folded', `${model.name} has ${biases.length} normalised convolutions`, `${moments.length} moments`);
  const get = (name: string): NamedArray => {
    const found = byName.get(name);
    if (!found) throw problem('folded', `the trained parameters lack ${name}`);
    return found;
  };
  const scaleOf = (prefix: string): Float32Array => {
    const { variance } = moments[biases.indexOf(`${prefix}/bias`)]!;
    return get(`${prefix}/gain`).data.map((gain, c) => gain / Math.sqrt(variance.data[c]! + EPSILON));
  };
  const fold = (p: NamedArray): NamedArray => {
    const prefix = p.name.replace(/\/\w+$/, '');
    if (!biases.includes(`${prefix}/bias`)) return get(p.name);
    const scale = scaleOf(prefix);
    if (!isConvBias(p)) return { ...p, data: get(p.name).data.map((w, i) => w * scale[i % scale.length]!) };
    const { mean } = moments[biases.indexOf(p.name)]!;
    return { ...p, data: get(`${prefix}/shift`).data.map((shift, c) => shift - mean.data[c]! * scale[c]!) };
  };
  return { ...model, parameters: model.parameters.map(fold) };
}
