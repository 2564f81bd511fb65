/**
 * Average pooling and its gradient are linear and each other's derivative. Max pooling over windows that do not
 * overlap is average pooling behind a constant mask: y = size * averagePool(mask * x), so its derivatives of any order
 * use the average-pooling pair. Over windows that overlap it is a sum over the window's positions k, y = sum_k mask_k
 * take_k(x), with constant masks again. When several entries of a window are equal (constant pictures), the first in
 * row-major order wins, as in PyTorch.
 */
import { problem } from '../../core/errors.js';
import { positionsOf, putWindow, takeWindow, type WindowPosition } from '../ops/windows.js';
import * as tf from '../tfjs.js';
import { constant } from './constant.js';
import { type Attributes, type Rule, rule } from './rule.js';

const run = (kernel: string, inputs: Record<string, tf.Tensor>, attributes: Attributes) =>
  tf.engine().runKernel(kernel, inputs, attributes) as tf.Tensor4D;

type Shape4D = [number, number, number, number];

/** Geometry of a pooling call; refuses padding, which the rules do not cover. */
function geometry(where: string, shape: number[], { filterSize, strides, pad, dimRoundingMode }: Attributes) {
  const info = tf.backend_util.computePool2DInfo(shape as Shape4D, filterSize, strides, 1, pad, dimRoundingMode);
  const { top, bottom, left, right } = info.padInfo;
  if (top || bottom || left || right)
    throw problem(where, 'the gradient needs windows without padding', pad, `pad the images first, or use 'valid'`);
  return { size: [info.filterHeight, info.filterWidth] as [number, number], info };
}

/** Which entry of each window is its (first) maximum, as 0 and 1. */
function winners(x: tf.Tensor4D, size: [number, number], outHeight: number, outWidth: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [h, w] = [outHeight * size[0], outWidth * size[1]];
  const whole = h === height && w === width;
  const cropped = whole ? x : tf.slice(x, [0, 0, 0, 0], [batch, h, w, channels]);
  const top = (t: tf.Tensor4D) => tf.image.resizeNearestNeighbor(tf.maxPool(t, size, size, 'valid'), [h, w]);
  const reached = tf.cast(tf.equal(cropped, top(cropped)), 'float32') as tf.Tensor4D;
  const earliness = Float32Array.from({ length: h * w }, (_, i) => {
    const [row, column] = [Math.floor(i / w) % size[0], (i % w) % size[1]];
    return size[0] * size[1] - (row * size[1] + column);
  });
  const score = tf.mul(reached, tf.tensor4d(earliness, [1, h, w, 1])) as tf.Tensor4D;
  const mask = tf.cast(tf.equal(score, top(score)), 'float32') as tf.Tensor4D;
  return whole
    ? mask
    : tf.pad4d(mask, [
        [0, 0],
        [0, height - h],
        [0, width - w],
        [0, 0],
      ]);
}

/** The gradient of max pooling over any windows without padding. */
function overlapping(
  dy: tf.Tensor,
  x: tf.Tensor4D,
  size: [number, number],
  { strideHeight, strideWidth, outHeight, outWidth }: tf.backend_util.Conv2DInfo,
): tf.Tensor {
  const positions = positionsOf(size, [1, 1], {
    strides: [strideHeight, strideWidth],
    places: [outHeight, outWidth],
    inputShape: x.shape,
  });
  const winner = constant(() => firstMaximum(x, positions));
  const share = (k: number): tf.Tensor =>
    tf.mul(
      dy,
      constant(() => tf.cast(tf.equal(winner, k), 'float32')),
    );
  return tf.addN(positions.map((position, k) => putWindow(share(k), position)));
}

/** Which position of its window, row by row, holds the first maximum. */
function firstMaximum(x: tf.Tensor4D, positions: readonly WindowPosition[]): tf.Tensor {
  const entries = positions.map((position) => takeWindow(x, position));
  const top = entries.reduce((a, b) => tf.maximum(a, b));
  // From the last position to the first, so that the first one stays.
  return entries.reduceRight<tf.Tensor>(
    (found, entry, k) => tf.where(tf.equal(entry, top), tf.fill(found.shape, k), found),
    tf.fill(top.shape, positions.length - 1),
  );
}

export const pooling: Record<string, Rule> = {
  MaxPool: rule(['x'], (dy, [x], attributes) => ({
    x: () => {
      const { size, info } = geometry('maxPool', x.shape, attributes);
      if (info.strideHeight !== size[0] || info.strideWidth !== size[1])
        return overlapping(dy, x as tf.Tensor4D, size, info);
      const count = size[0] * size[1];
      const mask = constant(() => tf.mul(count, winners(x as tf.Tensor4D, size, info.outHeight, info.outWidth)));
      const { filterSize, strides } = attributes;
      const spread = run(
        'AvgPoolGrad',
        { dy, input: constant(() => tf.clone(x)) },
        { filterSize, strides, pad: 'valid' },
      );
      return tf.mul(mask, spread);
    },
  })),
  AvgPool: rule(['x'], (dy, [x], attributes) => ({
    x: () => {
      geometry('avgPool', x.shape, attributes);
      const { filterSize, strides } = attributes;
      return run('AvgPoolGrad', { dy, input: constant(() => tf.clone(x)) }, { filterSize, strides, pad: 'valid' });
    },
  })),
  AvgPoolGrad: rule(['input'], (ddx, [input], { filterSize, strides }) => ({
    dy: () => run('AvgPool', { x: ddx }, { filterSize, strides, pad: 'valid' }),
    input: () => tf.zeros(input.shape),
  })),
};
