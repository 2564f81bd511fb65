import { matmul } from '../../ir/linear.js';
import { constant, type Node } from '../../ir/node.js';
import { upsample } from '../../ir/pool.js';
import { reshape, transpose } from '../../ir/shape.js';
import { Untraceable } from '../untraceable.js';
import type { Kernel } from './types.js';

interface Convention {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** The matrix [to, from] of linear interpolation along one axis, by tfjs's conventions. */
function interpolation(from: number, to: number, { alignCorners, halfPixelCenters }: Convention): Float32Array {
  const corners = alignCorners && to > 1;
  const scale = corners ? (from - 1) / (to - 1) : from / to;
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = Math.min(from - 1, Math.max(0, halfPixelCenters ? (i + 0.5) * scale - 0.5 : i * scale));
    const low = Math.floor(at);
    const high = Math.min(from - 1, low + 1);
    matrix[i * from + low]! += 1 - (at - low);
    matrix[i * from + high]! += at - low;
  }
  return matrix;
}

/** y[.., i, ..] = sum_j m[i, j] x[.., j, ..] */
function along(x: Node, axis: number, matrix: Float32Array, to: number): Node {
  const from = x.shape[axis]!;
  const last = [...x.shape.keys()].filter((a) => a !== axis).concat(axis);
  const moved = transpose(x, last);
  const m = constant(x.graph, matrix, [to, from]);
  const y = matmul(reshape(moved, [x.size / from, from]), m, false, true);
  const shape = [...moved.shape.slice(0, -1), to];
  return transpose(
    reshape(y, shape),
    x.shape.map((_, a) => last.indexOf(a)),
  );
}

/** Resizing of images [b, h, w, c]: whole-number nearest neighbour, and bilinear as two matrix products. */
export const resizing: Readonly<Record<string, Kernel>> = {
  ResizeNearestNeighbor: ({ images }, { size, alignCorners, halfPixelCenters }) => {
    const [, h, w] = images!.shape as [number, number, number];
    const factor = [size[0] / h, size[1] / w] as [number, number];
    if (alignCorners || halfPixelCenters || !factor.every(Number.isInteger))
      throw new Untraceable(`resizeNearestNeighbor to ${size[0]}x${size[1]}, not a whole multiple of ${h}x${w}`);
    return upsample(images!, factor);
  },
  ResizeBilinear: ({ images }, { size, ...convention }) => {
    const [, h, w] = images!.shape as [number, number, number];
    const wide = along(images!, 2, interpolation(w, size[1], convention), size[1]);
    return along(wide, 1, interpolation(h, size[0], convention), size[0]);
  },
};
