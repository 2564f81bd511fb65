import * as tf from '../../../tf.js';
import { add } from '../../ir/elementwise.js';
import { conv, convFilter, convInput, matmul, type Window } from '../../ir/linear.js';
import type { Node } from '../../ir/node.js';
import { averagePoolGradient, type Pool, pool, putWindow, takeWindow } from '../../ir/pool.js';
import { reshape, transpose } from '../../ir/shape.js';
import { Untraceable } from '../untraceable.js';
import { type Attributes, elementwiseActivation, type Kernel } from './types.js';

type Shape4 = [number, number, number, number];
type ConvInfo = tf.backend_util.Conv2DInfo;

const nchw = ({ dataFormat }: Attributes): boolean => dataFormat === 'NCHW';
const channelsLast = (x: Node, attributes: Attributes): Node => (nchw(attributes) ? transpose(x, [0, 2, 3, 1]) : x);
const asAsked = (x: Node, attributes: Attributes): Node => (nchw(attributes) ? transpose(x, [0, 3, 1, 2]) : x);
const lastShape = (shape: readonly number[], attributes: Attributes): Shape4 =>
  (nchw(attributes) ? [shape[0], shape[2], shape[3], shape[1]] : [...shape]) as Shape4;

const windowOf = (info: ConvInfo): Window => ({
  strides: [info.strideHeight, info.strideWidth],
  dilations: [info.dilationHeight, info.dilationWidth],
  pads: [info.padInfo.top, info.padInfo.left, info.padInfo.bottom, info.padInfo.right],
});

/** Shapes and paddings of a convolution of NHWC images. Explicit paddings of NCHW calls are put in NHWC order. */
function geometry(
  inShape: Shape4,
  filterShape: readonly number[],
  attributes: Attributes,
  depthwise = false,
): ConvInfo {
  const { strides, dilations = 1, pad, dimRoundingMode } = attributes;
  const padding = Array.isArray(pad) && nchw(attributes) ? [pad[0], pad[2], pad[3], pad[1]] : pad;
  return tf.backend_util.computeConv2DInfo(
    inShape,
    filterShape as Shape4,
    strides,
    dilations,
    padding,
    dimRoundingMode,
    depthwise,
  );
}

const outShape = ({ batchSize, outHeight, outWidth, outChannels }: ConvInfo): Shape4 => [
  batchSize,
  outHeight,
  outWidth,
  outChannels,
];

const convolution: Kernel = ({ x, filter }, attributes) => {
  const images = channelsLast(x!, attributes);
  const info = geometry(images.shape as Shape4, filter!.shape, attributes);
  if (info.inChannels !== filter!.shape[2]) throw new Untraceable('a grouped convolution');
  return asAsked(conv(images, filter!, windowOf(info), outShape(info)), attributes);
};

/** A depthwise kernel [h, w, c, m] is a grouped convolution with kernels [h, w, 1, c m]. */
const depthwise: Kernel = ({ x, filter }, attributes) => {
  const images = channelsLast(x!, attributes);
  const info = geometry(images.shape as Shape4, filter!.shape, attributes, true);
  const [h, w, c, m] = filter!.shape as Shape4;
  return asAsked(conv(images, reshape(filter!, [h, w, 1, c * m]), windowOf(info), outShape(info)), attributes);
};

/** A convolution without padding whose kernel says by its input channels how many groups there are. */
const grouped = (inputShape: readonly number[], filterShape: readonly number[], attributes: Attributes): ConvInfo => {
  const [h, w, , filters] = filterShape as Shape4;
  return geometry(inputShape as Shape4, [h, w, inputShape[3]!, filters], { ...attributes, pad: 'valid' });
};

const product: Kernel = ({ a, b }, { transposeA, transposeB }) => matmul(a!, b!, transposeA, transposeB);

const fused =
  (kernel: Kernel): Kernel =>
  (inputs, attributes, graph) => {
    const y = kernel(inputs, attributes, graph) as Node;
    const biased = inputs.bias ? add(y, inputs.bias) : y;
    return elementwiseActivation(biased, attributes, inputs.preluActivationWeights);
  };

const poolInfo = (shape: Shape4, { filterSize, strides, pad, dimRoundingMode, dilations = 1 }: Attributes): ConvInfo =>
  tf.backend_util.computePool2DInfo(shape, filterSize, strides, dilations, pad, dimRoundingMode);
const poolWindow = (info: ConvInfo): Pool => ({ ...windowOf(info), size: [info.filterHeight, info.filterWidth] });

const pooling =
  (kind: 'maxPool' | 'averagePool'): Kernel =>
  ({ x }, attributes) => {
    const info = poolInfo(x!.shape as Shape4, attributes);
    return pool(kind, x!, poolWindow(info), outShape(info));
  };

/** Matrix products, convolutions with their gradients, pooling. */
export const linear: Readonly<Record<string, Kernel>> = {
  BatchMatMul: product,
  _FusedMatMul: fused(product),
  Conv2D: convolution,
  FusedConv2D: fused(convolution),
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: fused(depthwise),
  Conv2DBackpropInput: ({ dy, filter }, attributes) => {
    const shape = lastShape(attributes.inputShape, attributes);
    const info = geometry(shape, filter!.shape, attributes);
    return asAsked(convInput(channelsLast(dy!, attributes), filter!, windowOf(info), shape), attributes);
  },
  Conv2DBackpropFilter: ({ x, dy }, attributes) => {
    const images = channelsLast(x!, attributes);
    const info = geometry(images.shape as Shape4, attributes.filterShape, attributes);
    return convFilter(images, channelsLast(dy!, attributes), windowOf(info), attributes.filterShape);
  },
  GroupedConv2D: ({ x, filter }, attributes) => {
    const info = grouped(x!.shape, filter!.shape, attributes);
    return conv(x!, filter!, windowOf(info), outShape(info));
  },
  GroupedConv2DBackpropInput: ({ dy, filter }, attributes) =>
    convInput(dy!, filter!, windowOf(grouped(attributes.inputShape, filter!.shape, attributes)), attributes.inputShape),
  GroupedConv2DBackpropFilter: ({ x, dy }, attributes) =>
    convFilter(x!, dy!, windowOf(grouped(x!.shape, attributes.filterShape, attributes)), attributes.filterShape),
  WindowTake: ({ x }, position) => takeWindow(x!, position),
  WindowPut: ({ dy }, position) => putWindow(dy!, position),
  MaxPool: pooling('maxPool'),
  AvgPool: pooling('averagePool'),
  AvgPoolGrad: ({ dy, input }, attributes) => {
    const info = poolInfo(input!.shape as Shape4, attributes);
    return averagePoolGradient(dy!, poolWindow(info), input!.shape);
  },
};
