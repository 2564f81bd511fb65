/** Layers without parameters that are neither activations nor pools. */
import { sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { uniformStream } from '../../core/random.js';
import { tf } from '../../engine/index.js';
import { index, numbers, optional, rate, real, required, word } from './layer-options.js';
import type { Of, Rule } from './types.js';

export const scale: Rule<Of<'scale'>> = {
  options: { factor: required(real) },
  apply: ({ factor }, x) => tf.mul(x, factor),
};

export const normalize: Rule<Of<'normalize'>> = {
  options: { mean: required(numbers), std: required(numbers) },
  plan: ({ mean, std }, at, _, where) => {
    for (const [name, list] of [
      ['mean', mean],
      ['std', std],
    ] as const)
      if (list.length !== at.shape[2])
        throw problem(where, `${name} must have one number per channel (${at.shape[2]})`, list);
    if (!std.every((n) => n > 0)) throw problem(where, 'every number of std must be above 0', std);
    return at;
  },
  apply: ({ mean, std }, x) =>
    tf.mul(tf.sub(x, tf.tensor1d([...mean])), tf.tensor1d(Array.from(std, (deviation) => 1 / deviation))),
};

export const flatten: Rule<Of<'flatten'>> = {
  options: {},
  plan: (_, { shape, flattened }) => ({ shape: [1, 1, sizeOf(shape)], flattened: flattened ?? shape }),
  apply: (_, x) => tf.reshape(x, [x.shape[0], -1]),
};

export const dropout: Rule<Of<'dropout'>> = {
  options: { rate: required(rate), mask: optional(word('off', 'known', 'unknown')), seed: optional(index) },
  apply: ({ rate: p, mask = 'off', seed = 1 }, x, way) => {
    const known = mask === 'known' ? seed : undefined;
    const drawn = way.drawn(known, x.shape, (own) => {
      const random = uniformStream(own);
      return Float32Array.from({ length: x.size }, () => (random() < p ? 0 : 1 / (1 - p)));
    });
    return mask === 'off' || p === 0 || !drawn ? x : tf.mul(x, drawn);
  },
};
