import { binaryTable, unaryTable } from '../../ir/functions.js';
import { isSplat, type Node, sameShape, splatValue } from '../../ir/node.js';
import { type Emitter, leadingOrder, type Rule, type Value } from '../emitter.js';
import { physical, plain } from '../layout.js';
import { elementTypes, type OnnxAttributes } from '../model.js';
import { product } from './linear.js';

/** One ONNX node over operands that broadcast, all in the order of the largest. */
function together(emitter: Emitter, n: Node, type: string, attributes: OnnxAttributes = {}): Value {
  const rank = n.shape.length;
  const order = leadingOrder(emitter, n.inputs, rank);
  const names = n.inputs.map((operand) => emitter.padded(operand, rank, order));
  return { name: emitter.add(type, names, attributes), order };
}

const fromTables = Object.fromEntries(
  Object.entries({ ...unaryTable, ...binaryTable }).map(([op, { onnx }]): [string, Rule] => [
    op,
    (emitter, n) =>
      together(emitter, n, onnx, 'alpha' in n.attributes ? { alpha: { float: Number(n.attributes.alpha) } } : {}),
  ]),
);

/** On a card: a mask of zeros and ones chooses, a factor of a product is part of it. Both save a launch. */
function mul(emitter: Emitter, n: Node): Value {
  const [a, b] = n.inputs as [Node, Node];
  if (emitter.card && n.dtype === 'float32') {
    const mask = n.inputs.find(({ op, inputs }) => op === 'cast' && inputs[0]!.dtype === 'bool');
    if (mask) return chosen(emitter, n, mask.inputs[0]!, mask === a ? b : a);
    if (a.op === 'matmul' && a.shape.length === 2 && isSplat(b) && emitter.uses(a) === 1)
      return product(emitter, a, splatValue(b));
  }
  return together(emitter, n, 'Mul');
}

/** mask ? x : 0 */
function chosen(emitter: Emitter, n: Node, mask: Node, x: Node): Value {
  const rank = n.shape.length;
  const order = leadingOrder(emitter, [mask, x], rank);
  const names = [mask, x].map((operand) => emitter.padded(operand, rank, order));
  return { name: emitter.add('Where', [...names, emitter.floats(ZERO, [])]), order };
}

const ZERO = Float32Array.of(0);

/** On a card: a sum of sums that nobody else reads is one launch. */
function add(emitter: Emitter, n: Node): Value {
  const parts = emitter.card && n.dtype === 'float32' ? addends(emitter, n) : [];
  if (parts.length < 3 || parts.some(({ shape }) => !sameShape(shape, n.shape))) return together(emitter, n, 'Add');
  const order = leadingOrder(emitter, parts, n.shape.length);
  return {
    name: emitter.add(
      'Sum',
      parts.map((part) => emitter.as(part, order)),
    ),
    order,
  };
}

const addends = (emitter: Emitter, n: Node): Node[] =>
  n.inputs.flatMap((x) => (x.op === 'add' && emitter.uses(x) === 1 ? addends(emitter, x) : [x]));

export const elementwise: Readonly<Record<string, Rule>> = {
  ...fromTables,
  mul,
  add,
  select: (emitter, n) => together(emitter, n, 'Where'),
  // Five times as fast as ONNX Sign; entries below 1e-38 in magnitude give a fraction of 1.
  sign: (emitter, n) => {
    if (n.dtype !== 'float32') return together(emitter, n, 'Sign');
    const order = emitter.order(n.inputs[0]!) ?? plain(n.shape.length);
    const [huge, low, high] = [2 ** 127, -1, 1].map((value) => emitter.floats(Float32Array.of(value), []));
    const grown = emitter.add('Mul', [emitter.as(n.inputs[0]!, order), huge!]);
    return { name: emitter.add('Clip', [grown, low!, high!]), order };
  },
  cast: (emitter, n) => together(emitter, n, 'Cast', { to: elementTypes[n.dtype] }),
  expand: (emitter, n) => {
    const [x] = n.inputs as [Node];
    const order = leadingOrder(emitter, n.inputs, n.shape.length);
    const name = emitter.padded(x, n.shape.length, order);
    return { name: emitter.add('Expand', [name, emitter.ints(physical(n.shape, order))]), order };
  },
};
