import { type Widths, widthsOf } from '../../core/evidence.js';
import type { Evidence, Projection } from '../../core/types.js';
import { type Tensor, type Tensor2D, tf } from '../../engine/index.js';

/** Where nothing is known of an entry: wider than any gradient, and finite. */
const FAR = 1e30;

/** A bound as a compiled step can carry it. */
export const carried = (width: number): number => Math.min(width, FAR);

/** Bounds as tensors that fit [rows, columns] entries. */
export function boundTensors(evidence: Evidence, shape: readonly number[]): { kept: Tensor; zero: Tensor } {
  const whole = shape.reduce((product, n) => product * n, 1);
  const tensor = (width: Widths): Tensor => {
    if (typeof width === 'number') return tf.scalar(carried(width));
    return tf.tensor(width.map(carried), width.length === whole ? [...shape] : [width.length]);
  };
  const { kept, zero } = widthsOf(evidence);
  return { kept: tensor(kept), zero: tensor(zero) };
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
