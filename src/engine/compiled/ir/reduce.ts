/** Reductions over axes. Reduced axes vanish from the shape. */
import { cast, expand, mul, scale } from './elementwise.js';
import { isSplat, type Node, node, splat, splatValue } from './node.js';
import { reshape } from './shape.js';

const without = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.filter((_, i) => !axes.includes(i));
const count = (shape: readonly number[], axes: readonly number[]): number =>
  axes.reduce((product, axis) => product * shape[axis]!, 1);

/** Sum over axes. Numbers, signs and repetitions move outside; sums of sums merge. */
export function sum(x: Node, axes: readonly number[]): Node {
  const shape = without(x.shape, axes);
  const n = count(x.shape, axes);
  if (n === 1) return reshape(x, shape);
  if (isSplat(x)) return splat(x.graph, Math.fround(splatValue(x) * n), shape, x.dtype);
  const [p, q] = [x.inputs[0]!, x.inputs[1]];
  if (x.op === 'mul' && q!.size === 1) return mul(sum(p, axes), reshape(q!, []));
  if (x.op === 'mul' && p.size === 1) return mul(sum(q!, axes), reshape(p, []));
  if (x.op === 'neg') return scale(sum(p, axes), -1);
  if (x.op === 'reshape' && shape.length === 0) return sum(p, allAxes(p));
  if (x.op === 'transpose' && shape.length === 0) return sum(p, allAxes(p));
  if (x.op === 'expand') {
    const lead = x.shape.length - p.shape.length;
    const padded = reshape(p, [...Array(lead).fill(1), ...p.shape]);
    const repeated = axes.filter((axis) => padded.shape[axis] === 1);
    if (repeated.length) {
      const rest = axes.filter((axis) => !repeated.includes(axis));
      const inner = reshape(sum(padded, rest), without(padded.shape, axes));
      return expand(scale(inner, count(x.shape, repeated)), shape);
    }
  }
  return node(x.graph, 'sum', [x], shape, x.dtype, { axes: [...axes].sort((a, b) => a - b) });
}

export const allAxes = (x: Node): number[] => x.shape.map((_, i) => i);

export const mean = (x: Node, axes: readonly number[]): Node =>
  scale(sum(cast(x, 'float32'), axes), 1 / count(x.shape, axes));

export function extreme(op: 'reduceMax' | 'reduceMin' | 'reduceProd', x: Node, axes: readonly number[]): Node {
  const shape = without(x.shape, axes);
  if (count(x.shape, axes) === 1) return reshape(x, shape);
  if (isSplat(x) && op !== 'reduceProd') return splat(x.graph, splatValue(x), shape, x.dtype);
  return node(x.graph, op, [x], shape, x.dtype, { axes: [...axes].sort((a, b) => a - b) });
}

/** Position of the largest or smallest entry along an axis; the first of equal ones. */
export const argExtreme = (op: 'argMax' | 'argMin', x: Node, axis: number): Node =>
  node(x.graph, op, [x], without(x.shape, [axis]), 'int32', { axis });

/** Running sums along an axis. */
export const cumulate = (x: Node, axis: number, exclusive: boolean, backwards: boolean): Node =>
  isSplat(x, 0)
    ? x
    : node(x.graph, 'cumsum', [x], x.shape, x.dtype, { axis, exclusive: +exclusive, reverse: +backwards });
