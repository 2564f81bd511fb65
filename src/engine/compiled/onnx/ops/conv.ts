/** Convolution and its two gradients, all as ONNX Conv or ConvTranspose. Physical orders: images bchw, kernels oihw. */
import type { Node } from '../../ir/node.js';
import type { Emitter, Rule, Value } from '../emitter.js';
import { sameOrder } from '../layout.js';

const IMAGE_ORDER = [0, 3, 1, 2];
const KERNEL_ORDER = [3, 2, 0, 1];

const pair = (n: Node, name: string): [number, number] => n.attributes[name] as unknown as [number, number];
const pads = (n: Node): [number, number, number, number] =>
  n.attributes.pads as unknown as [number, number, number, number];

function conv(emitter: Emitter, n: Node): Value {
  const [x, kernel] = n.inputs as [Node, Node];
  const name = emitter.add('Conv', [emitter.as(x, IMAGE_ORDER), emitter.as(kernel, KERNEL_ORDER)], {
    strides: pair(n, 'strides'),
    dilations: pair(n, 'dilations'),
    pads: pads(n),
    group: x.shape[3]! / kernel.shape[2]!,
  });
  return { name, order: IMAGE_ORDER };
}

/** Below this many channels ONNX Runtime's ConvTranspose beats a convolution with the turned kernel. */
const FEW_CHANNELS = 16;

/** dy spread out by the strides, convolved with the kernel turned by 180 degrees: for stride 1 an ordinary Conv. */
function convInput(emitter: Emitter, n: Node): Value {
  const [dy, kernel] = n.inputs as [Node, Node];
  const [strides, dilations, [top, left, bottom, right]] = [pair(n, 'strides'), pair(n, 'dilations'), pads(n)];
  const [kh, kw] = kernel.shape as [number, number];
  const reach = [dilations[0] * (kh - 1), dilations[1] * (kw - 1)] as const;
  const groups = n.shape[3]! / kernel.shape[2]!;
  const fits = top <= reach[0] && left <= reach[1] && bottom <= reach[0] && right <= reach[1];
  const depthwise = groups > 1 && groups === n.shape[3] && groups === kernel.shape[3];
  if (strides.every((s) => s === 1) && fits && (depthwise || (groups === 1 && n.shape[3]! >= FEW_CHANNELS))) {
    const name = emitter.add('Conv', [emitter.as(dy, IMAGE_ORDER), turned(emitter, kernel, depthwise)], {
      group: groups,
      strides: [1, 1],
      dilations,
      pads: [reach[0] - top, reach[1] - left, reach[0] - bottom, reach[1] - right],
    });
    return { name, order: IMAGE_ORDER };
  }
  const [, h, w] = n.shape as [number, number, number];
  const [, oh, ow] = dy.shape as [number, number, number];
  const rest = (size: number, out: number, stride: number, span: number, before: number, after: number): number =>
    size - ((out - 1) * stride + span + 1 - before - after);
  const name = emitter.add('ConvTranspose', [emitter.as(dy, IMAGE_ORDER), emitter.as(kernel, KERNEL_ORDER)], {
    group: groups,
    strides,
    dilations,
    pads: [top, left, bottom, right],
    output_padding: [rest(h, oh, strides[0], reach[0], top, bottom), rest(w, ow, strides[1], reach[1], left, right)],
  });
  return { name, order: IMAGE_ORDER };
}

/** The kernel turned by 180 degrees, channels swapped (not of a depthwise one); turned first: rows are long then. */
function turned(emitter: Emitter, kernel: Node, depthwise: boolean): string {
  const swapped = depthwise ? KERNEL_ORDER : [2, 3, 0, 1];
  const [kh, kw] = kernel.shape as [number, number];
  const order = emitter.order(kernel) ?? swapped;
  const name = emitter.as(kernel, order);
  if (kh === 1 && kw === 1) return emitter.as(kernel, swapped);
  const axes = [order.indexOf(0), order.indexOf(1)];
  const lists = [[-1, -1], [-kh - 1, -kw - 1], axes, [-1, -1]].map(emitter.ints);
  const flipped = { name: emitter.add('Slice', [name, ...lists]), order };
  return sameOrder(order, swapped) ? flipped.name : emitter.move(flipped, kernel.shape, swapped);
}

/** The image as [in, b, h, w] with what the kernel's positions reach over its edges. */
function padding(emitter: Emitter, n: Node): string {
  const image = emitter.as(n.inputs[0]!, CHANNELS_FIRST);
  const [top, left, bottom, right] = reachOver(n);
  if (![top, left, bottom, right].some((p) => p > 0)) return image;
  return emitter.add('Pad', [image, emitter.ints([0, 0, top, left, 0, 0, bottom, right])]);
}

const CHANNELS_FIRST = [3, 0, 1, 2];

/** Rows and columns of zeros that the positions of the kernel see around the image. */
function reachOver(n: Node): [number, number, number, number] {
  const [x, dy] = n.inputs as [Node, Node];
  const [strides, dilations, [top, left]] = [pair(n, 'strides'), pair(n, 'dilations'), pads(n)];
  const after = (axis: 0 | 1, before: number): number =>
    (n.shape[axis]! - 1) * dilations[axis] +
    (dy.shape[axis + 1]! - 1) * strides[axis] +
    1 -
    x.shape[axis + 1]! -
    before;
  return [top, left, Math.max(0, after(0, top)), Math.max(0, after(1, left))];
}

/** Up to this many entries of dy in a channel a card is fastest with dy as a kernel (measured on an H100). */
const SMALL_KERNEL = 1024;

/** The same in few launches: a convolution with dy as its kernel; or, of a large dy, one gather and one product. */
function convFilterOnCard(emitter: Emitter, n: Node): Value {
  const [x, dy] = n.inputs as [Node, Node];
  const [b, oh, ow] = dy.shape as [number, number, number];
  const [strides, dilations] = [pair(n, 'strides'), pair(n, 'dilations')];
  const slopes = emitter.as(dy, CHANNELS_FIRST);
  const sides = reachOver(n);
  const over = ([0, 1] as const).map(
    (axis) => x.shape[axis + 1]! + sides[axis] + sides[axis + 2]! - (dy.shape[axis + 1]! - 1) * strides[axis] - 1,
  );
  const whole = over.every((rest, axis) => Math.floor(rest / dilations[axis]!) === n.shape[axis]! - 1);
  if (b * oh * ow <= SMALL_KERNEL && whole) {
    const name = emitter.add('Conv', [emitter.as(x, CHANNELS_FIRST), slopes], {
      strides: dilations,
      dilations: strides,
      pads: sides,
      group: 1,
    });
    return { name, order: [2, 3, 0, 1] };
  }
  const rows = entriesUnder(emitter, n);
  const product = emitter.add(
    'Gemm',
    [rows, slopes].map((matrix) => emitter.add('Reshape', [matrix, emitter.ints([-1, b * oh * ow])])),
    { transB: 1 },
  );
  return { name: emitter.add('Reshape', [product, emitter.ints(n.shape)]), order: [0, 1, 2, 3] };
}

/** The image's entries under every position of the kernel, [kh, kw, in, b, h', w'], in few launches. */
function entriesUnder(emitter: Emitter, n: Node): string {
  const [x, dy] = n.inputs as [Node, Node];
  const [kh, kw] = n.shape as [number, number];
  const [b, oh, ow] = dy.shape as [number, number, number];
  const [strides, dilations] = [pair(n, 'strides'), pair(n, 'dilations')];
  const seen = (count: number, length: number, axis: 0 | 1): string =>
    emitter.ints(
      Array.from(
        { length: count * length },
        (_, i) => Math.floor(i / length) * dilations[axis] + (i % length) * strides[axis],
      ),
    );
  const columns = emitter.add('Gather', [padding(emitter, n), seen(kw, ow, 1)], { axis: 3 });
  const entries = emitter.add('Gather', [columns, seen(kh, oh, 0)], { axis: 2 });
  const apart = emitter.add('Reshape', [entries, emitter.ints([x.shape[3]!, b, kh, oh, kw, ow])]);
  return emitter.add('Transpose', [apart], { perm: [2, 4, 0, 1, 3, 5] });
}

/** Above this, gathering everything at once costs more memory and time than one product a kernel row. */
const MANY_ENTRIES = 2 ** 18;

/**
 * One matrix product a kernel row: the image entries under each of its positions, gathered as rows [kw in, b h' w'],
 * times dy. The rows of one product are freed before those of the next are gathered. Up to twice as fast as ONNX Conv
 * with dy as its kernel, whose outputs are a few entries wide.
 */
function convFilter(emitter: Emitter, n: Node): Value {
  const [x, dy] = n.inputs as [Node, Node];
  const [kh, kw, channels, filters] = n.shape as [number, number, number, number];
  const [, oh, ow] = dy.shape as [number, number, number];
  const [sh, sw] = pair(n, 'strides');
  const [dh, dw] = pair(n, 'dilations');
  const groups = x.shape[3]! / channels;
  if (emitter.card)
    return groups > 1 ? perGroup(emitter, n, entriesUnder(emitter, n), groups) : convFilterOnCard(emitter, n);
  const padded = padding(emitter, n);
  const columns = stacked(emitter, windows(emitter, padded, 3, kw, dw, ow, sw));
  const entries = windows(emitter, columns, 2, kh, dh, oh, sh);
  const count = dy.size / filters;
  if (groups > 1) return perGroup(emitter, n, stacked(emitter, entries), groups);
  const plainDy = sameOrder(emitter.order(dy) ?? [], [0, 1, 2, 3]);
  const slopes = emitter.as(dy, plainDy ? [0, 1, 2, 3] : [3, 0, 1, 2]);
  const matrix = emitter.add('Reshape', [slopes, emitter.ints(plainDy ? [count, filters] : [filters, count])]);
  const perRow = kh * kw * channels * count > MANY_ENTRIES;
  const products = (perRow ? entries : [stacked(emitter, entries)]).map((entry) => {
    const rows = emitter.add('Reshape', [entry, emitter.ints([-1, count])]);
    return emitter.add('Gemm', [rows, matrix], { transB: plainDy ? 0 : 1 });
  });
  return { name: emitter.add('Reshape', [stacked(emitter, products), emitter.ints(n.shape)]), order: [0, 1, 2, 3] };
}

/** The same, one product per kernel position and group: [kh kw, groups, in, b h' w'] by [groups, b h' w', out]. */
function perGroup(emitter: Emitter, n: Node, entries: string, groups: number): Value {
  const dy = n.inputs[1]!;
  const [kh, kw, channels, filters] = n.shape as [number, number, number, number];
  const count = dy.size / filters;
  const rows = emitter.add('Reshape', [entries, emitter.ints([kh * kw, groups, channels, count])]);
  const slopes = [emitter.as(dy, [3, 0, 1, 2]), emitter.ints([groups, filters / groups, count])];
  const columns = emitter.add('Transpose', [emitter.add('Reshape', slopes)], { perm: [0, 2, 1] });
  const product = emitter.add('MatMul', [rows, columns]);
  const moved = emitter.add('Transpose', [product], { perm: [0, 2, 1, 3] });
  return { name: emitter.add('Reshape', [moved, emitter.ints(n.shape)]), order: [0, 1, 2, 3] };
}

/** The views of an axis that each of `count` kernel positions sees. */
function windows(
  emitter: Emitter,
  image: string,
  axis: number,
  count: number,
  dilation: number,
  length: number,
  stride: number,
): string[] {
  return Array.from({ length: count }, (_, k) => {
    const [begin, end] = [k * dilation, k * dilation + (length - 1) * stride + 1];
    return emitter.add('Slice', [image, ...[[begin], [end], [axis], [stride]].map(emitter.ints)]);
  });
}

/** Values one after the other along the first axis. */
const stacked = (emitter: Emitter, parts: readonly string[]): string =>
  parts.length === 1 ? parts[0]! : emitter.add('Concat', parts, { axis: 0 });

export const convolutions: Readonly<Record<string, Rule>> = { conv, convInput, convFilter };
