/** Grouped convolutions without padding, and both gradients; depthwise ones window position by position. */
import { positionsOf, type WindowPosition } from '../ops/windows.js';
import * as tf from '../tfjs.js';
import { kernel } from './typed-kernel.js';
import { putInto, takeFrom } from './window-kernels.js';

type Shape4 = [number, number, number, number];
type Pair = [number, number];

interface Geometry {
  readonly groups: number;
  readonly depthwise: boolean;
  readonly positions: readonly WindowPosition[];
}

function geometry(
  inputShape: readonly number[],
  [kh, kw, inputs, filters]: readonly number[],
  places: Pair,
  { strides, dilations }: { strides: Pair; dilations: Pair },
): Geometry {
  const groups = inputShape[3]! / inputs!;
  const positions = positionsOf([kh!, kw!], dilations, { strides, places, inputShape });
  return { groups, depthwise: inputs === 1 && filters === groups, positions };
}

const part = (x: tf.Tensor, g: number, groups: number): tf.Tensor4D => {
  const channels = x.shape[3]! / groups;
  return tf.slice(x as tf.Tensor4D, [0, 0, 0, g * channels], [...x.shape.slice(0, 3), channels] as Shape4);
};
/** Output channels are the last axis of images and of kernels alike. */
const perGroup = (groups: number, of: (g: number) => tf.Tensor): tf.Tensor =>
  tf.concat(
    Array.from({ length: groups }, (_, g) => of(g)),
    3,
  );
const run = (kernel: string, inputs: Record<string, tf.Tensor>, attributes: tf.NamedAttrMap): tf.Tensor =>
  tf.engine().runKernel(kernel, inputs, { ...attributes, pad: 'valid', dataFormat: 'NHWC' }) as tf.Tensor;

/** The weights of a depthwise kernel at one window position, [1, 1, 1, channels]. */
const weightsAt = (filter: tf.Tensor, k: number): tf.Tensor => {
  const [, kw, , channels] = filter.shape as Shape4;
  return tf.slice(filter as tf.Tensor4D, [Math.floor(k / kw), k % kw, 0, 0], [1, 1, 1, channels]);
};

export const groupedConv = kernel<'x' | 'filter'>(({ x, filter }, attributes) => {
  const { strides, dilations } = attributes;
  const [, height, width] = x.shape as Shape4;
  const [kh, kw] = filter.shape as Shape4;
  const places = [height, width].map(
    (n, d) => Math.floor((n - dilations[d] * ([kh, kw][d]! - 1) - 1) / strides[d]) + 1,
  ) as Pair;
  const { groups, depthwise, positions } = geometry(x.shape, filter.shape, places, attributes);
  if (depthwise) return tf.addN(positions.map((at, k) => tf.mul(takeFrom(x as tf.Tensor4D, at), weightsAt(filter, k))));
  return perGroup(groups, (g) =>
    run('Conv2D', { x: part(x, g, groups), filter: part(filter, g, groups) }, { strides, dilations }),
  );
});

export const groupedInputGradient = kernel<'dy' | 'filter'>(({ dy, filter }, attributes) => {
  const { strides, dilations, inputShape } = attributes;
  const places = dy.shape.slice(1, 3) as Pair;
  const { groups, depthwise, positions } = geometry(inputShape, filter.shape, places, attributes);
  if (depthwise) return tf.addN(positions.map((at, k) => putInto(tf.mul(dy, weightsAt(filter, k)) as tf.Tensor4D, at)));
  const shape = [...inputShape.slice(0, 3), inputShape[3] / groups];
  return perGroup(groups, (g) =>
    run(
      'Conv2DBackpropInput',
      { dy: part(dy, g, groups), filter: part(filter, g, groups) },
      { strides, dilations, inputShape: shape },
    ),
  );
});

export const groupedFilterGradient = kernel<'x' | 'dy'>(({ x, dy }, attributes) => {
  const { strides, dilations, filterShape } = attributes;
  const places = dy.shape.slice(1, 3) as Pair;
  const { groups, depthwise, positions } = geometry(x.shape, filterShape, places, attributes);
  if (depthwise) {
    const sums = positions.map((at) => tf.sum(tf.mul(takeFrom(x as tf.Tensor4D, at), dy), [0, 1, 2]));
    return tf.reshape(tf.stack(sums), filterShape);
  }
  const shape = [...filterShape.slice(0, 3), filterShape[3] / groups];
  return perGroup(groups, (g) =>
    run(
      'Conv2DBackpropFilter',
      { x: part(x, g, groups), dy: part(dy, g, groups) },
      { strides, dilations, filterShape: shape },
    ),
  );
});
