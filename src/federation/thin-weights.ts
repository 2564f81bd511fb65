/**
 * A dense layer's gradient is a product a^T d of its inputs and the errors at its outputs, of as many rows as there are
 * examples. After local steps of SGD, with momentum or without, its weights are
 *
 *     W_t = W_0 - sum over s < t of c(t, s) a_s^T d_s
 *
 * so a few rows are carried from step to step instead of a matrix, and x W_t = x W_0 - ((x A^T) c_t) D.
 */
import { sizeOf } from '../core/arrays.js';
import type { ClientOptimizer, ClientSettings, Model, NdArray } from '../core/types.js';
import { type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { isPlainSgd } from './client-optimizers.js';
import type { LocalStep } from './client-settings.js';
import type { Run } from './told-by-run.js';

/** A parameter that is carried as rows. */
export interface Thin {
  /** Its place among the parameters. */
  readonly k: number;
  /** Rows of one example: 1, or the tokens of a layer that is applied to each. */
  readonly perExample: number;
  /** Its shape. */
  readonly inputs: number;
  readonly outputs: number;
}

/** Parameters of which all rows are fewer numbers than the matrix, in a client of SGD without weight decay. */
export function thinOf(
  { parameters }: Model,
  { optimizer }: ClientSettings,
  trained: readonly boolean[],
  { rows }: Run,
  size: number,
  examples: number,
): Thin[] {
  if (optimizer!.kind !== 'sgd' || optimizer!.weightDecay) return [];
  return parameters.flatMap(({ shape }, k) => {
    const count = rows[k];
    if (count === undefined || !trained[k] || shape.length !== 2) return [];
    const [inputs, outputs] = shape as [number, number];
    const perExample = count / size;
    const isThin = perExample * examples * (inputs + outputs) <= inputs * outputs;
    return isThin ? [{ k, perExample, inputs, outputs }] : [];
  });
}

/** c(t, s) / unit for t = 0..tau, step s taken `unit` times: the learning rate for plain SGD, else 1. */
export function responses(optimizer: ClientOptimizer, steps: readonly LocalStep[], rate: number): number[][] {
  const { momentum = 0, nesterov = false } = optimizer as Extract<ClientOptimizer, { kind: 'sgd' }>;
  const at = Array.from({ length: steps.length + 1 }, () => new Array<number>(steps.length).fill(0));
  for (const s of steps.keys()) {
    let [velocity, moved] = [0, 0];
    for (let t = s; t < steps.length; t++) {
      const gradient = t === s ? 1 : 0;
      velocity = momentum * velocity + gradient;
      const move = nesterov ? gradient + momentum * velocity : velocity;
      moved += (isPlainSgd(optimizer) ? 1 : rate * steps[t]!.factor) * move;
      at[t + 1]![s] = moved;
    }
  }
  return at;
}

/** Those of one point in time, repeated for each row. */
export function perRow(response: readonly number[], sizes: readonly number[], perExample: number): NdArray {
  const data = Float32Array.from(response.flatMap((c, s) => new Array<number>(sizes[s]! * perExample).fill(c)));
  return { shape: [1, data.length], data };
}

/** The rows of a thin parameter as tensors. */
export interface Rows {
  /** A [rows, inputs] */
  readonly a: Tensor;
  /** D [rows, outputs] */
  readonly d: Tensor;
  /** c [1, rows] */
  readonly c: Tensor;
}

/** x A^T diag(c), [rows of x, rows]; what is added to x A^T as `u`. */
export function throughRows(x: Tensor, a: Tensor, c: Tensor, u?: Tensor): Tensor {
  const product = tf.matMul(x as Tensor2D, a as Tensor2D, false, true);
  return tf.mul(u ? tf.add(product, u) : product, c);
}

/** A^T diag(c) D */
export const matrixOf = ({ a, d, c }: Rows): Tensor =>
  tf.matMul(tf.mul(a, tf.reshape(c, [sizeOf(c.shape), 1])) as Tensor2D, d as Tensor2D, true, false);
