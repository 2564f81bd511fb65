/** Layers that move, choose or repeat entries, and compute nothing. */
import { sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { resize, type Tensor, tf } from '../../engine/index.js';
import { cells, count, extent, index, optional, picture, required, word } from './layer-options.js';
import type { Of, Rule } from './types.js';
import { pair, type Sides, sidesOf } from './window.js';

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

export const reshape: Rule<Of<'reshape'>> = {
  options: { shape: required(picture) },
  plan: ({ shape }, at, _, where) => {
    if (sizeOf(shape) !== sizeOf(at.shape)) throw problem(where, `shape must be of ${sizeOf(at.shape)} numbers`, shape);
    return { shape };
  },
  apply: ({ shape }, x) => tf.reshape(x, [x.shape[0], ...shape]),
};

export const resized: Rule<Of<'resize'>> = {
  options: { size: required(extent), method: optional(word('nearest', 'bilinear', 'bicubic')) },
  plan: ({ size }, { shape }) => ({ shape: [...pair(size), shape[2]] }),
  apply: ({ size, method = 'nearest' }, x) => resize(x, pair(size), method),
};

export const pad: Rule<Of<'pad'>> = {
  options: { padding: required(cells), mode: optional(word('zeros', 'reflect', 'replicate', 'circular')) },
  plan: ({ padding, mode = 'zeros' }, { shape }, _, where) => {
    const [top, bottom, left, right] = sidesOf(padding, [1, 1]);
    const [height, width, channels] = shape;
    if (mode !== 'zeros' && Math.min(top, bottom, left, right) < 0)
      throw problem(where, 'padding below 0, which cuts off, goes with zeros alone', padding);
    const most = { reflect: 1, circular: 0 }[mode as string] ?? Number.NEGATIVE_INFINITY;
    if (Math.max(top, bottom) > height - most || Math.max(left, right) > width - most)
      throw problem(
        where,
        `a ${mode === 'reflect' ? 'mirrored side must be smaller than' : 'side must not be larger than'} the picture ` +
          `(${height} x ${width})`,
        padding,
      );
    return { shape: [height + top + bottom, width + left + right, channels] };
  },
  apply: ({ padding, mode = 'zeros' }, x) => {
    const [top, bottom, left, right]: Sides = sidesOf(padding, [1, 1]);
    if (mode === 'zeros') return framed(x, [top, bottom, left, right]);
    return extended(extended(x, 1, top, bottom, mode), 2, left, right, mode);
  },
};

/** Zeros around a picture; where a side is below 0, cells of it are cut off. */
function framed(x: Tensor, [top, bottom, left, right]: Sides): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const cut = (n: number): number => Math.max(0, -n);
  const size = [batch, height - cut(top) - cut(bottom), width - cut(left) - cut(right), channels];
  const whole = Math.min(top, bottom, left, right) >= 0;
  const inner = whole ? x : tf.slice(x, [0, cut(top), cut(left), 0], size);
  const more = (n: number): number => Math.max(0, n);
  return tf.pad(inner, [
    [0, 0],
    [more(top), more(bottom)],
    [more(left), more(right)],
    [0, 0],
  ]);
}

/** More cells at both ends of an axis, each a copy of one inside. */
function extended(
  x: Tensor,
  axis: number,
  before: number,
  after: number,
  mode: 'reflect' | 'replicate' | 'circular',
): Tensor {
  if (before + after === 0) return x;
  const n = x.shape[axis]!;
  const cell = (at: number): Tensor => {
    const from = x.shape.map((_, k) => (k === axis ? at : 0));
    const shape = x.shape.map((size, k) => (k === axis ? 1 : size));
    return tf.slice(x, from, shape);
  };
  const [head, tail] = {
    reflect: [(i: number) => before - i, (i: number) => n - 2 - i],
    replicate: [() => 0, () => n - 1],
    circular: [(i: number) => n - before + i, (i: number) => i],
  }[mode] as [(i: number) => number, (i: number) => number];
  const first = Array.from({ length: before }, (_, i) => cell(head(i)));
  const last = Array.from({ length: after }, (_, i) => cell(tail(i)));
  return tf.concat([...first, x, ...last], axis);
}
