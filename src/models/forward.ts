import type { Layer, Model } from '../core/types.js';
import { adaptiveAveragePool, type Tensor, type Tensor2D, type Tensor4D, tf } from '../engine/index.js';

type Take = () => Tensor;

/** What follows a convolution with a bias: adding it, unless a training puts something else there (batch normalisation). */
export type Finish = (convolved: Tensor, take: Take) => Tensor;

const addBias: Finish = (convolved, take) => tf.add(convolved, take());

/**
 * The network as a pure function: logits [batch, classes] = f(parameters, images [batch, h, w, c]).
 * Differentiable to any order; the caller owns the result.
 */
export function forward(
  model: Pick<Model, 'layers'>,
  finish: Finish = addBias,
): (parameters: readonly Tensor[], images: Tensor) => Tensor2D {
  const values = layerOutputs(model, finish);
  return (parameters, images) => tf.reshape(values(parameters, images).at(-1) ?? images, [images.shape[0]!, -1]);
}

/**
 * The value after every layer of the list, in order, as a pure function of (parameters, images). Layers and parameters
 * after the last value that is used cost nothing in a compiled step.
 */
export function layerOutputs(
  model: Pick<Model, 'layers'>,
  finish: Finish = addBias,
): (parameters: readonly Tensor[], images: Tensor) => Tensor[] {
  return (parameters, images) => {
    const queue = parameters[Symbol.iterator]();
    const way: Way = { take: () => queue.next().value as Tensor, finish };
    const values: Tensor[] = [];
    for (const layer of model.layers) values.push(apply(layer, values.at(-1) ?? images, way));
    return values;
  };
}

interface Way {
  readonly take: Take;
  readonly finish: Finish;
}

const run = (layers: readonly Layer[], x: Tensor, way: Way): Tensor =>
  layers.reduce((value, layer) => apply(layer, value, way), x);

function apply(layer: Layer, x: Tensor, way: Way): Tensor {
  const { take } = way;
  switch (layer.kind) {
    case 'conv':
      return convolve(x as Tensor4D, layer, way);
    case 'dense': {
      const flat = tf.reshape(x, [x.shape[0]!, -1]);
      const out = tf.matMul(flat, take());
      return layer.bias ? tf.add(out, take()) : out;
    }
    case 'residual': {
      const body = run(layer.body, x, way);
      return tf.add(body, run(layer.shortcut, x, way));
    }
    case 'maxPool':
      return tf.maxPool(x as Tensor4D, layer.size, layer.size, 'valid');
    case 'averagePool':
      return tf.avgPool(x as Tensor4D, layer.size, layer.size, 'valid');
    case 'adaptiveAveragePool':
      return adaptiveAveragePool(x as Tensor4D, layer.size);
    case 'leakyRelu':
      return tf.leakyRelu(x, layer.slope);
    case 'scale':
      return tf.mul(x, layer.factor);
    default:
      return ACTIVATIONS[layer.kind](x);
  }
}

const ACTIVATIONS = { relu: tf.relu, sigmoid: tf.sigmoid, tanh: tf.tanh, softplus: tf.softplus };

/** Padding is floor(size / 2) on every side, as in PyTorch; tfjs's "same" is lopsided for strides over one. */
function convolve(x: Tensor4D, layer: Extract<Layer, { kind: 'conv' }>, { take, finish }: Way): Tensor {
  const { size, stride = 1, bias = true } = layer;
  const kernel = take() as Tensor4D;
  const margin = Math.floor(size / 2);
  const symmetric = stride === 1 && size % 2 === 1;
  const padded =
    symmetric || margin === 0
      ? x
      : tf.pad(x, [
          [0, 0],
          [margin, margin],
          [margin, margin],
          [0, 0],
        ]);
  const out = tf.conv2d(padded, kernel, stride, symmetric ? 'same' : 'valid');
  return bias ? finish(out, take) : out;
}
