import type { NdArray } from '../core/types.js';
import { Untraceable } from './compiled/index.js';
import { trace } from './compiled/trace/trace.js';
import { toTensor } from './tensor-arrays.js';
import * as tf from './tf.js';

/** Calls fn once for the shapes it sees, without computing where the tracer knows its operations. */
export function dryRun(fn: (...tensors: tf.Tensor[]) => tf.Tensor, inputs: readonly NdArray[]): void {
  try {
    trace(fn, inputs, []);
  } catch (error) {
    if (!(error instanceof Untraceable)) throw error;
    tf.dispose(tf.tidy(() => fn(...inputs.map(toTensor))));
  }
}
