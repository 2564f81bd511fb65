/** Operations that move entries without computing: constructors that compose, cancel and look through each other. */
import { expand, mul, neg } from './elementwise.js';
import { isSplat, type Node, node, sameShape, splat, splatValue } from './node.js';

/** The same entries in row-major order under another shape. */
export function reshape(x: Node, shape: readonly number[]): Node {
  if (sameShape(x.shape, shape)) return x;
  if (isSplat(x)) return splat(x.graph, splatValue(x), shape, x.dtype);
  if (x.op === 'reshape') return reshape(x.inputs[0]!, shape);
  if (x.op === 'expand' && x.inputs[0]!.size === 1) return expand(reshape(x.inputs[0]!, []), shape);
  return node(x.graph, 'reshape', [x], shape, x.dtype);
}

/** y[i0, i1, ...] with axis k of y being axis permutation[k] of x. */
export function transpose(x: Node, permutation: readonly number[]): Node {
  const shape = permutation.map((axis) => x.shape[axis]!);
  const long = permutation.filter((axis) => x.shape[axis] !== 1);
  if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return reshape(x, shape);
  if (isSplat(x)) return splat(x.graph, splatValue(x), shape, x.dtype);
  if (x.op === 'expand' && x.inputs[0]!.size === 1) return expand(x.inputs[0]!, shape);
  if (x.op === 'neg') return neg(transpose(x.inputs[0]!, permutation));
  if (x.op === 'mul' && x.inputs[1]!.size === 1 && x.inputs[0]!.shape.length === x.shape.length)
    return mul(transpose(x.inputs[0]!, permutation), reshape(x.inputs[1]!, []));
  if (x.op === 'transpose') {
    const inner = x.attributes.permutation as readonly number[];
    return transpose(
      x.inputs[0]!,
      permutation.map((axis) => inner[axis]!),
    );
  }
  return node(x.graph, 'transpose', [x], shape, x.dtype, { permutation });
}

/** Swaps the last two axes. */
export function swap(x: Node): Node {
  const rank = x.shape.length;
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(0, rank - 2), rank - 1, rank - 2]);
}

/** Tensors one after the other along an axis. */
export function concat(parts: readonly Node[], axis: number): Node {
  const filled = parts.filter((part) => part.shape[axis]! > 0);
  const first = filled[0] ?? parts[0]!;
  if (filled.length <= 1) return first;
  const shape = first.shape.map((n, i) => (i === axis ? filled.reduce((sum, part) => sum + part.shape[axis]!, 0) : n));
  if (filled.every((part) => isSplat(part, splatValue(first))))
    return splat(first.graph, splatValue(first), shape, first.dtype);
  return node(first.graph, 'concat', filled, shape, first.dtype, { axis });
}

/** x[begin .. begin + size) with steps; a negative step walks backwards from begin. */
export function slice(x: Node, begin: readonly number[], size: readonly number[], steps?: readonly number[]): Node {
  const stride = steps ?? begin.map(() => 1);
  if (sameShape(size, x.shape) && stride.every((step) => step === 1)) return x;
  if (isSplat(x)) return splat(x.graph, splatValue(x), size, x.dtype);
  return node(x.graph, 'slice', [x], size, x.dtype, { begin, steps: stride });
}

/** Turns axes around. */
export function reverse(x: Node, axes: readonly number[]): Node {
  const turned = axes.filter((axis) => x.shape[axis]! > 1);
  if (turned.length === 0 || isSplat(x)) return x;
  return slice(
    x,
    x.shape.map((n, i) => (turned.includes(i) ? n - 1 : 0)),
    x.shape,
    x.shape.map((_, i) => (turned.includes(i) ? -1 : 1)),
  );
}

/** Adds `before` and `after` entries on every axis: a number, or mirrored ones without the edge. */
export function pad(x: Node, before: readonly number[], after: readonly number[], fill: number | 'reflect' = 0): Node {
  if ([...before, ...after].every((n) => n === 0)) return x;
  const shape = x.shape.map((n, i) => n + before[i]! + after[i]!);
  if (isSplat(x) && (typeof fill === 'string' || isSplat(x, fill)))
    return splat(x.graph, splatValue(x), shape, x.dtype);
  return node(x.graph, 'pad', [x], shape, x.dtype, { before, after, fill });
}

/** Repeats the whole tensor along every axis. */
export function tile(x: Node, repeats: readonly number[]): Node {
  const shape = x.shape.map((n, i) => n * repeats[i]!);
  if (repeats.every((n, i) => n === 1 || x.shape[i] === 1)) return expand(x, shape);
  if (isSplat(x)) return splat(x.graph, splatValue(x), shape, x.dtype);
  return node(x.graph, 'tile', [x], shape, x.dtype, { repeats });
}

/** y[.., i, ..] = x[.., indices[i], ..]; the shape of the indices takes the place of the axis. */
export function gather(x: Node, indices: Node, axis: number): Node {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  if (isSplat(x)) return splat(x.graph, splatValue(x), shape, x.dtype);
  return node(x.graph, 'gather', [x, indices], shape, x.dtype, { axis });
}

/** Inserts an axis of length 1. */
export const unsqueeze = (x: Node, axis: number): Node =>
  reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
