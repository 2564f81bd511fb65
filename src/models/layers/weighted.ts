import { sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import type { Init } from '../../core/types.js';
import { convolution, type Tensor, type Tensor4D, tf } from '../../engine/index.js';
import { count, extent, flag, optional, padding, required, word } from './layer-options.js';
import type { Of, ParameterSpec, Rule, Way } from './types.js';
import { type Pair, pair, places, type Sides, sidesOf } from './window.js';

interface More extends Pick<ParameterSpec, 'flattens'> {
  readonly init?: Init;
}

/** A kernel, and a bias if there is one. */
export function weighted(
  name: string,
  shape: readonly number[],
  fanIn: number,
  bias: boolean,
  { init = 'uniform', flattens }: More = {},
): ParameterSpec[] {
  const fanOut = sizeOf(shape) / shape.at(-2)!;
  const start = { uniform: undefined, kaiming: Math.sqrt(2 / fanOut), normal: 0.01 }[init];
  const drawn = start !== undefined;
  const kernel = { name: `${name}/kernel`, shape, fanIn, ...(drawn && { init: start }), ...(flattens && { flattens }) };
  const shift: ParameterSpec = { name: `${name}/bias`, shape: shape.slice(-1), fanIn, ...(drawn && { init: 'zeros' }) };
  return bias ? [kernel, shift] : [kernel];
}

const initial = { init: optional(word('uniform', 'kaiming', 'normal')) };

interface Geometry {
  readonly size: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Sides;
  readonly groups: number;
}

function geometry({ size, stride = 1, dilation = 1, padding, groups = 1 }: Of<'conv'>): Geometry {
  const [kernel, dilations] = [pair(size), pair(dilation)];
  const [v, h] = kernel.map((n, d) => dilations[d]! * Math.floor(n / 2)) as [number, number];
  const sides = padding === undefined ? ([v, v, h, h] as const) : sidesOf(padding, kernel, dilations);
  return { size: kernel, strides: pair(stride), dilations, padding: sides, groups };
}

export const conv: Rule<Of<'conv'>> = {
  options: {
    filters: required(count),
    size: required(extent),
    stride: optional(extent),
    dilation: optional(extent),
    padding: optional(padding),
    groups: optional(count),
    bias: optional(flag),
    ...initial,
  },
  plan: (layer, { shape }, name, where) => {
    const { size, strides, dilations, padding, groups } = geometry(layer);
    const { filters, bias = true, init } = layer;
    for (const [what, n] of [
      ['the input channels', shape[2]],
      ['filters', filters],
    ] as const)
      if (n % groups !== 0) throw problem(where, `groups must divide ${what} (${n})`, groups);
    const inputs = shape[2] / groups;
    const [height, width] = places(shape, padding, size, strides, dilations);
    return {
      shape: [height, width, filters],
      specs: weighted(name, [...size, inputs, filters], size[0] * size[1] * inputs, bias, { init }),
    };
  },
  apply: (layer, x, { take, finish, using }) => {
    const pixel = x.rank === 2;
    const [input, how] = [(pixel ? tf.reshape(x, [x.shape[0], 1, 1, -1]) : x) as Tensor4D, geometry(layer)];
    const out = using({ kind: 'convolution', input, how }, convolution(input, take() as Tensor4D, how));
    return (layer.bias ?? true) ? using({ kind: 'summand' }, finish(out, take)) : out;
  },
};

/** x W + b on the last axis. */
export function affine(x: Tensor, bias: boolean, { take, using }: Pick<Way, 'take' | 'using'>): Tensor {
  const input = tf.reshape(x, [-1, x.shape.at(-1)!]);
  const out = using({ kind: 'product', input }, tf.matMul(input, take()));
  return bias ? using({ kind: 'summand' }, tf.add(out, take())) : out;
}

export const dense: Rule<Of<'dense'>> = {
  options: { units: required(count), bias: optional(flag), perToken: optional(flag), ...initial },
  plan: ({ units, bias = false, perToken = false, init }, { shape, flattened }, name) => {
    if (perToken)
      return { shape: [shape[0], shape[1], units], specs: weighted(name, [shape[2], units], shape[2], bias, { init }) };
    const fanIn = sizeOf(shape);
    return {
      shape: [1, 1, units],
      specs: weighted(name, [fanIn, units], fanIn, bias, { init, flattens: flattened ?? shape }),
    };
  },
  apply: ({ units, bias = false, perToken = false }, x, way) => {
    if (!perToken) return affine(tf.reshape(x, [x.shape[0], -1]), bias, way);
    return tf.reshape(affine(x, bias, way), [...x.shape.slice(0, -1), units]);
  },
};
