import type { ImageShape } from '../core/types.js';

interface Ordered {
  readonly shape: readonly number[];
  readonly flattens?: ImageShape;
}

/**
 * PyTorch keeps kernels [out, in, h, w] and dense weights [out, c*h*w]; here they are [h, w, in, out] and [h*w*c, out].
 * @returns a copy of `data` in this library's order.
 */
export function fromTorchOrder(spec: Ordered, data: Float32Array): Float32Array {
  const target = new Float32Array(data.length);
  visit(spec, (here, there) => {
    target[here] = data[there]!;
  });
  return target;
}

/** The inverse of {@link fromTorchOrder}. */
export function toTorchOrder(spec: Ordered, data: Float32Array): Float32Array {
  const target = new Float32Array(data.length);
  visit(spec, (here, there) => {
    target[there] = data[here]!;
  });
  return target;
}

function visit({ shape, flattens }: Ordered, pair: (here: number, there: number) => void): void {
  if (shape.length < 2) {
    for (let i = 0; i < shape[0]!; i++) pair(i, i);
    return;
  }
  const out = shape.at(-1)!;
  const [height, width, inputs] = flattens ?? (shape.length === 4 ? shape : [1, 1, shape[0]!]);
  const plane = height! * width!;
  for (let at = 0; at < plane; at++)
    for (let i = 0; i < inputs!; i++)
      for (let o = 0; o < out; o++) pair((at * inputs! + i) * out + o, o * plane * inputs! + i * plane + at);
}
