/**
 * conv(x, w), inputGradient(dy, w) and filterGradient(x, dy) are bilinear, and the derivatives of each are the other
 * two: with the third rule, which tfjs lacks, the family is closed and gradients of any order follow.
 */
import { problem } from '../../core/errors.js';
import * as tf from '../tfjs.js';
import type { Attributes, Rule } from './types.js';

const run = (kernel: string, inputs: Record<string, tf.Tensor>, attributes: Attributes) =>
  tf.engine().runKernel(kernel, inputs, attributes) as tf.Tensor;

/** The attributes that the three kernels share. */
function common({ strides, pad, dataFormat, dimRoundingMode, dilations = 1 }: Attributes): Attributes {
  if ([dilations].flat().some((n) => n !== 1))
    throw problem('conv2d', 'the gradient needs dilations of 1', dilations, 'spread the filter with zeros instead');
  return { strides, pad, dataFormat, dimRoundingMode };
}

const conv = (x: tf.Tensor, filter: tf.Tensor, attributes: Attributes) =>
  run('Conv2D', { x, filter }, { ...common(attributes), dilations: 1 });

const inputGradient = (dy: tf.Tensor, filter: tf.Tensor, inputShape: number[], attributes: Attributes) =>
  run('Conv2DBackpropInput', { dy, filter }, { ...common(attributes), inputShape });

const filterGradient = (x: tf.Tensor, dy: tf.Tensor, filterShape: number[], attributes: Attributes) =>
  run('Conv2DBackpropFilter', { x, dy }, { ...common(attributes), filterShape });

export const convolutions: Record<string, Rule> = {
  Conv2D: {
    save: ['x', 'filter'],
    gradient: (dy, [x, filter], attributes) => ({
      x: () => inputGradient(dy, filter, x.shape, attributes),
      filter: () => filterGradient(x, dy, filter.shape, attributes),
    }),
  },
  Conv2DBackpropInput: {
    save: ['dy', 'filter'],
    gradient: (ddx, [dy, filter], attributes) => ({
      dy: () => conv(ddx, filter, attributes),
      filter: () => filterGradient(ddx, dy, filter.shape, attributes),
    }),
  },
  Conv2DBackpropFilter: {
    save: ['x', 'dy'],
    gradient: (ddw, [x, dy], attributes) => ({
      x: () => inputGradient(dy, ddw, x.shape, attributes),
      dy: () => conv(x, ddw, attributes),
    }),
  },
};
