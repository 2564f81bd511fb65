import { constant } from '../gradients/constant.js';
import * as tf from '../tfjs.js';

/**
 * log softmax(x) = s - log(sum(exp(s))) with s = x - max(x), over the last axis. Takes the place of `tf.logSoftmax`,
 * whose gradient of a gradient is silently wrong.
 */
export function logSoftmax<T extends tf.Tensor>(logits: T | tf.TensorLike, axis = -1): T {
  return tf.tidy(() => {
    const x = tf.cast(logits as tf.Tensor, 'float32');
    const shifted = tf.sub(
      x,
      constant(() => tf.max(x, axis, true)),
    );
    return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), axis, true))) as T;
  });
}
