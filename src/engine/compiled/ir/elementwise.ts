/** Elementwise operations: constructors that fold numbers, look through repetition and simplify. */
import { problem } from '../../../core/errors.js';
import { binaryTable, unaryTable } from './functions.js';
import { type Attributes, type Dtype, isSplat, type Node, node, sameShape, splat, splatValue } from './node.js';

const folded = (value: number, dtype: Dtype): number => (dtype === 'float32' ? Math.fround(value) : value);

/** numpy's broadcasting rule. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw problem('compile', `shapes must broadcast`, `[${a}] and [${b}]`);
    return m === 1 ? n : m;
  });
}

/** Repeats x along axes of length 1 (and new leading axes). Users look through it, so it is rarely computed. */
export function expand(x: Node, shape: readonly number[]): Node {
  if (sameShape(x.shape, shape)) return x;
  if (isSplat(x)) return splat(x.graph, splatValue(x), shape, x.dtype);
  if (x.op === 'expand') return expand(x.inputs[0]!, shape);
  if (x.op === 'reshape' && x.size === 1)
    return expand(x.inputs[0]!.shape.length <= shape.length ? x.inputs[0]! : x, shape);
  return node(x.graph, 'expand', [x], shape, x.dtype);
}

/** y = f(x) entry by entry, f from {@link unaryTable}. */
export function unary(op: string, x: Node, attributes: Attributes = {}): Node {
  const { fold, dtype = x.dtype } = unaryTable[op]!;
  const inner = x.inputs[0];
  if (isSplat(x) && op !== 'erf') return splat(x.graph, folded(fold(splatValue(x), attributes), dtype), x.shape, dtype);
  if (x.op === 'expand') return expand(unary(op, inner!, attributes), x.shape);
  if (op === 'neg' && x.op === 'neg') return inner!;
  if (op === 'neg' && x.op === 'sub') return binary('sub', x.inputs[1]!, x.inputs[0]!);
  if (op === 'neg' && x.op === 'mul' && isSplat(x.inputs[1]!)) return binary('mul', inner!, unary('neg', x.inputs[1]!));
  if (op === 'relu' && x.op === 'relu') return x;
  return node(x.graph, op, [x], x.shape, dtype, attributes);
}

export const neg = (x: Node): Node => unary('neg', x);
export const add = (a: Node, b: Node): Node => binary('add', a, b);
export const sub = (a: Node, b: Node): Node => binary('sub', a, b);
export const mul = (a: Node, b: Node): Node => binary('mul', a, b);
export const scale = (x: Node, factor: number): Node => mul(x, splat(x.graph, Math.fround(factor)));

/** z = f(a, b) entry by entry with broadcasting, f from {@link binaryTable}. */
export function binary(op: string, a: Node, b: Node): Node {
  const { fold, commutes, dtype = a.dtype } = binaryTable[op]!;
  const shape = broadcastShape(a.shape, b.shape);
  if (isSplat(a) && isSplat(b)) return splat(a.graph, folded(fold(splatValue(a), splatValue(b)), dtype), shape, dtype);
  // Operands shrink to what they really hold: splats to scalars, repeated values to the values repeated.
  const x = essence(a);
  const y = essence(b);
  if (x !== a || y !== b) return expand(binary(op, x, y), shape);
  if (commutes && rank(a) > rank(b)) return binary(op, b, a);
  return simplified(op, a, b, shape) ?? node(a.graph, op, [a, b], shape, dtype);
}

/** Order of operands of a commutative operation: numbers last, older nodes first. */
const rank = (n: Node): number => (isSplat(n) ? Number.POSITIVE_INFINITY : isNumber(n) ? 1e12 + n.id : n.id);
const isNumber = (n: Node): boolean => n.size === 1;

function essence(n: Node): Node {
  if (n.op === 'expand') return n.inputs[0]!;
  return isSplat(n) && n.shape.length ? splat(n.graph, splatValue(n), [], n.dtype) : n;
}

/** Algebraic rules; `undefined` when none applies. Numbers are second operands of commutative operations here. */
function simplified(op: string, a: Node, b: Node, shape: readonly number[]): Node | undefined {
  const [p, q] = [a.inputs[0], a.inputs[1]];
  if (op === 'add') {
    if (isSplat(b, 0)) return expand(a, shape);
    if (b.op === 'neg') return sub(a, b.inputs[0]!);
    if (a.op === 'neg') return sub(b, p!);
    if (a === b) return scale(a, 2);
  }
  if (op === 'sub') {
    if (isSplat(b, 0)) return expand(a, shape);
    if (isSplat(a, 0)) return expand(neg(b), shape);
    if (b.op === 'neg') return add(a, b.inputs[0]!);
    if (a.op === 'neg') return neg(add(p!, b));
    if (a === b) return splat(a.graph, 0, shape, a.dtype);
  }
  if (op === 'mul') {
    if (isSplat(b, 1)) return expand(a, shape);
    if (isSplat(b, 0)) return splat(a.graph, 0, shape, a.dtype);
    if (isSplat(b, -1)) return neg(a);
    if (isSplat(b) && a.op === 'mul' && isSplat(q!)) return mul(p!, mul(q!, b));
    if (isSplat(b) && a.op === 'neg') return mul(p!, neg(b));
    if (a.op === 'neg' && b.op === 'neg') return mul(p!, b.inputs[0]!);
    if (a.op === 'neg') return neg(mul(p!, b));
    if (b.op === 'neg') return neg(mul(a, b.inputs[0]!));
    // (x c) y = (x y) c brings numbers outward, where they meet and fold.
    if (a.op === 'mul' && isNumber(q!) && !isNumber(p!)) return isNumber(b) ? mul(p!, mul(q!, b)) : mul(mul(p!, b), q!);
    if (b.op === 'mul' && isNumber(b.inputs[1]!) && !isNumber(b)) return mul(mul(a, b.inputs[0]!), b.inputs[1]!);
    if (isPositiveMask(b, a)) return a;
    if (isPositiveMask(a, b)) return b;
  }
  if (op === 'div') {
    if (isSplat(b, 1)) return expand(a, shape);
    if (isSplat(a, 1)) return expand(unary('reciprocal', b), shape);
    if (isSplat(b) && Number.isInteger(Math.log2(Math.abs(splatValue(b)))))
      return mul(a, splat(a.graph, 1 / splatValue(b)));
  }
  if (op === 'pow') {
    if (isSplat(b, 1)) return expand(a, shape);
    if (isSplat(b, 2)) return expand(mul(a, a), shape);
    if (isSplat(b, 0.5)) return expand(unary('sqrt', a), shape);
    if (isSplat(b, 0)) return splat(a.graph, 1, shape, a.dtype);
  }
  return undefined;
}

/** Whether mask is 1 where x > 0, else 0, and y is relu(x) itself: then it changes nothing. */
function isPositiveMask(mask: Node, y: Node): boolean {
  const test = mask.op === 'cast' ? mask.inputs[0]! : mask;
  return y.op === 'relu' && test.op === 'greater' && test.inputs[0] === y.inputs[0] && isSplat(test.inputs[1]!, 0);
}

/** condition ? a : b, entry by entry with broadcasting. */
export function select(condition: Node, a: Node, b: Node): Node {
  const shape = broadcastShape(broadcastShape(condition.shape, a.shape), b.shape);
  if (isSplat(condition)) return expand(splatValue(condition) ? a : b, shape);
  const inputs = [condition, a, b].map(essence);
  const inner = inputs.map((n) => n.shape).reduce(broadcastShape);
  return expand(node(a.graph, 'select', inputs, inner, a.dtype), shape);
}

/** Number format conversion as tfjs does it: toward zero to int32, "not zero" to bool. */
export function cast(x: Node, dtype: Dtype): Node {
  if (x.dtype === dtype) return x;
  if (isSplat(x)) {
    const value = splatValue(x);
    return splat(
      x.graph,
      dtype === 'bool' ? +(value !== 0) : dtype === 'int32' ? Math.trunc(value) : value,
      x.shape,
      dtype,
    );
  }
  if (x.op === 'expand') return expand(cast(x.inputs[0]!, dtype), x.shape);
  return node(x.graph, 'cast', [x], x.shape, dtype);
}
