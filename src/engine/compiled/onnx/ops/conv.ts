/** Convolution and its two gradients, all as ONNX Conv or ConvTranspose. Physical orders: images bchw, kernels oihw. */
import type { Node } from '../../ir/node.js';
import type { Emitter, Rule, Value } from '../emitter.js';

const imageOrder = [0, 3, 1, 2];
const kernelOrder = [3, 2, 0, 1];

const pair = (n: Node, name: string): [number, number] => n.attributes[name] as unknown as [number, number];
const pads = (n: Node): [number, number, number, number] =>
  n.attributes.pads as unknown as [number, number, number, number];

function conv(emitter: Emitter, n: Node): Value {
  const [x, kernel] = n.inputs as [Node, Node];
  const name = emitter.add('Conv', [emitter.as(x, imageOrder), emitter.as(kernel, kernelOrder)], {
    strides: pair(n, 'strides'),
    dilations: pair(n, 'dilations'),
    pads: pads(n),
    group: x.shape[3]! / kernel.shape[2]!,
  });
  return { name, order: imageOrder };
}

/** Below this many channels ONNX Runtime's ConvTranspose beats a convolution with the turned kernel. */
const fewChannels = 16;

/** dy spread out by the strides, convolved with the kernel turned by 180 degrees: for stride 1 an ordinary Conv. */
function convInput(emitter: Emitter, n: Node): Value {
  const [dy, kernel] = n.inputs as [Node, Node];
  const [strides, dilations, [top, left, bottom, right]] = [pair(n, 'strides'), pair(n, 'dilations'), pads(n)];
  const [kh, kw] = kernel.shape as [number, number];
  const reach = [dilations[0] * (kh - 1), dilations[1] * (kw - 1)] as const;
  const simple =
    strides.every((s) => s === 1) && top <= reach[0] && left <= reach[1] && bottom <= reach[0] && right <= reach[1];
  if (simple && n.shape[3]! >= fewChannels) {
    const turned = emitter.as(kernel, [2, 3, 0, 1]);
    const flipped = emitter.add('Slice', [
      turned,
      emitter.ints([-1, -1]),
      emitter.ints([-kh - 1, -kw - 1]),
      emitter.ints([2, 3]),
      emitter.ints([-1, -1]),
    ]);
    const name = emitter.add('Conv', [emitter.as(dy, imageOrder), flipped], {
      strides: [1, 1],
      dilations,
      pads: [reach[0] - top, reach[1] - left, reach[0] - bottom, reach[1] - right],
    });
    return { name, order: imageOrder };
  }
  const [, h, w] = n.shape as [number, number, number];
  const [, oh, ow] = dy.shape as [number, number, number];
  const rest = (size: number, out: number, stride: number, span: number, before: number, after: number): number =>
    size - ((out - 1) * stride + span + 1 - before - after);
  const name = emitter.add('ConvTranspose', [emitter.as(dy, imageOrder), emitter.as(kernel, kernelOrder)], {
    strides,
    dilations,
    pads: [top, left, bottom, right],
    output_padding: [rest(h, oh, strides[0], reach[0], top, bottom), rest(w, ow, strides[1], reach[1], left, right)],
  });
  return { name, order: imageOrder };
}

/** x with batch and channels swapped as the image, dy with batch and channels swapped as the kernel; strides dilate. */
function convFilter(emitter: Emitter, n: Node): Value {
  const [x, dy] = n.inputs as [Node, Node];
  const [strides, dilations, [top, left]] = [pair(n, 'strides'), pair(n, 'dilations'), pads(n)];
  const [kh, kw] = n.shape as [number, number];
  const after = (k: number, size: number, out: number, before: number, dilation: number, stride: number): number =>
    (k - 1) * dilation + (out - 1) * stride + 1 - size - before;
  const bottom = after(kh, x.shape[1]!, dy.shape[1]!, top, dilations[0], strides[0]);
  const right = after(kw, x.shape[2]!, dy.shape[2]!, left, dilations[1], strides[1]);
  const image = emitter.as(x, [3, 0, 1, 2]);
  // Rows that no window reaches (stride > 1) are cut off.
  const cropped =
    bottom >= 0 && right >= 0
      ? image
      : emitter.add('Slice', [
          image,
          emitter.ints([0, 0]),
          emitter.ints([x.shape[1]! + Math.min(0, bottom), x.shape[2]! + Math.min(0, right)]),
          emitter.ints([2, 3]),
        ]);
  const name = emitter.add('Conv', [cropped, emitter.as(dy, [3, 0, 1, 2])], {
    strides: dilations,
    dilations: strides,
    pads: [top, left, Math.max(0, bottom), Math.max(0, right)],
  });
  return { name, order: [2, 3, 0, 1] };
}

export const convolutions: Readonly<Record<string, Rule>> = { conv, convInput, convFilter };
