import type { Layer, Model } from '../core/types.js';
import { adaptiveAveragePool, type Tensor, type Tensor2D, type Tensor4D, tf } from '../engine/index.js';

type Take = () => Tensor;

/**
 * The network as a pure function: logits [batch, classes] = f(parameters, images [batch, h, w, c]).
 * Differentiable to any order; the caller owns the result.
 */
export function forward(model: Pick<Model, 'layers'>): (parameters: readonly Tensor[], images: Tensor) => Tensor2D {
  return (parameters, images) => {
    const queue = parameters[Symbol.iterator]();
    const take: Take = () => queue.next().value as Tensor;
    const out = run(model.layers, images, take);
    return tf.reshape(out, [images.shape[0]!, -1]);
  };
}

const run = (layers: readonly Layer[], x: Tensor, take: Take): Tensor =>
  layers.reduce((value, layer) => apply(layer, value, take), x);

function apply(layer: Layer, x: Tensor, take: Take): Tensor {
  switch (layer.kind) {
    case 'conv':
      return convolve(x as Tensor4D, layer, take);
    case 'dense': {
      const flat = tf.reshape(x, [x.shape[0]!, -1]);
      const out = tf.matMul(flat, take());
      return layer.bias ? tf.add(out, take()) : out;
    }
    case 'residual': {
      const body = run(layer.body, x, take);
      return tf.add(body, run(layer.shortcut, x, take));
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
function convolve(x: Tensor4D, layer: Extract<Layer, { kind: 'conv' }>, take: Take): Tensor {
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
  return bias ? tf.add(out, take()) : out;
}
