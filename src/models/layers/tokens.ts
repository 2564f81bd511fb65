/** Layers of transformers: a sequence of n tokens is a picture [1, n, width]. */
import { problem } from '../../core/errors.js';
import { convolution, softmax, type Tensor, type Tensor4D, tf } from '../../engine/index.js';
import { count, extent, flag, index, optional, required } from './layer-options.js';
import type { Of, Place, Rule } from './types.js';
import { affine, weighted } from './weighted.js';
import { pair, places } from './window.js';

function sequence(where: string, { shape }: Place): [tokens: number, width: number] {
  if (shape[0] !== 1)
    throw problem(where, 'needs a sequence of tokens [1, tokens, width]', shape, 'put a patchEmbedding before it');
  return [shape[1], shape[2]];
}

export const patchEmbedding: Rule<Of<'patchEmbedding'>> = {
  options: { size: required(extent), units: required(count), bias: optional(flag) },
  plan: ({ size, units, bias = true }, { shape }, name) => {
    const [kernel, inputs] = [pair(size), shape[2]];
    const [rows, columns] = places(shape, [0, 0, 0, 0], kernel, kernel);
    return {
      shape: [1, rows * columns, units],
      specs: weighted(name, [...kernel, inputs, units], kernel[0] * kernel[1] * inputs, bias),
    };
  },
  apply: ({ size, units, bias = true }, x, { take, using }) => {
    const input = x as Tensor4D;
    const how = { strides: pair(size), dilations: [1, 1], padding: [0, 0, 0, 0], groups: 1 } as const;
    const patches = using({ kind: 'convolution', input, how }, convolution(input, take() as Tensor4D, how));
    const tokens = tf.reshape(patches, [x.shape[0], 1, -1, units]);
    return bias ? using({ kind: 'summand' }, tf.add(tokens, take())) : tokens;
  },
};

export const classToken: Rule<Of<'classToken'>> = {
  options: {},
  plan: (_, at, name, where) => {
    const [tokens, width] = sequence(where, at);
    return { shape: [1, tokens + 1, width], specs: [{ name: `${name}/token`, shape: [width], fanIn: width }] };
  },
  apply: (_, x, { take, using }) => {
    const [batch, , , width] = x.shape as [number, number, number, number];
    const token = using({ kind: 'summand' }, tf.add(tf.zeros([batch, 1, 1, width]), take()));
    return tf.concat([token, x], 2);
  },
};

export const positions: Rule<Of<'positions'>> = {
  options: {},
  plan: (_, at, name, where) => {
    const [tokens, width] = sequence(where, at);
    return { ...at, specs: [{ name: `${name}/table`, shape: [tokens, width], fanIn: width, asIs: true }] };
  },
  apply: (_, x, { take, using }) => using({ kind: 'summand' }, tf.add(x, take())),
};

export const takeToken: Rule<Of<'takeToken'>> = {
  options: { index: optional(index) },
  plan: ({ index: at = 0 }, place, _, where) => {
    const [tokens, width] = sequence(where, place);
    if (at >= tokens) throw problem(where, `index must be below the number of tokens (${tokens})`, at);
    return { shape: [1, 1, width] };
  },
  apply: ({ index: at = 0 }, x) => {
    const [batch, , , width] = x.shape as [number, number, number, number];
    return tf.slice(x, [0, 0, at, 0], [batch, 1, 1, width]);
  },
};

/** softmax(Q K^T / sqrt(width / heads)) V for each head, between two dense layers (Vaswani et al. 2017, 3.2). */
export const attention: Rule<Of<'attention'>> = {
  options: { heads: required(count), bias: optional(flag), inBias: optional(flag) },
  plan: ({ heads, bias = true, inBias = bias }, at, name, where) => {
    const [, width] = sequence(where, at);
    if (width % heads !== 0) throw problem(where, `heads must divide the width of the tokens (${width})`, heads);
    return {
      ...at,
      specs: [
        ...weighted(`${name}/in`, [width, 3 * width], width, inBias),
        ...weighted(`${name}/out`, [width, width], width, bias),
      ],
    };
  },
  apply: ({ heads, bias = true, inBias = bias }, x, way) => {
    const [batch, , tokens, width] = x.shape as [number, number, number, number];
    const each = width / heads;
    const all = affine(x, inBias, way);
    const part = (k: number): Tensor => {
      const one = tf.reshape(tf.slice(all, [0, k * width], [batch * tokens, width]), [batch, tokens, heads, each]);
      return tf.reshape(tf.transpose(one, [0, 2, 1, 3]), [batch * heads, tokens, each]);
    };
    const [q, k, v] = [part(0), part(1), part(2)];
    const weights = softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(each)));
    const mixed = tf.transpose(tf.reshape(tf.matMul(weights, v), [batch, heads, tokens, each]), [0, 2, 1, 3]);
    return tf.reshape(affine(tf.reshape(mixed, [batch * tokens, width]), bias, way), x.shape);
  },
};
