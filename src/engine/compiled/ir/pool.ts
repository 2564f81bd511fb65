/** Pooling over windows of images [b, h, w, c] and the nearest-neighbour upsampling that undoes average pooling. */
import type { WindowPosition } from '../../ops/windows.js';
import { expand, mul, scale } from './elementwise.js';
import type { Window } from './linear.js';
import { constant, type Node, node } from './node.js';
import { pad, slice } from './shape.js';

export interface Pool extends Window {
  readonly size: readonly [number, number];
}

const attributes = ({ size, strides, dilations, pads }: Pool) => ({ size, strides, dilations, pads });

/** Largest entry, or mean of the entries inside the image, of every window. */
export const pool = (kind: 'maxPool' | 'averagePool', x: Node, window: Pool, shape: readonly number[]): Node =>
  node(x.graph, kind, [x], shape, 'float32', attributes(window));

/** Every pixel becomes a block of factor[0] x factor[1] equal ones. */
export function upsample(x: Node, [fh, fw]: readonly [number, number]): Node {
  if (fh === 1 && fw === 1) return x;
  const [b, h, w, c] = x.shape as [number, number, number, number];
  if (h === 1 && w === 1) return expand(x, [b, fh, fw, c]);
  return node(x.graph, 'upsample', [x], [b, h * fh, w * fw, c], x.dtype, { factor: [fh, fw] });
}

/** The gradient of average pooling in its images, for windows without padding. */
export function averagePoolGradient(dy: Node, window: Pool, shape: readonly number[]): Node {
  const { size, strides } = window;
  const apart = size[0] === strides[0] && size[1] === strides[1];
  if (!apart) return node(dy.graph, 'averagePoolGradient', [dy], shape, 'float32', attributes(window));
  const spread = scale(upsample(dy, size), 1 / (size[0] * size[1]));
  const after = shape.map((n, i) => n - spread.shape[i]!);
  return pad(spread, [0, 0, 0, 0], after);
}

/** The entries under one position of a window, at all of its places. */
export function takeWindow(x: Node, { at, strides, places }: WindowPosition): Node {
  const [b, , , c] = x.shape as [number, number, number, number];
  return slice(x, [0, at[0], at[1], 0], [b, places[0], places[1], c], [1, strides[0], strides[1], 1]);
}

/** Entries put back where {@link takeWindow} takes them: blown up, all but the first of each block erased, moved. */
export function putWindow(dy: Node, { at, strides, inputShape }: WindowPosition): Node {
  const [b, rows, columns, c] = dy.shape as [number, number, number, number];
  const [sh, sw] = strides;
  const large = upsample(dy, [sh, sw]);
  const first = (i: number): number => +(Math.floor(i / (columns * sw)) % sh === 0 && (i % (columns * sw)) % sw === 0);
  const mask = Float32Array.from({ length: rows * sh * columns * sw }, (_, i) => first(i));
  const apart = sh === 1 && sw === 1 ? dy : mul(large, constant(dy.graph, mask, [1, rows * sh, columns * sw, 1]));
  const height = Math.min(rows * sh, inputShape[1]! - at[0]);
  const width = Math.min(columns * sw, inputShape[2]! - at[1]);
  const cut = slice(apart, [0, 0, 0, 0], [b, height, width, c]);
  return pad(cut, [0, at[0], at[1], 0], [0, inputShape[1]! - at[0] - height, inputShape[2]! - at[1] - width, 0]);
}
