import { customGrad, type Tensor } from '../tfjs.js';

/**
 * The value of f(), treated as a constant by every gradient: f runs off the tape. Use it for masks and shifts, whose
 * derivative is zero almost everywhere.
 * @example const x = tf.tensor2d([[1, 2]]), shifted = tf.sub(x, constant(() => tf.max(x, -1, true)));
 */
export const constant = <T extends Tensor>(f: () => T): T =>
  customGrad<T>(() => ({ value: f(), gradFunc: () => [] }))();
