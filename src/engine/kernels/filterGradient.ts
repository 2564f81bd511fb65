import * as tf from '../tfjs.js';
import { paddedConv } from './inputGradient.js';
import type { Kernel } from './types.js';

/**
 * Gradient of conv2d with respect to its filter, as a convolution: the images with batch and channel axes swapped are
 * the image, dy is the filter, the strides become dilations. WASM has no kernel of its own.
 */
export const filterGradient: Kernel = ({ x, dy }, { strides, pad, dataFormat, dimRoundingMode, filterShape }) => {
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat ?? 'NHWC');
  const shape = x.shape as [number, number, number, number];
  const info = tf.backend_util.computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode, false, format);
  const image = tf.transpose(x, [3, 1, 2, 0]) as tf.Tensor4D;
  const filter = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D;
  // Rows that no window reaches (stride > 1) are cropped by a negative padding after the last one.
  const after = (out: number, stride: number, size: number, before: number, length: number) =>
    (out - 1) * stride + size - before - length;
  const { top, left } = info.padInfo;
  const bottom = after(info.outHeight, info.strideHeight, info.filterHeight, top, info.inHeight);
  const right = after(info.outWidth, info.strideWidth, info.filterWidth, left, info.inWidth);
  const result = paddedConv(image, filter, [top, bottom], [left, right], [info.strideHeight, info.strideWidth]);
  return tf.transpose(result, [1, 2, 0, 3]);
};
