/** Rule of batch normalization, y = (x - mean) / sqrt(variance + epsilon) * scale + offset. */
import * as tf from '../tfjs.js';
import { unbroadcast } from './arithmetic.js';
import { type Rule, rule } from './rule.js';

export const normalization: Record<string, Rule> = {
  FusedBatchNorm: rule(['x', 'mean', 'variance', 'scale'], (dy, [x, mean, variance, scale], { varianceEpsilon }) => {
    const inverse = () => tf.rsqrt(tf.add(variance, varianceEpsilon));
    const slope = () => tf.mul(dy, scale ? tf.mul(inverse(), scale) : inverse());
    const centred = () => tf.sub(x, mean);
    const cubed = () => tf.div(inverse(), tf.add(variance, varianceEpsilon));
    return {
      x: slope,
      mean: () => unbroadcast(tf.neg(slope()), mean.shape),
      variance: () => {
        const product = tf.mul(tf.mul(dy, scale ?? 1), tf.mul(centred(), cubed()));
        return unbroadcast(tf.mul(-0.5, product), variance.shape);
      },
      scale: () => unbroadcast(tf.mul(dy, tf.mul(centred(), inverse())), scale.shape),
      offset: () => unbroadcast(dy, mean.shape),
    };
  }),
};
