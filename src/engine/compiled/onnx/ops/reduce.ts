import type { Node } from '../../ir/node.js';
import type { Emitter, Rule, Value } from '../emitter.js';
import { dropAxes, plain } from '../layout.js';

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

export const reductions: Readonly<Record<string, Rule>> = {
  sum: over('ReduceSum'),
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
