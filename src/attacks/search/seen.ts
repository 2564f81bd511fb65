import { ndarray, sizeOf } from '../../core/arrays.js';
import { type Widths, widthsOf } from '../../core/evidence.js';
import type { Evidence, NdArray, Projection } from '../../core/types.js';
import { type Tensor, type Tensor2D, tf, toTensor } from '../../engine/index.js';

/** Where nothing is known of an entry: wider than any gradient, and finite. */
const FAR = 1e30;

/** A bound as a compiled step can carry it. */
export const carried = (width: number): number => Math.min(width, FAR);

/** Bounds of what was kept and of what is 0, as arrays that fit [rows, columns] entries. */
export function boundArrays(evidence: Evidence, shape: readonly number[]): [kept: NdArray, zero: NdArray] {
  const whole = sizeOf(shape);
  const array = (width: Widths): NdArray => {
    if (typeof width === 'number') return ndarray([], carried(width));
    return ndarray(width.length === whole ? shape : [width.length], width.map(carried));
  };
  const { kept, zero } = widthsOf(evidence);
  return [array(kept), array(zero)];
}

/** The same as tensors. */
export function boundTensors(evidence: Evidence, shape: readonly number[]): { kept: Tensor; zero: Tensor } {
  const [kept, zero] = boundArrays(evidence, shape).map(toTensor) as [Tensor, Tensor];
  return { kept, zero };
}

/** A sum, or 1 where it is 0: nothing is divided by 0. */
export const orOne = (sum: Tensor): Tensor => tf.add(sum, tf.cast(tf.equal(sum, 0), 'float32'));

/** M B B^T of a tensor as a matrix M, its last axis the columns; see {@link Projection}. */
export function projected(tensor: Tensor, basis: Tensor): Tensor {
  const columns = tensor.shape.at(-1)!;
  const matrix = tf.reshape(tensor, [tensor.size / columns, columns]) as Tensor2D;
  const narrow = tf.matMul(matrix, basis as Tensor2D);
  return tf.reshape(tf.matMul(narrow, basis as Tensor2D, false, true), tensor.shape);
}

/** The same of plain numbers. */
export function projectedData(data: Float32Array, { basis, rank }: Projection): Float32Array {
  const columns = basis.length / rank;
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += columns)
    for (let k = 0; k < rank; k++) {
      let dot = 0;
      for (let c = 0; c < columns; c++) dot += data[start + c]! * basis[c * rank + k]!;
      for (let c = 0; c < columns; c++) out[start + c]! += dot * basis[c * rank + k]!;
    }
  return out;
}
