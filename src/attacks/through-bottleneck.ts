import { problem } from '../core/errors.js';
import type { Model } from '../core/types.js';
import { type Tensor, tf } from '../engine/index.js';
import type { OwnObjective } from './search/objectives.js';

/**
 * The adaptive attack on precode(), as an objective for rog(): whatever the client drew, the encoder's update is
 * features h times errors, dE = sum_b h_b e_b^T, and its bias's are the errors, de = sum_b e_b. So
 *
 *     dE de / |de|^2 = sum_b h_b (e_b . de) / |de|^2
 *
 * is h itself for one image, and a mean of all for a batch. The objective is the share of its squared length that a
 * simulated update leaves; all other gradients, in which the noise is, are ignored.
 *
 * Photographs of 16x16, untrained LeNet, 64 units, deviations near 1, 150 closures: one image 24 dB, where matching
 * every gradient ends at 7 (gray 12) and the network without a bottleneck at 33; of two or more images 12 to 18 dB,
 * little more than a gray.
 * Errors: a model without a bottleneck.
 * Source: Balunovic et al. 2022 (arXiv 2111.04706), section 5: a dense layer with a bias gives its input away; Carletti
 * et al. 2023: a bottleneck's noise is left out of the search.
 * @example rog.rog(observed, { objective: rog.throughBottleneck(defended) })
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
