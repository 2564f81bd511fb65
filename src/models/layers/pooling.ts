import { problem } from '../../core/errors.js';
import type { ImageShape } from '../../core/types.js';
import { adaptiveAveragePool, padImages, type Tensor, type Tensor4D, tf } from '../../engine/index.js';
import { count, extent, flag, optional, padding, required, word } from './layer-options.js';
import type { Of, Planned, Rule } from './types.js';
import { type Pair, pair, places, type Sides, sidesOf } from './window.js';

interface Geometry {
  readonly size: Pair;
  readonly strides: Pair;
  readonly sides: Sides;
}

type Pool = Of<'maxPool' | 'averagePool'>;

function geometry({ size, stride = size, padding = 'valid' }: Pool): Geometry {
  return { size: pair(size), strides: pair(stride), sides: sidesOf(padding, pair(size)) };
}

const windowOptions = { size: required(extent), stride: optional(extent), padding: optional(padding) };

function plan(layer: Pool, { shape }: { readonly shape: ImageShape }, _name: string, where: string): Planned {
  const { size, strides, sides } = geometry(layer);
  if (sides.some((n, i) => n > size[i < 2 ? 0 : 1] / 2))
    throw problem(where, 'padding must be at most half the size', layer.padding);
  return { shape: [...places(shape, sides, size, strides), shape[2]] };
}

/** Below every activation; minus infinity itself would turn into NaN where it is multiplied by a mask of zeros. */
const LOWEST = -3.4028234663852886e38;

export const maxPool: Rule<Of<'maxPool'>> = {
  options: windowOptions,
  plan,
  apply: (layer, x) => {
    const { size, strides, sides } = geometry(layer);
    return tf.maxPool(padImages(x as Tensor4D, sides, LOWEST), [...size], [...strides], 'valid');
  },
};

export const averagePool: Rule<Of<'averagePool'>> = {
  options: { ...windowOptions, countIncludePad: optional(flag) },
  plan,
  apply: (layer, x) => {
    const { size, strides, sides } = geometry(layer);
    const y = tf.avgPool(padImages(x as Tensor4D, sides), [...size], [...strides], 'valid');
    const counts = (layer.countIncludePad ?? true) || sides.every((n) => n === 0);
    return counts ? y : tf.mul(y, shares(x.shape, y.shape, { size, strides, sides }));
  },
};

/** Cells of a window over those of them inside the picture, [1, rows, columns, 1]. */
function shares(from: readonly number[], to: readonly number[], { size, strides, sides }: Geometry): Tensor {
  const inside = (i: number, axis: 0 | 1): number => {
    const start = i * strides[axis] - sides[2 * axis]!;
    return Math.min(from[axis + 1]!, start + size[axis]) - Math.max(0, start);
  };
  const [rows, columns] = [to[1]!, to[2]!];
  const values = Float32Array.from({ length: rows * columns }, (_, k) => {
    const cells = inside(Math.floor(k / columns), 0) * inside(k % columns, 1);
    return cells > 0 ? (size[0] * size[1]) / cells : 0;
  });
  return tf.tensor(values, [1, rows, columns, 1]);
}

export const adaptive: Rule<Of<'adaptiveAveragePool'>> = {
  options: { size: required(count) },
  plan: ({ size }, { shape }) => ({ shape: [size, size, shape[2]] }),
  apply: ({ size }, x) => adaptiveAveragePool(x, size),
};

export const globalAverage: Rule<Of<'globalAveragePool'>> = {
  options: {},
  plan: (_, { shape }) => ({ shape: [1, 1, shape[2]] }),
  apply: (_, x) => adaptiveAveragePool(x, 1),
};

export const poolChannels: Rule<Of<'poolChannels'>> = {
  options: { by: required(word('mean', 'max')), size: optional(count) },
  plan: ({ size }, { shape: [height, width, channels] }, _, where) => {
    if (channels % (size ?? channels) !== 0) throw problem(where, `size must divide the channels (${channels})`, size);
    return { shape: [height, width, channels / (size ?? channels)] };
  },
  apply: ({ by, size: each }, x) => {
    const channels = x.shape.at(-1)!;
    const size = each ?? channels;
    const groups = tf.reshape(x, [-1, channels / size, size]);
    return tf.reshape(by === 'mean' ? tf.mean(groups, 2) : tf.max(groups, 2), [
      ...x.shape.slice(0, -1),
      channels / size,
    ]);
  },
};
