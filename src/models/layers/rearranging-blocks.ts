/** Layers that turn channels into pixels, and pixels into channels. */
import { problem } from '../../core/errors.js';
import { type Tensor, tf } from '../../engine/index.js';
import { count, optional, required, word } from './layer-options.js';
import type { Of, Rule } from './types.js';

const options = { block: required(count), order: optional(word('crd', 'dcr')) };

/** Channels [a, b] become [b, a]. */
const turned = (x: Tensor, a: number, b: number): Tensor =>
  tf.reshape(tf.transpose(tf.reshape(x, [-1, a, b]), [0, 2, 1]), x.shape);

export const depthToSpace: Rule<Of<'depthToSpace'>> = {
  options,
  plan: ({ block }, { shape: [height, width, channels] }, _, where) => {
    if (channels % block ** 2 !== 0) throw problem(where, `block^2 must divide the channels (${channels})`, block ** 2);
    return { shape: [height * block, width * block, channels / block ** 2] };
  },
  apply: ({ block, order = 'crd' }, x) => {
    const [batch, height, width, all] = x.shape as [number, number, number, number];
    const channels = all / block ** 2;
    const apart = tf.reshape(order === 'crd' ? turned(x, channels, block ** 2) : x, [
      -1,
      width,
      block,
      block * channels,
    ]);
    return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [batch, height * block, width * block, channels]);
  },
};

export const spaceToDepth: Rule<Of<'spaceToDepth'>> = {
  options,
  plan: ({ block }, { shape: [height, width, channels] }, _, where) => {
    if (height % block !== 0 || width % block !== 0)
      throw problem(where, `block must divide the picture (${height} x ${width})`, block);
    return { shape: [height / block, width / block, channels * block ** 2] };
  },
  apply: ({ block, order = 'crd' }, x) => {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const apart = tf.transpose(tf.reshape(x, [-1, block, width / block, block * channels]), [0, 2, 1, 3]);
    const shape = [batch, height / block, width / block, channels * block ** 2];
    const out = tf.reshape(apart, shape);
    return order === 'crd' ? turned(out, block ** 2, channels) : out;
  },
};
