import type { Node } from '../../ir/node.js';
import { type Emitter, isConstant, type Rule, type Value } from '../emitter.js';
import { plain } from '../layout.js';
import type { OnnxAttributes } from '../model.js';

/**
 * Two-dimensional products read either operand in either order, and can write the transposed result.
 * @param alpha a factor of the product
 */
export function product(emitter: Emitter, n: Node, alpha?: number): Value {
  const [a, b] = n.inputs as [Node, Node];
  if (a.shape.length !== 2 || b.shape.length !== 2) {
    const names = [a, b].map((x) => emitter.as(x, plain(x.shape.length)));
    return { name: emitter.add('MatMul', names), order: plain(n.shape.length) };
  }
  const orderOf = (x: Node): readonly number[] => emitter.order(x) ?? [0, 1];
  const isTurned = (x: Node): number => (orderOf(x)[0] === 1 ? 1 : 0);
  const name = (x: Node): string => emitter.as(x, orderOf(x));
  const factor: OnnxAttributes = alpha === undefined ? {} : { alpha: { float: alpha } };
  // ONNX Runtime packs a constant right operand once: a constant left one is moved there by computing (b^T a^T).
  if (isConstant(a) && !isConstant(b)) {
    const turned = { transA: 1 - isTurned(b), transB: 1 - isTurned(a), ...factor };
    return { name: emitter.add('Gemm', [name(b), name(a)], turned), order: [1, 0] };
  }
  const turned = { transA: isTurned(a), transB: isTurned(b), ...factor };
  return { name: emitter.add('Gemm', [name(a), name(b)], turned), order: [0, 1] };
}

export const linear: Readonly<Record<string, Rule>> = { matmul: (emitter, n) => product(emitter, n) };
