import type { OnnxNode } from '../../assets/index.js';
import { sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { type Known, numberOf, numbers } from './known.js';
import { resizedShape, transposedShape } from './match-resized.js';
import { alongRow, checkWindows, windowed } from './match-windows.js';

type Shape = readonly number[];

const broadcast = (a: Shape, b: Shape): number[] => {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Shape, i: number): number => shape[shape.length - rank + i] ?? 1;
  return Array.from({ length: rank }, (_, i) => Math.max(at(a, i), at(b, i)));
};

function reshaped(from: Shape, to: Shape): number[] {
  const kept = to.map((n, axis) => (n === 0 ? from[axis]! : n));
  const rest = kept.reduce((product, n) => (n < 0 ? product : product * n), 1);
  return kept.map((n) => (n < 0 ? sizeOf(from) / rest : n));
}

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

interface Cut {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly axes?: readonly number[] | undefined;
  readonly step: readonly number[];
}

/** What a Slice takes: inputs, or before opset 10 attributes. */
export function cutOf({ inputs, attributes }: OnnxNode, known: Pick<Known, 'constant'>): Cut {
  const list = (k: number): number[] | undefined => {
    const given = known.constant(inputs[k]);
    return given && [...given.data];
  };
  if (inputs.length > 1) return { from: list(1) ?? [], to: list(2) ?? [], axes: list(3), step: list(4) ?? [] };
  const { starts, ends, axes } = attributes;
  const named = axes === undefined ? undefined : numbers(axes, []);
  return { from: numbers(starts, []), to: numbers(ends, []), axes: named, step: [] };
}

/** Places of each axis that a Slice takes: from where on, how far apart, how many; steps may go back. */
export const slicePlaces = (shape: Shape, { from, to, axes, step }: Cut) =>
  shape.map((n, axis) => {
    const k = (axes ?? shape.map((_, i) => i)).findIndex((one) => axisOf(one, shape.length) === axis);
    const by = step[k] ?? 1;
    if (k < 0 || k >= from.length || by === 0) return { start: 0, by: 1, length: n };
    const inside = (i: number, low: number, high: number): number => Math.min(high, Math.max(low, i < 0 ? i + n : i));
    const [low, high] = by > 0 ? [0, n] : [-1, n - 1];
    const [start, end] = [inside(from[k]!, Math.max(0, low), high), inside(to[k]!, low, high)];
    return { start, by, length: Math.max(0, Math.ceil((end - start) / by)) };
  });

/** How many places of its axis each output of a Split takes. */
export function splitSizes({ inputs, outputs, attributes }: OnnxNode, known: Known): readonly number[] {
  const from = known.shape(inputs[0]!);
  const given = numbers(attributes.split, [...(known.constant(inputs[1])?.data ?? [])]);
  if (given.length === outputs.length) return given;
  const n = from[axisOf(numberOf(attributes.axis, 0), from.length)]!;
  const each = Math.ceil(n / outputs.length);
  return outputs.map((_, k) => Math.min(each, n - k * each));
}

export function splitShape(node: OnnxNode, known: Known, k: number): number[] {
  const from = known.shape(node.inputs[0]!);
  const at = axisOf(numberOf(node.attributes.axis, 0), from.length);
  return from.map((n, axis) => (axis === at ? splitSizes(node, known)[k]! : n));
}

type Infer = (node: OnnxNode, known: Known) => Shape;

const first: Infer = ({ inputs }, { shape }) => shape(inputs[0]!);
const both: Infer = ({ inputs }, { shape }) => inputs.map((name) => shape(name)).reduce(broadcast);

/** Axes left out, or kept with length 1. */
const reduced: Infer = (node, known) => {
  const from = known.shape(node.inputs[0]!);
  const given = node.inputs[1] ? [...(known.constant(node.inputs[1])?.data ?? [])] : numbers(node.attributes.axes, []);
  const axes = given.map((axis) => axisOf(axis, from.length));
  const keep = numberOf(node.attributes.keepdims, 1) === 1;
  return keep ? from.map((n, axis) => (axes.includes(axis) ? 1 : n)) : from.filter((_, axis) => !axes.includes(axis));
};

/** Shapes of the operations that networks of pictures are made of. */
const SHAPES: Readonly<Record<string, Infer>> = {
  ...Object.fromEntries(
    (
      'Relu PRelu Sigmoid Tanh Softplus LeakyRelu Elu Selu Celu HardSwish HardSigmoid Softmax LogSoftmax Clip Erf ' +
      'Gelu Sqrt Exp Log Abs Floor Ceil Round Reciprocal Not Identity Dropout Cast Neg BatchNormalization ' +
      'InstanceNormalization LayerNormalization GroupNormalization Mish Sign Sin Cos Atan Softsign Shrink CastLike'
    )
      .split(' ')
      .map((op) => [op, first]),
  ),
  ...Object.fromEntries('Add Sub Mul Div Pow Sum'.split(' ').map((op) => [op, both])),
  Conv: (node, { shape, where }) => {
    const [out = 1, , ...kernel] = shape(node.inputs[1]!);
    if (shape(node.inputs[0]!).length === 3 && kernel.length === 1) {
      const row = alongRow(node, shape(node.inputs[0]!), kernel);
      checkWindows(row.node, row.shape, row.kernel, where);
      const [batch = 1, channels = 1, , n = 1] = windowed(row.node, row.shape, row.kernel, out);
      return [batch, channels, n];
    }
    checkWindows(node, shape(node.inputs[0]!), kernel, where);
    return windowed(node, shape(node.inputs[0]!), kernel, out);
  },
  ...Object.fromEntries(
    ['MaxPool', 'AveragePool'].map((op): [string, Infer] => [
      op,
      (node, { shape, where }) => {
        const from = shape(node.inputs[0]!);
        const kernel = numbers(node.attributes.kernel_shape, []);
        checkWindows(node, from, kernel, where);
        return windowed(node, from, kernel, from[1]!);
      },
    ]),
  ),
  ...Object.fromEntries(
    ['GlobalAveragePool', 'GlobalMaxPool'].map((op): [string, Infer] => [
      op,
      ({ inputs }, { shape }) => shape(inputs[0]!).map((n, axis) => (axis < 2 ? n : 1)),
    ]),
  ),
  DepthToSpace: ({ inputs, attributes }, { shape }) => {
    const [batch, channels, height, width] = shape(inputs[0]!) as [number, number, number, number];
    const block = numberOf(attributes.blocksize, 1);
    return [batch, channels / block ** 2, height * block, width * block];
  },
  SpaceToDepth: ({ inputs, attributes }, { shape }) => {
    const [batch, channels, height, width] = shape(inputs[0]!) as [number, number, number, number];
    const block = numberOf(attributes.blocksize, 1);
    return [batch, channels * block ** 2, height / block, width / block];
  },
  Resize: resizedShape,
  ConvTranspose: transposedShape,
  ReduceMean: reduced,
  ReduceMax: reduced,
  ReduceProd: reduced,
  ReduceSum: reduced,
  Gemm: ({ inputs, attributes }, { shape }) => {
    const [rows, columns] = [shape(inputs[0]!), shape(inputs[1]!)];
    return [rows[0]!, numberOf(attributes.transB, 0) ? columns[0]! : columns[1]!];
  },
  MatMul: ({ inputs, attributes }, { shape }) => {
    const [a, b] = [shape(inputs[0]!), shape(inputs[1]!)];
    if (attributes.last) return [a[0]!, b[1]!, ...a.slice(2)];
    return [...broadcast(a.slice(0, -2), b.slice(0, -2)), a.at(-2)!, b.at(-1)!];
  },
  Flatten: ({ inputs, attributes }, { shape }) => {
    const from = shape(inputs[0]!);
    const axis = axisOf(numberOf(attributes.axis, 1), from.length);
    return [sizeOf(from.slice(0, axis)), sizeOf(from.slice(axis))];
  },
  Reshape: ({ inputs }, known) => {
    const target = known.constant(inputs[1]);
    if (!target) throw problem(known.where, 'every Reshape needs a known shape', inputs[0]);
    return reshaped(known.shape(inputs[0]!), [...target.data]);
  },
  Transpose: ({ inputs, attributes }, { shape }) => {
    const from = shape(inputs[0]!);
    return numbers(
      attributes.perm,
      from.map((_, i) => from.length - 1 - i),
    ).map((axis) => from[axis]!);
  },
  Pad: ({ inputs, attributes }, known) => {
    const pads = inputs[1] ? [...(known.constant(inputs[1])?.data ?? [])] : numbers(attributes.pads, []);
    const from = known.shape(inputs[0]!);
    return from.map((n, axis) => n + (pads[axis] ?? 0) + (pads[axis + from.length] ?? 0));
  },
  Concat: ({ inputs, attributes }, { shape }) => {
    const shapes = inputs.map((name) => shape(name));
    const at = axisOf(numberOf(attributes.axis, 0), shapes[0]!.length);
    return shapes[0]!.map((n, axis) => (axis === at ? shapes.reduce((sum, one) => sum + one[axis]!, 0) : n));
  },
  Gather: ({ inputs, attributes }, { shape }) => {
    const from = shape(inputs[0]!);
    const axis = axisOf(numberOf(attributes.axis, 0), from.length);
    return [...from.slice(0, axis), ...shape(inputs[1]!), ...from.slice(axis + 1)];
  },
  Slice: (node, known) => slicePlaces(known.shape(node.inputs[0]!), cutOf(node, known)).map(({ length }) => length),
  Split: (node, known) => splitShape(node, known, 0),
  Unsqueeze: ({ inputs, attributes }, known) => {
    const from = known.shape(inputs[0]!);
    const axes = [...numbers(attributes.axes, [...(known.constant(inputs[1])?.data ?? [])])];
    const rank = from.length + axes.length;
    const places = axes.map((axis) => axisOf(axis, rank));
    const rest = [...from];
    return Array.from({ length: rank }, (_, axis) => (places.includes(axis) ? 1 : rest.shift()!));
  },
  Squeeze: ({ inputs, attributes }, known) => {
    const from = known.shape(inputs[0]!);
    const given = numbers(attributes.axes, [...(known.constant(inputs[1])?.data ?? [])]);
    const axes = given.map((axis) => axisOf(axis, from.length));
    return from.filter((n, axis) => (axes.length ? !axes.includes(axis) : n !== 1));
  },
  Expand: ({ inputs }, known) => broadcast(known.shape(inputs[0]!), [...(known.constant(inputs[1])?.data ?? [])]),
  ConstantOfShape: ({ inputs }, known) => [...(known.constant(inputs[0])?.data ?? [])],
  Shape: ({ inputs }, { shape }) => [shape(inputs[0]!).length],
  Size: () => [],
  Range: ({ inputs }, { constant }) => {
    const [from = 0, to = 0, step = 1] = inputs.map((name) => constant(name)?.data[0]);
    return [Math.max(0, Math.ceil((to - from) / step))];
  },
  GatherND: ({ inputs, attributes }, { shape }) => {
    const [from, at] = [shape(inputs[0]!), shape(inputs[1]!)];
    const shared = numberOf(attributes.batch_dims, 0);
    return [...at.slice(0, -1), ...from.slice(shared + at.at(-1)!)];
  },
  ...Object.fromEntries(
    'Equal Where Mod And Or Less Greater LessOrEqual GreaterOrEqual Max Min'.split(' ').map((op) => [op, both]),
  ),
};

/** The shape of the first value that a node makes. @throws an operation that is not known, named with its node */
export function shapeOf(node: OnnxNode, known: Known): Shape {
  const infer = Object.hasOwn(SHAPES, node.op) ? SHAPES[node.op] : undefined;
  if (!infer) {
    const fix = 'see loadNetwork()';
    throw problem(known.where, `the operation ${node.op} is not known`, node.name || node.outputs[0], fix);
  }
  return infer(node, known);
}
