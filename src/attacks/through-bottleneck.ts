import { problem } from '../core/errors.js';
import type { Model } from '../core/types.js';
import { type Tensor, tf } from '../engine/index.js';
import type { OwnObjective } from './search/objectives.js';

/**
 * An adaptive attack on precode(), as an objective for rog(): whatever the client drew, the encoder's update is
 * features h times errors, dE = sum_b h_b e_b^T, and its bias's are the errors, de = sum_b e_b. So
 *
 *     dE de / |de|^2 = sum_b h_b (e_b . de) / |de|^2
 *
 * is h itself for one image, and a mean of all for a batch. The objective is the share of its squared length that a
 * simulated update leaves; all other gradients, in which the noise is, are ignored.
 *
 * One image is rebuilt about as well as by leaving out every gradient that has noise, see precode() for numbers; of two
 * or more little more than a gray.
 * Source: Geiping et al. 2020 (arXiv 2003.14053), proposition 3.1: a dense layer with a bias gives its input away.
 * @throws a model without a bottleneck
 * @example rog.rog(observed, { objective: rog.attacks.throughBottleneck(defended) })
 */
export function throughBottleneck({ name, parameters }: Pick<Model, 'name' | 'parameters'>): OwnObjective {
  const at = parameters.findIndex((one) => /(^|\/)bottleneck\d+\/encode\/kernel$/.test(one.name));
  if (at < 0) throw problem('throughBottleneck', 'needs a network with a bottleneck', name, 'precode(model) makes one');
  const features = (update: readonly Tensor[]): Tensor => {
    const errors = tf.reshape(update[at + 1]!, [-1, 1]);
    return tf.div(tf.matMul(update[at]!, errors), tf.add(tf.sum(tf.square(errors)), 1e-12));
  };
  return (simulated, received) => {
    const [found, seen] = [features(simulated), features(received)];
    return tf.div(tf.sum(tf.squaredDifference(found, seen)), tf.sum(tf.square(seen)));
  };
}
