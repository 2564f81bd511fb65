import * as tf from '../tfjs.js';
import { paddedConv } from './input-gradient.js';
import { kernel } from './typed-kernel.js';

/**
 * Gradient of conv2d with respect to its filter, as a convolution: the images with batch and channel axes swapped are
 * the image, dy is the filter, strides and dilations change places. WASM has no kernel of its own.
 */
export const filterGradient = kernel<'x' | 'dy'>(({ x, dy }, attributes) => {
  const { strides, pad, dataFormat, dimRoundingMode, filterShape, dilations = 1 } = attributes;
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat ?? 'NHWC');
  const shape = x.shape as [number, number, number, number];
  const info = tf.backend_util.computeConv2DInfo(
    ...([shape, filterShape, strides, dilations, pad, dimRoundingMode, false, format] as const),
  );
  const image = tf.transpose(x, [3, 1, 2, 0]) as tf.Tensor4D;
  const filter = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D;
  // Rows that no window reaches (stride > 1) are cropped by a negative padding after the last one.
  const after = (out: number, stride: number, reach: number, before: number, length: number) =>
    (out - 1) * stride + reach + 1 - before - length;
  const { top, left } = info.padInfo;
  const { dilationHeight, dilationWidth, strideHeight, strideWidth } = info;
  const bottom = after(info.outHeight, strideHeight, dilationHeight * (info.filterHeight - 1), top, info.inHeight);
  const right = after(info.outWidth, strideWidth, dilationWidth * (info.filterWidth - 1), left, info.inWidth);
  const swapped = { strides: [dilationHeight, dilationWidth], dilations: [strideHeight, strideWidth] };
  const result = paddedConv(image, filter, [top, bottom], [left, right], swapped);
  return tf.transpose(result, [1, 2, 0, 3]);
});
