import * as tf from '../tfjs.js';
import { logSoftmax } from './stable.js';

/** Mean over the batch of -sum(target * log softmax(logits)), both [batch, classes]; rows of `target` sum to 1. */
export const crossEntropy = (logits: tf.Tensor, target: tf.Tensor): tf.Scalar =>
  tf.tidy(() => tf.neg(tf.mean(tf.sum(tf.mul(target, logSoftmax(logits)), -1))) as tf.Scalar);
