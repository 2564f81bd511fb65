import { sizeOf } from '../core/arrays.js';
import type { ImageShape } from '../core/types.js';

interface Ordered {
  readonly shape: readonly number[];
  readonly flattens?: ImageShape;
  readonly asIs?: true;
}

/**
 * PyTorch keeps kernels [out, in, h, w], dense weights [out, c*h*w] and gains of whole pictures [c, h, w]; here they
 * are [h, w, in, out], [h*w*c, out] and [h, w, c].
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

/** Outputs that are gone through together: they lie beside one another here, and are read pixel by pixel there. */
const BLOCK = 16;

function visit(spec: Ordered, pair: (here: number, there: number) => void): void {
  const [plane, inputs, out] = extents(spec);
  for (let from = 0; from < out; from += BLOCK) {
    const to = Math.min(out, from + BLOCK);
    for (let i = 0; i < inputs; i++)
      for (let at = 0; at < plane; at++)
        for (let o = from; o < to; o++) pair((at * inputs + i) * out + o, (o * inputs + i) * plane + at);
  }
}

/** Lengths of the axes that change places: pixels, inputs, outputs. */
function extents({ shape, flattens, asIs }: Ordered): readonly [plane: number, inputs: number, out: number] {
  const size = sizeOf(shape);
  const out = shape.at(-1)!;
  if (asIs) return [1, 1, size];
  if (flattens) {
    const plane = flattens[0] * flattens[1];
    return shape.length === 1 ? [plane, 1, flattens[2]] : [plane, flattens[2], out];
  }
  if (shape.length === 4) return [shape[0]! * shape[1]!, shape[2]!, out];
  return shape.length === 3 ? [size / out, 1, out] : [1, size / out, out];
}
