import type { NdArray } from '../core/types.js';
import { toTensor } from './tensor-arrays.js';
import * as tf from './tf.js';

/** A step that evaluates its function on the current tensorflow.js backend, operation by operation. */
export function eagerStep(
  fn: (...tensors: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
  constants: readonly NdArray[],
): { run: (...inputs: readonly NdArray[]) => Promise<NdArray[]>; dispose: () => void } {
  const uploaded = constants.map((array) => tf.keep(toTensor(array)));
  return {
    run: async (...inputs) => {
      await new Promise(setImmediate);
      const results = tf.tidy(() => [fn(...inputs.map(toTensor), ...uploaded)].flat());
      try {
        return await Promise.all(
          results.map(async (x) => ({ shape: [...x.shape], data: Float32Array.from(await x.data()) })),
        );
      } finally {
        tf.dispose(results.filter((x) => !uploaded.includes(x)));
      }
    },
    dispose: () => tf.dispose(uploaded),
  };
}
