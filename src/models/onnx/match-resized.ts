/** Pictures that become larger: nearest or interpolated cells, and transposed convolutions. */
import type { OnnxNode } from '../../assets/index.js';
import type { Layer } from '../../core/types.js';
import { type Known, type Learned, numberOf, numbers } from './known.js';
import { found, type Matcher } from './match-linear.js';

const METHODS = { nearest: 'nearest', linear: 'bilinear', cubic: 'bicubic' } as const;

/** Cells of both directions that a Resize gives: as many as it says, or so many times those there are. */
export function resizedShape({ inputs }: OnnxNode, known: Known): readonly number[] {
  const from = known.shape(inputs[0]!);
  const [scales, sizes] = [known.constant(inputs[2])?.data, known.constant(inputs[3])?.data];
  return from.map((n, axis) => (sizes?.length ? (sizes[axis] ?? n) : Math.floor(n * (scales?.[axis] ?? 1))));
}

/** More cells by interpolation with half-pixel centres, or each cell a whole number of times. */
export const resized: Matcher = (node, known) => {
  const { mode = 'nearest', coordinate_transformation_mode: centres = 'half_pixel' } = node.attributes;
  const [from, to] = [known.shape(node.inputs[0]!), known.shape(node.outputs[0]!)];
  const method = Object.hasOwn(METHODS, String(mode)) ? METHODS[mode as keyof typeof METHODS] : undefined;
  const grows = from.length === 4 && from.every((n, axis) => (axis < 2 ? to[axis] === n : to[axis]! >= n));
  const times = from.every((n, axis) => to[axis]! % n === 0);
  const centred = method === 'nearest' ? times : ['half_pixel', 'pytorch_half_pixel'].includes(String(centres));
  if (!method || !grows || !centred) return undefined;
  return found(node.inputs[0]!, [{ kind: 'resize', size: [to[2]!, to[3]!], method }]);
};

interface Transposed {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  readonly more: readonly number[];
}

const transposedOf = ({ attributes }: OnnxNode, size: readonly number[]): Transposed => ({
  size,
  strides: numbers(attributes.strides, [1, 1]),
  dilations: numbers(attributes.dilations, [1, 1]),
  pads: numbers(attributes.pads, [0, 0, 0, 0]),
  more: numbers(attributes.output_padding, [0, 0]),
});

/** (n - 1) stride + dilation (size - 1) + 1 - padding + output_padding cells in both directions. */
export function transposedShape(node: OnnxNode, { shape }: Pick<Known, 'shape'>): readonly number[] {
  const [weight, [batch = 1, , ...plane]] = [shape(node.inputs[1]!), shape(node.inputs[0]!)];
  const { size, strides, dilations, pads, more } = transposedOf(node, weight.slice(2));
  const cells = plane.map(
    (n, d) => (n - 1) * strides[d]! + dilations[d]! * (size[d]! - 1) + 1 - pads[d]! - pads[d + 2]! + more[d]!,
  );
  return [batch, weight[1]! * numberOf(node.attributes.group, 1), ...cells];
}

const MOST_STRIDE = 4;

/**
 * A transposed convolution: cells apart by the stride, zeros between them, and a convolution with the kernel turned
 * round.
 */
export const convTranspose: Matcher = (node, known) => {
  const [weight, given] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  if (weight?.shape.length !== 4 || (node.attributes.auto_pad ?? 'NOTSET') !== 'NOTSET') return undefined;
  const { size, strides, dilations, pads, more } = transposedOf(node, weight.shape.slice(2));
  const [stride] = strides as [number];
  if (strides[1] !== stride || stride > MOST_STRIDE || node.attributes.output_shape !== undefined) return undefined;
  const reach = (d: number): number => dilations[d]! * (size[d]! - 1);
  const [top, left] = [reach(0) - pads[0]!, reach(1) - pads[1]!];
  const [bottom, right] = [0, 1].map((d) => reach(d) - pads[d + 2]! + more[d]! - (stride - 1)) as [number, number];
  const groups = numberOf(node.attributes.group, 1);
  const kernel = turnedRound(weight, groups);
  const bias = given?.names || given?.data.some((x) => x !== 0) ? given : undefined;
  const none: Layer[] = [{ kind: 'scale', factor: 0 }];
  const apart: Layer[] = [
    { kind: 'branches', branches: Array.from({ length: stride ** 2 }, (_, k) => (k === 0 ? [] : none)) },
    { kind: 'depthToSpace', block: stride, order: 'dcr' },
  ];
  const layers: Layer[] = [
    ...(stride > 1 ? apart : []),
    { kind: 'pad', padding: [top, bottom, left, right] },
    {
      kind: 'conv',
      filters: kernel.shape[0]!,
      size: [size[0]!, size[1]!],
      dilation: [dilations[0]!, dilations[1]!],
      padding: 0,
      groups,
      bias: bias !== undefined,
    },
  ];
  return found(node.inputs[0]!, layers, [kernel, ...(bias ? [bias] : [])]);
};

/** [in, out / groups, h, w] as [out, in / groups, h, w], last cells first. */
function turnedRound(weight: Learned, groups: number): Learned {
  const [inputs, each, height, width] = weight.shape as [number, number, number, number];
  const [plane, own] = [height * width, inputs / groups];
  const data = new Float32Array(weight.data.length);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < each; o++)
      for (let at = 0; at < plane; at++) {
        const out = Math.floor(i / own) * each + o;
        data[(out * own + (i % own)) * plane + plane - 1 - at] = weight.data[(i * each + o) * plane + at]!;
      }
  return { ...weight, shape: [each * groups, own, height, width], data };
}
