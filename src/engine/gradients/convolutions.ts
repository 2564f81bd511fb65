/**
 * conv(x, w), inputGradient(dy, w) and filterGradient(x, dy) are bilinear, and the derivatives of each are the other
 * two: with the third rule, which tfjs lacks, the family is closed and gradients of any order follow.
 */
import * as tf from '../tfjs.js';
import { type Attributes, type Rule, rule } from './rule.js';

const run = (kernel: string, inputs: Record<string, tf.Tensor>, attributes: Attributes) =>
  tf.engine().runKernel(kernel, inputs, attributes) as tf.Tensor;

/** The attributes that the three kernels share. */
const common = ({ strides, pad, dataFormat, dimRoundingMode, dilations = 1 }: Attributes): Attributes => ({
  strides,
  pad,
  dataFormat,
  dimRoundingMode,
  dilations,
});

const conv = (x: tf.Tensor, filter: tf.Tensor, attributes: Attributes) =>
  run('Conv2D', { x, filter }, common(attributes));

const inputGradient = (dy: tf.Tensor, filter: tf.Tensor, inputShape: number[], attributes: Attributes) =>
  run('Conv2DBackpropInput', { dy, filter }, { ...common(attributes), inputShape });

const filterGradient = (x: tf.Tensor, dy: tf.Tensor, filterShape: number[], attributes: Attributes) =>
  run('Conv2DBackpropFilter', { x, dy }, { ...common(attributes), filterShape });

/** The three rules of a family, whatever its kernels are called. */
const family = (
  [forward, towardsInput, towardsFilter]: readonly [string, string, string],
  apply: typeof conv,
  input: typeof inputGradient,
  filterOf: typeof filterGradient,
): Record<string, Rule> => ({
  [forward]: rule(['x', 'filter'], (dy, [x, filter], attributes) => ({
    x: () => input(dy, filter, x.shape, attributes),
    filter: () => filterOf(x, dy, filter.shape, attributes),
  })),
  [towardsInput]: rule(['dy', 'filter'], (ddx, [dy, filter], attributes) => ({
    dy: () => apply(ddx, filter, attributes),
    filter: () => filterOf(ddx, dy, filter.shape, attributes),
  })),
  [towardsFilter]: rule(['x', 'dy'], (ddw, [x, dy], attributes) => ({
    x: () => input(dy, ddw, x.shape, attributes),
    dy: () => apply(x, ddw, attributes),
  })),
});

/** Grouped convolutions never pad: see ops/convolution.ts. */
const bare = ({ strides, dilations }: Attributes): Attributes => ({ strides, dilations });

export const convolutions: Record<string, Rule> = {
  ...family(['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'], conv, inputGradient, filterGradient),
  ...family(
    ['GroupedConv2D', 'GroupedConv2DBackpropInput', 'GroupedConv2DBackpropFilter'],
    (x, filter, attributes) => run('GroupedConv2D', { x, filter }, bare(attributes)),
    (dy, filter, inputShape, attributes) =>
      run('GroupedConv2DBackpropInput', { dy, filter }, { ...bare(attributes), inputShape }),
    (x, dy, filterShape, attributes) =>
      run('GroupedConv2DBackpropFilter', { x, dy }, { ...bare(attributes), filterShape }),
  ),
};
