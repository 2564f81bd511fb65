/** Pooling over windows of images [b, h, w, c] and the nearest-neighbour upsampling that undoes average pooling. */
import { expand, scale } from './elementwise.js';
import type { Window } from './linear.js';
import { type Node, node } from './node.js';
import { pad } from './shape.js';

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
