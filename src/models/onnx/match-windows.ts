import type { OnnxNode } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import type { Layer } from '../../core/types.js';
import { type Known, numberOf, numbers } from './known.js';
import { found, type Matcher, makerIs, scalar } from './match-linear.js';

/** Cells that a kernel spans in one direction. */
const reachOf = (node: OnnxNode, kernel: readonly number[], d: number): number =>
  numbers(node.attributes.dilations, [1, 1])[d]! * (kernel[d]! - 1) + 1;

/**
 * Zeros around a plane, [top, left, bottom, right], as a node says it: in numbers, as SAME or VALID, or as windows
 * that are counted up (ceil_mode), of which the last must begin inside the plane or its first zeros.
 */
export function paddingOf(node: OnnxNode, plane: readonly number[], kernel: readonly number[]): number[] {
  const strides = numbers(node.attributes.strides, [1, 1]);
  const automatic = node.attributes.auto_pad as string | undefined;
  const given = numbers(node.attributes.pads, [0, 0, 0, 0]);
  const each = plane.map((n, d): [number, number] => {
    const [reach, stride] = [reachOf(node, kernel, d), strides[d]!];
    const before = automatic === 'VALID' ? 0 : given[d]!;
    const after = automatic === 'VALID' ? 0 : given[d + 2]!;
    if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
      const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + reach - n);
      const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
      return automatic === 'SAME_UPPER' ? [less, more] : [more, less];
    }
    if (numberOf(node.attributes.ceil_mode, 0) !== 1) return [before, after];
    const last = Math.ceil((n + before + after - reach) / stride);
    const windows = last * stride >= n + before ? last : last + 1;
    return [before, Math.max(after, (windows - 1) * stride + reach - n - before)];
  });
  return [...each.map(([before]) => before), ...each.map(([, after]) => after)];
}

const whole = (list: readonly number[], length: number, least: number): boolean =>
  list.length === length && list.every((n) => Number.isInteger(n) && n >= least && n < 2 ** 31);

/** Refuses windows that do not fit picture or weights, over which ONNX Runtime may end the process. */
export function checkWindows(node: OnnxNode, shape: readonly number[], kernel: readonly number[], where: string): void {
  const { attributes } = node;
  const pads = numbers(attributes.pads, [0, 0, 0, 0]);
  const given = numbers(attributes.kernel_shape, kernel);
  const lists = [attributes.strides, attributes.dilations].every((list) => whole(numbers(list, [1, 1]), 2, 1));
  const sound = shape.length === 4 && whole(kernel, 2, 1) && String(given) === String(kernel) && lists;
  const inside = sound && whole(pads, 4, 0) && windowed(node, shape, kernel, 1).every((n) => n >= 1);
  if (!inside)
    throw problem(
      where,
      `the windows of ${node.name || node.outputs[0]} (${node.op}) must fit its picture [${shape}]`,
      { kernel, kernel_shape: given, pads, strides: numbers(attributes.strides, [1, 1]) },
      'the file is corrupt, or not of pictures',
    );
}

/** Shape of what windows over [batch, channels, height, width] give. */
export function windowed(
  node: OnnxNode,
  shape: readonly number[],
  kernel: readonly number[],
  channels: number,
): number[] {
  const [batch = 1, , ...plane] = shape;
  const strides = numbers(node.attributes.strides, [1, 1]);
  const pads = paddingOf(node, plane, kernel);
  const places = plane.map(
    (n, d) => Math.floor((n + pads[d]! + pads[d + 2]! - reachOf(node, kernel, d)) / strides[d]!) + 1,
  );
  return [batch, channels, ...places];
}

/** Windows along a row as windows over a plane of one row. */
export function alongRow(node: OnnxNode, shape: readonly number[], kernel: readonly number[]) {
  const [batch = 1, channels = 1, n = 1] = shape;
  const { strides, dilations, pads } = node.attributes;
  const [before = 0, after = 0] = numbers(pads, []);
  const more = {
    strides: [1, ...numbers(strides, [1])],
    dilations: [1, ...numbers(dilations, [1])],
    pads: [0, before, 0, after],
    kernel_shape: [1, ...numbers(node.attributes.kernel_shape, kernel)],
  };
  const attributes = { ...node.attributes, ...more };
  return { node: { ...node, attributes }, shape: [batch, channels, 1, n], kernel: [1, ...kernel] };
}

/** A kernel along the channels (ECA), [batch, 1, n]. */
export const convAlongChannels: Matcher = (node, known) => {
  const [weight, given] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  const shape = known.shape(node.inputs[0]!);
  if (String(weight?.shape.slice(0, 2)) !== '1,1' || weight?.shape.length !== 3 || shape[1] !== 1) return undefined;
  const bias = given?.names || given?.data.some((x) => x !== 0) ? given : undefined;
  const row = alongRow(node, shape, weight.shape.slice(2));
  const { size, stride, padding } = cellsOf(row.node, row.kernel, { ...known, shape: () => row.shape });
  const [n, out] = [shape[2]!, known.shape(node.outputs[0]!)[2]!];
  const dilation = numbers(row.node.attributes.dilations, [1, 1]) as [number, number];
  const layers: Layer[] = [
    { kind: 'reshape', shape: [1, n, 1] },
    { kind: 'conv', filters: 1, size, stride, padding, dilation, bias: bias !== undefined },
    { kind: 'reshape', shape: [1, 1, out] },
  ];
  return found(node.inputs[0]!, layers, [{ ...weight, shape: [1, 1, ...row.kernel] }, ...(bias ? [bias] : [])]);
};

const cellsOf = (node: OnnxNode, size: readonly number[], known: Known) => {
  const pads = paddingOf(node, known.shape(node.inputs[0]!).slice(2), size);
  return {
    size: [size[0]!, size[1]!] as const,
    stride: numbers(node.attributes.strides, [1, 1]) as [number, number],
    padding: [pads[0]!, pads[2]!, pads[1]!, pads[3]!] as const,
  };
};

/** Zeros around a picture as a node of their own: [top, bottom, left, right], and the picture. */
function paddedBefore(name: string, known: Known): { from: string; sides: readonly number[] } {
  const node = makerIs(name, 'Pad', known);
  const given = node?.inputs[1] ? known.constant(node.inputs[1])?.data : numbers(node?.attributes.pads, []);
  const [pads, value] = [[...(given ?? [])], node?.inputs[2] ? scalar(known.constant(node.inputs[2])) : 0];
  const plane = pads.length === 8 && [0, 1, 4, 5].every((k) => pads[k] === 0) && value === 0;
  const mode = node?.attributes.mode ?? 'constant';
  const grows = pads.every((n) => n >= 0);
  if (!node || !plane || !grows || mode !== 'constant') return { from: name, sides: [0, 0, 0, 0] };
  return { from: node.inputs[0]!, sides: [pads[2]!, pads[6]!, pads[3]!, pads[7]!] };
}

const added = (a: readonly number[], b: readonly number[]) =>
  a.map((n, k) => n + b[k]!) as [number, number, number, number];

/** A convolution, its zeros in a node of their own or not. */
export const conv: Matcher = (node, known) => {
  const [weight, given] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  // exporters fill a bias in that the layer has not
  const bias = given?.names || given?.data.some((x) => x !== 0) ? given : undefined;
  if (node.op !== 'Conv' || weight?.shape.length !== 4) return undefined;
  const [filters, , ...size] = weight.shape as [number, number, number, number];
  const dilation = numbers(node.attributes.dilations, [1, 1]) as [number, number];
  const groups = numberOf(node.attributes.group, 1);
  const { padding, ...cells } = cellsOf(node, size, known);
  const before = paddedBefore(node.inputs[0]!, known);
  const more = { padding: added(padding, before.sides), dilation, groups, bias: bias !== undefined };
  return found(before.from, [{ kind: 'conv', filters, ...cells, ...more }], [weight, ...(bias ? [bias] : [])]);
};

/** A convolution without bias, and one number added for each of its channels. */
export const convThenBias: Matcher = (node, known) => {
  const [left, right] = node.inputs as [string, string];
  const [name, fixed] = known.constant(left) ? [right, known.constant(left)] : [left, known.constant(right)];
  const source = makerIs(name, 'Conv', known);
  const match = source && fixed ? conv(source, known) : undefined;
  const layer = match?.layers[0];
  if (layer?.kind !== 'conv' || layer.bias) return undefined;
  const [channels = 0, ...plane] = fixed!.shape.slice(-3);
  const each = fixed!.shape.length >= 3 && channels === layer.filters && plane.every((n) => n === 1);
  if (!each || fixed!.data.length !== channels) return undefined;
  const bias = { ...fixed!, shape: [channels] };
  return found(match!.from, [{ ...layer, bias: true }], [...match!.tensors, bias]);
};

/** A pool over windows. */
export const pool =
  (kind: 'maxPool' | 'averagePool'): Matcher =>
  (node, known) => {
    if (numbers(node.attributes.dilations, [1, 1]).some((n) => n !== 1)) return undefined;
    const cells = cellsOf(node, numbers(node.attributes.kernel_shape, []), known);
    if (kind === 'maxPool') return found(node.inputs[0]!, [{ kind, ...cells }]);
    // exporters put the zeros that count into a node of their own
    const before = paddedBefore(node.inputs[0]!, known);
    const countIncludePad = numberOf(node.attributes.count_include_pad, 0) === 1 || before.from !== node.inputs[0];
    // zeros of windows that were counted up never count
    if (countIncludePad && numberOf(node.attributes.ceil_mode, 0) === 1) return undefined;
    return found(before.from, [{ kind, ...cells, padding: added(cells.padding, before.sides), countIncludePad }]);
  };

/** Mean over gathered windows, as PyTorch's newer exporter writes an adaptive pool whose windows overlap. */
export const gatheredPool: Matcher = (node, known) => {
  const [, , height, width] = known.shape(node.outputs[0]!);
  const moved = makerIs(node.inputs[0]!, 'Transpose', known);
  const gathered = moved && makerIs(moved.inputs[0]!, 'GatherND', known);
  const source = gathered && makerIs(gathered.inputs[0]!, 'Transpose', known);
  if (!source || height === undefined || height !== width) return undefined;
  const layer: Layer = { kind: 'adaptiveAveragePool', size: height };
  return found(source.inputs[0]!, [layer]);
};
