import type { WindowPosition } from '../ops/windows.js';
import * as tf from '../tfjs.js';
import { spreadOut } from './input-gradient.js';
import { kernel } from './typed-kernel.js';

/** See {@link file://../ops/windows.ts}. */
export const windowTake = kernel<'x'>(({ x }, position) => takeFrom(x as tf.Tensor4D, position));
export const windowPut = kernel<'dy'>(({ dy }, position) => putInto(dy as tf.Tensor4D, position));

export function takeFrom(x: tf.Tensor4D, { at, strides, places }: WindowPosition): tf.Tensor4D {
  const [batch, , , channels] = x.shape;
  const span = places.map((n, d) => (n - 1) * strides[d]! + 1);
  const begin = [0, at[0], at[1], 0];
  if (strides.every((n) => n === 1)) return tf.slice(x, begin as Shape, [batch, span[0]!, span[1]!, channels]);
  const end = [batch, at[0] + span[0]!, at[1] + span[1]!, channels];
  return tf.stridedSlice(x, begin, end, [1, ...strides, 1]) as tf.Tensor4D;
}

export function putInto(dy: tf.Tensor4D, { at, strides, inputShape }: WindowPosition): tf.Tensor4D {
  const spread = spreadOut(dy, strides[0], strides[1]);
  const after = (axis: 1 | 2): number => inputShape[axis]! - spread.shape[axis] - at[axis - 1]!;
  return tf.pad4d(spread, [
    [0, 0],
    [at[0], after(1)],
    [at[1], after(2)],
    [0, 0],
  ]);
}

type Shape = [number, number, number, number];
