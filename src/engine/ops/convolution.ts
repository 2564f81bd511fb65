import * as tf from '../tfjs.js';
import { positionsOf, takeWindow } from './windows.js';

type Pair = readonly [height: number, width: number];

/** Geometry of `convolution`. */
export interface Convolution {
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Zeros added at the top, bottom, left and right. */
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
  readonly groups: number;
}

/**
 * Cross-correlation of images [b, h, w, in] with a kernel [kh, kw, in / groups, out], differentiable to any order:
 * strides, dilations and groups together, which tf.conv2d refuses. Group g reads the g-th run of input channels and
 * writes the g-th run of outputs.
 */
export function convolution(x: tf.Tensor4D, kernel: tf.Tensor4D, how: Convolution): tf.Tensor4D {
  const { strides, dilations, padding, groups } = how;
  const one = (pair: Pair): boolean => pair.every((n) => n === 1);
  if (groups === 1 && one(strides) && one(dilations) && isSame(kernel.shape, padding))
    return tf.conv2d(x, kernel, 1, 'same');
  const padded = padImages(x, padding);
  if (groups === 1 && (one(strides) || one(dilations)))
    return tf.conv2d(padded, kernel, [...strides], 'valid', 'NHWC', [...dilations]);
  const attributes = { strides: [...strides], dilations: [...dilations] };
  const inputs = { x: padded, filter: kernel };
  return tf
    .engine()
    .runKernel(
      groups === 1 ? 'Conv2D' : 'GroupedConv2D',
      inputs,
      groups === 1 ? { ...attributes, pad: 'valid', dataFormat: 'NHWC' } : attributes,
    ) as tf.Tensor4D;
}

/** Whether a padding is the one that tf.conv2d calls "same" at stride 1. */
const isSame = ([kh, kw]: readonly number[], [top, bottom, left, right]: Convolution['padding']): boolean =>
  top === Math.floor((kh! - 1) / 2) &&
  left === Math.floor((kw! - 1) / 2) &&
  top + bottom === kh! - 1 &&
  left + right === kw! - 1;

/** Images with rows and columns of one number around them. */
export function padImages(x: tf.Tensor4D, padding: Convolution['padding'], value = 0): tf.Tensor4D {
  const [top, bottom, left, right] = padding;
  if (padding.every((n) => n === 0)) return x;
  return tf.pad(
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  );
}

/** The derivative of sum(convolution(x, kernel) * dy) in the kernel by example, [kh, kw, in / groups, b, out]. */
export function kernelGradients(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  [kh, kw, inputs, filters]: readonly number[],
  { strides, dilations, padding }: Convolution,
): tf.Tensor {
  const examples = x.shape[0];
  const asOne = (t: tf.Tensor4D): tf.Tensor => {
    const [batch, h, w, channels] = t.shape;
    return tf.reshape(tf.transpose(t, [1, 2, 0, 3]), [1, h, w, batch * channels]);
  };
  const images = { x: asOne(padImages(x, padding)), dy: asOne(dy) };
  const filterShape = [kh!, kw!, inputs!, examples * filters!];
  const attributes = { strides: [...strides], dilations: [...dilations], filterShape };
  const each = tf.engine().runKernel('GroupedConv2DBackpropFilter', images, attributes) as tf.Tensor;
  return tf.reshape(each, [kh!, kw!, inputs!, examples, filters!]);
}

/** The entries that a kernel of size [kh, kw] meets at each of its places: [b, rows, columns, kh kw in]. */
export function unfolded(x: tf.Tensor4D, size: Pair, { strides, dilations, padding }: Convolution): tf.Tensor {
  const padded = padImages(x, padding);
  const places = size.map(
    (n, d) => Math.floor((padded.shape[d + 1]! - dilations[d]! * (n - 1) - 1) / strides[d]!) + 1,
  ) as [number, number];
  const positions = positionsOf(size, dilations, { strides, places, inputShape: padded.shape });
  return tf.concat(
    positions.map((at) => takeWindow(padded, at)),
    3,
  );
}
