/** Turns a graph into ONNX: walks the nodes, keeps each value's physical order, collects ONNX nodes and constants. */

import { breath } from '../../../core/breath.js';
import { problem } from '../../../core/errors.js';
import { type Dtype, inOrder, type Node, splatValue, type Values } from '../ir/node.js';
import { moves, type Order, permutation, permuted, physical, plain, sameMemory, sameOrder } from './layout.js';
import type { ElementType, Initializer, OnnxAttributes, OnnxGraph, OnnxNode } from './model.js';

/** A computed value: its ONNX name and physical order. */
export interface Value {
  readonly name: string;
  readonly order: Order;
}

/** How one operation of the graph is written in ONNX: returns its value. */
export type Rule = (emitter: Emitter, node: Node) => Value;

export interface Emitter {
  /** Whether the graph is for a card: few large kernels, not what the processor's caches like. */
  readonly card: boolean;
  /** How many operations and outputs read a node's value. */
  uses(node: Node): number;
  /** The order in which a value lies; undefined for constants, which take any order for free. */
  order(node: Node): Order | undefined;
  /** The name of a node's value in the given physical order, moved there if need be. */
  as(node: Node, order: Order): string;
  /** The same with leading axes of length 1 added up to `rank`; `order` covers them. */
  padded(node: Node, rank: number, order: Order): string;
  /** A computed value of the given logical shape moved to another physical order. */
  move(value: Value, shape: readonly number[], order: Order): string;
  /** Adds an ONNX node and returns the name of its (first) output. */
  add(type: string, inputs: readonly string[], attributes?: OnnxAttributes): string;
  /** A small integer list: axes, shapes, steps. */
  ints(values: readonly number[]): string;
  floats(values: Float32Array, shape: readonly number[]): string;
}

export const isConstant = (n: Node): boolean => n.op === 'const' || n.op === 'splat';

/** The ONNX graph of `outputs` from inputs of the given shapes, and `kept` in the physical orders they have. */
export async function emit(
  rules: Readonly<Record<string, Rule>>,
  inputs: readonly (readonly number[])[],
  outputs: readonly Node[],
  kept: readonly Node[] = [],
  card = false,
): Promise<OnnxGraph & { readonly orders: readonly Order[] }> {
  const nodes: OnnxNode[] = [];
  const initializers: Initializer[] = [];
  const values = new Map<Node, Value>();
  const moved = new Map<string, string>();
  const once = (key: string, make: () => string): string => {
    const old = moved.get(key);
    if (old !== undefined) return old;
    const name = make();
    moved.set(key, name);
    return name;
  };
  const initializer = (type: ElementType, shape: readonly number[], data: Initializer['data']): string => {
    const name = `c${initializers.length}`;
    initializers.push({ name, type, shape, data });
    return name;
  };
  const add: Emitter['add'] = (type, names, attributes = {}) =>
    once(`${type}(${names})${JSON.stringify(attributes)}`, () => {
      const name = `v${nodes.length}`;
      nodes.push({ type, inputs: names, outputs: [name], attributes });
      return name;
    });
  const ints: Emitter['ints'] = (list) =>
    once(`ints ${list}`, () => initializer('int64', [list.length], BigInt64Array.from(list.map(BigInt))));
  const floats: Emitter['floats'] = (data, shape) => initializer('float32', shape, data);
  const constant = (n: Node, order: Order, shape: readonly number[]): string =>
    once(`const ${n.id} ${order} [${shape}]`, () => {
      const data = n.data ?? filled(n);
      return initializer(n.dtype, shape, permuted(data, n.shape, order));
    });
  const computed = (n: Node): Value => {
    const value = values.get(n);
    if (!value) throw problem('compile', `the value of ${n.op} is used before it is computed`);
    return value;
  };

  const as: Emitter['as'] = (n, order) => {
    if (isConstant(n)) return constant(n, order, physical(n.shape, order));
    const value = computed(n);
    if (sameOrder(value.order, order)) return value.name;
    // a transposed value has the name of what it was made of: the name alone does not say what lies where
    return once(`${value.name} ${value.order} to ${order} [${n.shape}]`, () => move(value, n.shape, order));
  };
  const move = ({ name, order: from }: Value, shape: readonly number[], order: Order): string => {
    const reshaped = (x: string, to: readonly number[]): string => add('Reshape', [x, ints(to)]);
    const target = physical(shape, order);
    if (sameMemory(shape, from, order)) return reshaped(name, target);
    if (card) return add('Transpose', [name], { perm: permutation(from, order) });
    let [result, dims]: [string, readonly number[]] = [name, physical(shape, from)];
    const steps = moves(shape, from, order);
    for (const [k, { shape: view, perm }] of steps.entries()) {
      const asIs = sameOrder(dims, view);
      const seen = asIs ? result : reshaped(result, view);
      // ONNX Runtime would merge a reshaped Transpose with its neighbours into a slow general one; Einsum it lets be.
      const last = k === steps.length - 1 && (k > 0 || !asIs);
      result = last ? add('Einsum', [seen], { equation: equation(perm) }) : add('Transpose', [seen], { perm });
      dims = perm.map((axis) => view[axis]!);
    }
    return sameOrder(dims, target) ? result : reshaped(result, target);
  };

  const padded: Emitter['padded'] = (n, rank, order) => {
    const lead = rank - n.shape.length;
    if (lead === 0) return as(n, order);
    if (n.op === 'splat' && n.size === 1) return constant(n, [], []);
    const own = order.filter((axis) => axis >= lead).map((axis) => axis - lead);
    const shape = physical([...Array(lead).fill(1), ...n.shape], order);
    if (isConstant(n)) return constant(n, own, shape);
    const name = as(n, own);
    const startsWithLead = order.slice(0, lead).every((axis) => axis < lead);
    if (startsWithLead || n.size === 1) return name;
    return once(`${name} [${shape}]`, () => add('Reshape', [name, ints(shape)]));
  };

  const sorted = inOrder([...outputs, ...kept]);
  const uses = new Map<Node, number>();
  for (const n of [...outputs, ...kept, ...sorted.flatMap((n) => n.inputs)]) uses.set(n, (uses.get(n) ?? 0) + 1);
  const emitter: Emitter = {
    card,
    uses: (n) => uses.get(n) ?? 0,
    order: (n) => (isConstant(n) ? undefined : computed(n).order),
    as,
    padded,
    move,
    add,
    ints,
    floats,
  };
  for (const n of sorted) {
    const pause = breath();
    if (pause) await pause;
    if (isConstant(n)) continue;
    const rule = rules[n.op];
    if (!rule && n.op !== 'input') throw problem('compile', `no ONNX form of the operation ${n.op}`);
    const order = n.attributes.order as Order | undefined;
    values.set(n, rule ? rule(emitter, n) : { name: `x${n.attributes.index}`, order: order ?? plain(n.shape.length) });
  }

  const given = new Set<string>();
  const orders = [...outputs.map((n) => plain(n.shape.length)), ...kept.map((n) => computed(n).order)];
  const ports = [...outputs, ...kept].map((n, i) => {
    const value = as(n, orders[i]!);
    const float = n.dtype === 'float32' ? value : add('Cast', [value], { to: 1 });
    // constants, inputs and what already is an output cannot be one as they are
    const name = float.startsWith('v') && !given.has(float) ? float : add('Identity', [float]);
    given.add(name);
    return { name, type: 'float32' as Dtype, shape: physical(n.shape, orders[i]!) };
  });
  const used = inputs.map((shape, i) => ({ name: `x${i}`, type: 'float32' as Dtype, shape }));
  const live = needed(nodes, ports);
  return { nodes: live, initializers, inputs: used, outputs: ports, orders: orders.slice(outputs.length) };
}

/** The nodes that the outputs need: what was merged into another node is not computed. */
function needed(nodes: readonly OnnxNode[], outputs: readonly { readonly name: string }[]): OnnxNode[] {
  const names = new Set(outputs.map(({ name }) => name));
  const live = [...nodes].reverse().filter((n) => {
    if (!n.outputs.some((name) => names.has(name))) return false;
    for (const name of n.inputs) names.add(name);
    return true;
  });
  return live.reverse();
}

/** A permutation in Einsum's words: [1, 0] is `ab->ba`. */
const equation = (perm: readonly number[]): string => {
  const letter = (axis: number): string => String.fromCharCode(97 + axis);
  return `${perm.map((_, axis) => letter(axis)).join('')}->${perm.map(letter).join('')}`;
};

function filled(n: Node): Values {
  const kinds = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, float64: Float64Array };
  return new kinds[n.dtype](n.size).fill(splatValue(n));
}

/** The order most operands share: that of the first computed operand with the full rank and the largest size. */
export function leadingOrder(emitter: Emitter, operands: readonly Node[], rank: number): Order {
  const candidates = operands.filter((n) => !isConstant(n) && n.shape.length === rank);
  const largest = candidates.reduce<Node | undefined>((best, n) => (best && best.size >= n.size ? best : n), undefined);
  return (largest && emitter.order(largest)) ?? plain(rank);
}
