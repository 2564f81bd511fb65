/** Layers that move, choose or repeat entries, and compute nothing. */
import { problem } from '../../core/errors.js';
import { type Tensor, tf } from '../../engine/index.js';
import { count, index, optional, padding, required, word } from './layer-options.js';
import type { Of, Rule } from './types.js';
import { type Sides, sidesOf } from './window.js';

export const shuffleChannels: Rule<Of<'shuffleChannels'>> = {
  options: { groups: required(count) },
  plan: ({ groups }, at, _, where) => {
    if (at.shape[2] % groups !== 0) throw problem(where, `groups must divide the channels (${at.shape[2]})`, groups);
    return at;
  },
  apply: ({ groups }, x) => {
    const channels = x.shape.at(-1)!;
    const apart = tf.reshape(x, [-1, groups, channels / groups]);
    return tf.reshape(tf.transpose(apart, [0, 2, 1]), x.shape);
  },
};

export const takeChannels: Rule<Of<'takeChannels'>> = {
  options: { from: required(index), count: required(count) },
  plan: ({ from, count: n }, { shape: [height, width, channels] }, _, where) => {
    if (from + n > channels) throw problem(where, `from + count must be at most the channels (${channels})`, from + n);
    return { shape: [height, width, n] };
  },
  apply: ({ from, count: n }, x) => {
    const last = x.rank - 1;
    const shape = [...x.shape.slice(0, last), n];
    return tf.slice(x, [...new Array<number>(last).fill(0), from], shape);
  },
};

export const pad: Rule<Of<'pad'>> = {
  options: { padding: required(padding), mode: optional(word('zeros', 'reflect', 'replicate')) },
  plan: ({ padding: cells, mode = 'zeros' }, { shape }, _, where) => {
    if (typeof cells === 'string')
      throw problem(where, 'padding must be a number or [top, bottom, left, right]', cells);
    const [top, bottom, left, right] = sidesOf(cells, [1, 1]);
    const [height, width, channels] = shape;
    if (mode === 'reflect' && (Math.max(top, bottom) >= height || Math.max(left, right) >= width))
      throw problem(where, `a mirrored side must be smaller than the picture (${height} x ${width})`, cells);
    return { shape: [height + top + bottom, width + left + right, channels] };
  },
  apply: ({ padding: cells, mode = 'zeros' }, x) => {
    const [top, bottom, left, right]: Sides = sidesOf(cells, [1, 1]);
    if (mode === 'zeros')
      return tf.pad(x, [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]);
    return extended(extended(x, 1, top, bottom, mode), 2, left, right, mode);
  },
};

/** More cells at both ends of an axis, each a copy of one inside. */
function extended(x: Tensor, axis: number, before: number, after: number, mode: 'reflect' | 'replicate'): Tensor {
  if (before + after === 0) return x;
  const n = x.shape[axis]!;
  const cell = (at: number): Tensor => {
    const from = x.shape.map((_, k) => (k === axis ? at : 0));
    const shape = x.shape.map((size, k) => (k === axis ? 1 : size));
    return tf.slice(x, from, shape);
  };
  const first = Array.from({ length: before }, (_, i) => cell(mode === 'reflect' ? before - i : 0));
  const last = Array.from({ length: after }, (_, i) => cell(mode === 'reflect' ? n - 2 - i : n - 1));
  return tf.concat([...first, x, ...last], axis);
}
