/**
 * The intermediate form between a traced tfjs function and an ONNX graph: a directed graph of pure operations on
 * tensors of known shape. Equal nodes are the same object (hash-consing), so common subexpressions cost nothing.
 * Nobody makes nodes directly: the smart constructors beside this file simplify on the way in.
 */
import { sizeOf } from '../../../core/arrays.js';

/** `float64` appears in single numbers only: sums whose parts nearly cancel. */
export type Dtype = 'float32' | 'int32' | 'bool' | 'float64';
export type Values = Float32Array | Int32Array | Uint8Array | Float64Array;
export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** One value of the graph. */
export interface Node {
  readonly graph: Graph;
  readonly id: number;
  /** `input`, `const`, `splat` (one number everywhere), or the name of an operation of the emitter's table. */
  readonly op: string;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  readonly shape: readonly number[];
  readonly size: number;
  readonly dtype: Dtype;
  /** The values of a `const`. */
  readonly data?: Values;
}

/** All nodes of one trace. */
export interface Graph {
  readonly known: Map<string, Node>;
  count: number;
}

export const createGraph = (): Graph => ({ known: new Map(), count: 0 });

/** The node for an operation: the existing one when the same operation on the same inputs was seen before. */
export function node(
  graph: Graph,
  op: string,
  inputs: readonly Node[],
  shape: readonly number[],
  dtype: Dtype = 'float32',
  attributes: Attributes = {},
): Node {
  const key = keyOf(op, inputs, shape, dtype, attributes);
  const old = graph.known.get(key);
  if (old) return old;
  const made = { graph, id: graph.count++, op, inputs, attributes, shape, size: sizeOf(shape), dtype };
  graph.known.set(key, made);
  return made;
}

const keyOf = (
  op: string,
  inputs: readonly Node[],
  shape: readonly number[],
  dtype: Dtype,
  attributes: Attributes,
): string => `${op}(${inputs.map((n) => n.id)})[${shape}]${dtype}${JSON.stringify(attributes)}`;

/** The node for an operation, if it was made before. */
export const known = (graph: Graph, op: string, inputs: readonly Node[], shape: readonly number[]): Node | undefined =>
  graph.known.get(keyOf(op, inputs, shape, 'float32', {}));

export const input = (graph: Graph, index: number, shape: readonly number[]): Node =>
  node(graph, 'input', [], shape, 'float32', { index });

/** A tensor filled with one number. */
export const splat = (graph: Graph, value: number, shape: readonly number[] = [], dtype: Dtype = 'float32'): Node =>
  node(graph, 'splat', [], shape, dtype, {
    value: Object.is(value, -0) ? 0 : Number.isFinite(value) ? value : `${value}`,
  });

/** The number of a `splat`. JSON has no infinities, hence the string form inside. */
export const splatValue = (n: Node): number => Number(n.attributes.value);

/** A constant; becomes a `splat` when all entries are equal. Constants with equal contents are one node. */
export function constant(graph: Graph, data: Values, shape: readonly number[], dtype: Dtype = 'float32'): Node {
  const first = data[0];
  if (data.length > 0 && data.every((value) => value === first)) return splat(graph, first!, shape, dtype);
  const kind = `const[${shape}]${dtype}`;
  let [key, count] = [kind, 0];
  for (let old = graph.known.get(key); old; old = graph.known.get(key)) {
    if (old.data!.every((value, i) => Object.is(value, data[i]))) return old;
    key = `${kind} ${++count}`;
  }
  const made = {
    graph,
    id: graph.count++,
    op: 'const',
    inputs: [],
    attributes: {},
    shape,
    size: data.length,
    dtype,
    data,
  };
  graph.known.set(key, made);
  return made;
}

export const isSplat = (n: Node, value?: number): boolean =>
  n.op === 'splat' && (value === undefined || splatValue(n) === value);
export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** The nodes that `outputs` depend on, inputs before users; anything else is dead code, never looked at. */
export function inOrder(outputs: readonly Node[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack = [...outputs].reverse().map((n) => ({ n, next: 0 }));
  while (stack.length) {
    const top = stack[stack.length - 1]!;
    if (top.next === 0 && seen.has(top.n)) {
      stack.pop();
      continue;
    }
    seen.add(top.n);
    const child = top.n.inputs[top.next++];
    if (child === undefined) {
      order.push(top.n);
      stack.pop();
    } else if (!seen.has(child)) stack.push({ n: child, next: 0 });
  }
  return order;
}
