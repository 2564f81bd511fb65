/** Matrix products and convolutions: bilinear, hence zero for a zero operand and free to let numbers pass outward. */
import { sizeOf } from '../../../core/arrays.js';
import { mul } from './elementwise.js';
import { isSplat, known, type Node, node, splat } from './node.js';
import { reshape, swap } from './shape.js';

/** [.., m, k] x [.., k, n] -> [.., m, n], leading axes broadcast. Of x y and y^T x^T one is computed. */
export function matmul(a: Node, b: Node, transposeA = false, transposeB = false): Node {
  const x = transposeA ? swap(a) : a;
  const y = transposeB ? swap(b) : b;
  const lead = (x.shape.length >= y.shape.length ? x : y).shape.slice(0, -2).map((n, i) => {
    const other = (x.shape.length >= y.shape.length ? y : x).shape;
    return Math.max(n, other[i + other.length - Math.max(x.shape.length, y.shape.length)] ?? 1);
  });
  const shape = [...lead, x.shape[x.shape.length - 2]!, y.shape[y.shape.length - 1]!];
  return bilinear(x, y, shape, (p, q) => {
    const turned = shape.length === 2 && known(p.graph, 'matmul', [swap(q), swap(p)], [shape[1]!, shape[0]!]);
    return turned ? swap(turned) : node(p.graph, 'matmul', [p, q], shape);
  });
}

/** f(x c, y) = f(x, y) c, where the result is not much larger: the factor meets others. Zero for zero operands. */
function bilinear(x: Node, y: Node, shape: readonly number[], f: (x: Node, y: Node) => Node): Node {
  if (isSplat(x, 0) || isSplat(y, 0)) return splat(x.graph, 0, shape);
  const [a, b] = [x, y].map((n) => withoutFactor(n, 4 * n.size >= sizeOf(shape))) as [Factored, Factored];
  if (!a.factor && !b.factor) return f(x, y);
  return [a.factor, b.factor].reduce<Node>(
    (z, factor) => (factor ? mul(z, factor) : z),
    bilinear(a.rest, b.rest, shape, f),
  );
}

interface Factored {
  readonly rest: Node;
  readonly factor?: Node;
}

function withoutFactor(n: Node, allowed: boolean): Factored {
  if (allowed && n.op === 'neg') return { rest: n.inputs[0]!, factor: splat(n.graph, -1) };
  if (
    allowed &&
    n.op === 'mul' &&
    n.inputs[1]!.size === 1 &&
    n.size > 1 &&
    n.inputs[0]!.shape.length === n.shape.length
  )
    return { rest: n.inputs[0]!, factor: reshape(n.inputs[1]!, []) };
  return { rest: n };
}

/** Strides, dilations and paddings of a two-dimensional window. */
export interface Window {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
}

const attributes = ({ strides, dilations, pads }: Window) => ({ strides, dilations, pads });

/** images [b, h, w, in] with kernel [kh, kw, in, out] -> [b, h', w', out]. */
export const conv = (x: Node, kernel: Node, window: Window, shape: readonly number[]): Node =>
  bilinear(x, kernel, shape, (p, q) => node(x.graph, 'conv', [p, q], shape, 'float32', attributes(window)));

/** The gradient of {@link conv} in its images: dy [b, h', w', out] with the kernel -> [b, h, w, in]. */
export const convInput = (dy: Node, kernel: Node, window: Window, shape: readonly number[]): Node =>
  bilinear(dy, kernel, shape, (p, q) => node(dy.graph, 'convInput', [p, q], shape, 'float32', attributes(window)));

/** The gradient of {@link conv} in its kernel: images with dy -> [kh, kw, in, out]. */
export const convFilter = (x: Node, dy: Node, window: Window, shape: readonly number[]): Node =>
  bilinear(x, dy, shape, (p, q) => node(x.graph, 'convFilter', [p, q], shape, 'float32', attributes(window)));
