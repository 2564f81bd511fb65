import type { Node } from '../../ir/node.js';
import type { Emitter, Rule, Value } from '../emitter.js';
import { dropAxes, physical, plain } from '../layout.js';

const axesOf = (n: Node): readonly number[] => n.attributes.axes as readonly number[];

const over =
  (type: string): Rule =>
  (emitter: Emitter, n: Node): Value => {
    const x = n.inputs[0]!;
    const order = emitter.order(x) ?? plain(x.shape.length);
    const positions = axesOf(n)
      .map((axis) => order.indexOf(axis))
      .sort((a, b) => a - b);
    const name = emitter.add(type, [emitter.as(x, order), emitter.ints(positions)], { keepdims: 0 });
    return { name, order: dropAxes(order, axesOf(n)) };
  };

const position =
  (type: string): Rule =>
  (emitter, n) => {
    const x = n.inputs[0]!;
    const order = emitter.order(x) ?? plain(x.shape.length);
    const axis = Number(n.attributes.axis);
    const found = emitter.add(type, [emitter.as(x, order)], { axis: order.indexOf(axis), keepdims: 0 });
    return { name: emitter.add('Cast', [found], { to: 6 }), order: dropAxes(order, [axis]) };
  };

const longSum = 4096;

/** A float32 sum over many entries loses digits (2 million: 1e-5): rows first, then the sums of the rows. */
function sum(emitter: Emitter, n: Node): Value {
  const x = n.inputs[0]!;
  if (n.shape.length > 0 || x.size < longSum) return over('ReduceSum')(emitter, n);
  const order = emitter.order(x) ?? plain(x.shape.length);
  const width = nearRoot(x.size);
  const square = [x.size / width, width];
  const name = emitter.as(x, order);
  const flat =
    String(physical(x.shape, order)) === String(square) ? name : emitter.add('Reshape', [name, emitter.ints(square)]);
  const rows = emitter.add('ReduceSum', [flat, emitter.ints([1])], { keepdims: 0 });
  return { name: emitter.add('ReduceSum', [rows, emitter.ints([0])], { keepdims: 0 }), order: [] };
}

/** The divisor of n nearest below its square root. */
function nearRoot(n: number): number {
  for (let d = Math.floor(Math.sqrt(n)); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

export const reductions: Readonly<Record<string, Rule>> = {
  sum,
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
