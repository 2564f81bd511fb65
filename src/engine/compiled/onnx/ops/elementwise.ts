import { binaryTable, unaryTable } from '../../ir/functions.js';
import type { Node } from '../../ir/node.js';
import { type Emitter, leadingOrder, type Rule, type Value } from '../emitter.js';
import { physical, plain } from '../layout.js';
import { elementTypes, type OnnxAttributes } from '../model.js';

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

export const elementwise: Readonly<Record<string, Rule>> = {
  ...fromTables,
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
