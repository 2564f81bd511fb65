import type { Node } from '../../ir/node.js';
import { type Emitter, leadingOrder, type Rule, type Value } from '../emitter.js';
import { dropAxes, physical, plain } from '../layout.js';
import { elementTypes } from '../model.js';

const axesOf = (n: Node): readonly number[] => n.attributes.axes as readonly number[];

const over =
  (type: string): Rule =>
  (emitter: Emitter, n: Node): Value =>
    reduced(emitter, type, n.inputs[0]!, axesOf(n));

function reduced(emitter: Emitter, type: string, x: Node, axes: readonly number[]): Value {
  const order = emitter.order(x) ?? plain(x.shape.length);
  const positions = axes.map((axis) => order.indexOf(axis)).sort((a, b) => a - b);
  const name = emitter.add(type, [emitter.as(x, order), emitter.ints(positions)], { keepdims: 0 });
  return { name, order: dropAxes(order, axes) };
}

const position =
  (type: string): Rule =>
  (emitter, n) => {
    const x = n.inputs[0]!;
    const order = emitter.order(x) ?? plain(x.shape.length);
    const axis = Number(n.attributes.axis);
    const found = emitter.add(type, [emitter.as(x, order)], { axis: order.indexOf(axis), keepdims: 0 });
    return { name: emitter.add('Cast', [found], { to: 6 }), order: dropAxes(order, [axis]) };
  };

const LONG_SUM = 4096;

/** A float32 sum over many entries loses digits (2 million: 1e-5): rows first, then the sums of the rows. */
function sum(emitter: Emitter, n: Node): Value {
  const x = n.inputs[0]!;
  if (emitter.card) {
    const isSquare = x.op === 'mul' && x.inputs[0] === x.inputs[1] && x.dtype === 'float32';
    return isSquare ? reduced(emitter, 'ReduceSumSquare', x.inputs[0]!, axesOf(n)) : over('ReduceSum')(emitter, n);
  }
  if (n.shape.length > 0 || x.size < LONG_SUM) return over('ReduceSum')(emitter, n);
  const order = emitter.order(x) ?? plain(x.shape.length);
  const rows = rowSums(emitter, emitter.as(x, order), physical(x.shape, order), x.size);
  return { name: emitter.add('ReduceSum', [rows, emitter.ints([0])], { keepdims: 0 }), order: [] };
}

function rowSums(emitter: Emitter, name: string, shape: readonly number[], size: number): string {
  const width = nearRoot(size);
  const square = [size / width, width];
  const flat = String(shape) === String(square) ? name : emitter.add('Reshape', [name, emitter.ints(square)]);
  return emitter.add('ReduceSum', [flat, emitter.ints([1])], { keepdims: 0 });
}

const FEW_ENTRIES = 2 ** 18;
const double = (emitter: Emitter, name: string): string => emitter.add('Cast', [name], { to: elementTypes.float64 });
const total = (emitter: Emitter, name: string, axes: readonly number[]): Value => ({
  name: emitter.add('ReduceSum', [name, emitter.ints(axes)], { keepdims: 0 }),
  order: [],
});

/** sum(x * y) of two matrices: all of it in float64 when small, else the products and the sums of rows in float32. */
function dot(emitter: Emitter, n: Node): Value {
  const [x, y] = n.inputs as [Node, Node];
  const order = leadingOrder(emitter, [x, y], 2);
  const names = [x, y].map((m) => emitter.as(m, order));
  if (x.size <= FEW_ENTRIES) {
    const [a, b] = names.map((name) => double(emitter, name));
    return total(emitter, emitter.add('Mul', [a!, b!]), [0, 1]);
  }
  const product = emitter.add('Mul', names);
  const rows = rowSums(emitter, product, physical(x.shape, order), x.size);
  return total(emitter, double(emitter, rows), [0]);
}

/** sum((P Q) * (R S)) = sum((P^T R) * (Q S^T)) for thin P [m, k], R [m, l], all in float64. */
function gramDot(emitter: Emitter, n: Node): Value {
  const [p, q, r, s] = n.inputs as [Node, Node, Node, Node];
  const load = (m: Node, k: number): { name: string; trans: number } => {
    const order = emitter.order(m) ?? [0, 1];
    return { name: double(emitter, emitter.as(m, order)), trans: order[0] === k ? 1 : 0 };
  };
  const gram = (a: Node, b: Node, inner: 0 | 1): string => {
    // Contracts axis `inner` of both: a^T b for 0, a b^T for 1.
    const left = load(a, inner);
    const right = load(b, 1 - inner);
    return emitter.add('Gemm', [left.name, right.name], { transA: left.trans, transB: right.trans });
  };
  return total(emitter, emitter.add('Mul', [gram(p, r, 0), gram(q, s, 1)]), [0, 1]);
}

/** The divisor of n nearest below its square root. */
function nearRoot(n: number): number {
  for (let d = Math.floor(Math.sqrt(n)); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

export const reductions: Readonly<Record<string, Rule>> = {
  sum,
  dot,
  gramDot,
  reduceMax: over('ReduceMax'),
  reduceMin: over('ReduceMin'),
  reduceProd: over('ReduceProd'),
  argMax: position('ArgMax'),
  argMin: position('ArgMin'),
  cumsum: (emitter, n) => {
    const x = n.inputs[0]!;
    const order = emitter.order(x) ?? plain(x.shape.length);
    const axis = emitter.ints([order.indexOf(Number(n.attributes.axis))]);
    const { exclusive, reverse } = n.attributes;
    const attributes = { exclusive: Number(exclusive), reverse: Number(reverse) };
    return { name: emitter.add('CumSum', [emitter.as(x, order), axis], attributes), order };
  },
};
