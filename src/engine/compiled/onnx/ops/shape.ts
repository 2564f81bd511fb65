import type { Node } from '../../ir/node.js';
import { type Emitter, leadingOrder, type Rule, type Value } from '../emitter.js';
import { type Order, physical, plain, reshapedOrder } from '../layout.js';

const only = (n: Node): Node => n.inputs[0]!;
const orderOf = (emitter: Emitter, n: Node): Order => emitter.order(n) ?? plain(n.shape.length);
const list = (n: Node, name: string): readonly number[] => n.attributes[name] as readonly number[];

/** Values per logical axis, in the sequence of the physical ones. */
const ordered = (values: readonly number[], order: Order): number[] => order.map((axis) => values[axis]!);

function slice(emitter: Emitter, n: Node): Value {
  const x = only(n);
  const order = orderOf(emitter, x);
  const [begin, steps] = [list(n, 'begin'), list(n, 'steps')];
  const cut = order.filter((axis) => n.shape[axis] !== x.shape[axis] || steps[axis] !== 1);
  const end = (axis: number): number => {
    const last = begin[axis]! + n.shape[axis]! * steps[axis]!;
    return last < 0 ? -x.shape[axis]! - 1 : last;
  };
  const lists = [
    cut.map((axis) => begin[axis]!),
    cut.map(end),
    cut.map((axis) => order.indexOf(axis)),
    ordered(steps, cut),
  ];
  return { name: emitter.add('Slice', [emitter.as(x, order), ...lists.map(emitter.ints)]), order };
}

function pad(emitter: Emitter, n: Node): Value {
  const x = only(n);
  const order = orderOf(emitter, x);
  const amounts = emitter.ints([...ordered(list(n, 'before'), order), ...ordered(list(n, 'after'), order)]);
  const { fill } = n.attributes;
  const mirrored = typeof fill === 'string';
  const inputs = [emitter.as(x, order), amounts];
  if (!mirrored && fill !== 0) inputs.push(emitter.floats(Float32Array.of(Number(fill)), []));
  return { name: emitter.add('Pad', inputs, { mode: mirrored ? 'reflect' : 'constant' }), order };
}

export const shape: Readonly<Record<string, Rule>> = {
  reshape: (emitter, n) => {
    const x = only(n);
    const order = emitter.order(x);
    const kept = order && reshapedOrder(x.shape, n.shape, order);
    const name = emitter.as(x, kept ? order : plain(x.shape.length));
    const result = kept ?? plain(n.shape.length);
    return { name: emitter.add('Reshape', [name, emitter.ints(physical(n.shape, result))]), order: result };
  },
  transpose: (emitter, n) => {
    const x = only(n);
    const axes = list(n, 'permutation');
    const order = orderOf(emitter, x);
    return { name: emitter.as(x, order), order: order.map((axis) => axes.indexOf(axis)) };
  },
  concat: (emitter, n) => {
    const order = leadingOrder(emitter, n.inputs, n.shape.length);
    const names = n.inputs.map((part) => emitter.as(part, order));
    return { name: emitter.add('Concat', names, { axis: order.indexOf(Number(n.attributes.axis)) }), order };
  },
  slice,
  pad,
  tile: (emitter, n) => {
    const order = orderOf(emitter, only(n));
    const repeats = emitter.ints(ordered(list(n, 'repeats'), order));
    return { name: emitter.add('Tile', [emitter.as(only(n), order), repeats]), order };
  },
  gather: (emitter, n) => {
    const [x, indices] = n.inputs as [Node, Node];
    const names = [emitter.as(x, plain(x.shape.length)), emitter.as(indices, plain(indices.shape.length))];
    return { name: emitter.add('Gather', names, { axis: Number(n.attributes.axis) }), order: plain(n.shape.length) };
  },
};
