import type { NdArray } from '../core/types.js';
import { type Tensor, tf } from '../engine/index.js';

/** Labels [batch, classes] of which a part e is spread over all K classes: (1 - e) y + e / K. */
export const smoothed = (y: Tensor, e = 0): Tensor =>
  e === 0 ? y : tf.add(tf.mul(y, 1 - e), e / y.shape[y.shape.length - 1]!);

/** The same of plain numbers. */
export const smoothedTargets = ({ shape, data }: NdArray, e = 0): NdArray =>
  e === 0 ? { shape, data } : { shape, data: data.map((y) => (1 - e) * y + e / shape.at(-1)!) };
