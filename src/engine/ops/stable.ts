/** tfjs ops whose private gradient saves an output, so that its gradient is silently wrong; by the same name. */
import { problem } from '../../core/errors.js';
import { constant } from '../gradients/constant.js';
import * as tf from '../tfjs.js';

/** log softmax(x) = s - log(sum(exp(s))) with s = x - max(x), over `axis` (default: the last). */
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

/** exp(s) / sum(exp(s)) with s = x - max(x), over the last axis. */
export const softmax = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const powers = tf.exp(
      tf.sub(
        x,
        constant(() => tf.max(x, -1, true)),
      ),
    );
    return tf.div(powers, tf.sum(powers, -1, true));
  });

/** log sigmoid(x) = -softplus(-x). */
export const logSigmoid = <T extends tf.Tensor>(x: T | tf.TensorLike): T =>
  tf.tidy(() => tf.neg(tf.softplus(tf.neg(x as tf.Tensor))) as T);

/** The losses of tfjs, without the one whose gradient of a gradient would be silently wrong. */
export const losses: Omit<typeof tf.losses, 'softmaxCrossEntropy'> & { softmaxCrossEntropy: () => never } = {
  ...tf.losses,
  softmaxCrossEntropy: () => {
    throw problem('tf.losses.softmaxCrossEntropy', 'has a wrong second derivative', undefined, 'use crossEntropy()');
  },
};
