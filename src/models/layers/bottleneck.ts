import { sizeOf } from '../../core/arrays.js';
import { normalStream } from '../../core/random.js';
import { type Tensor, tf } from '../../engine/index.js';
import { count, notNegative, optional, required } from './layer-options.js';
import type { Of, Rule } from './types.js';
import { affine, weighted } from './weighted.js';

/** Deviations start near softplus(-5) = 0.0067. */
const SHIFT = -5;

export const bottleneck: Rule<Of<'bottleneck'>> = {
  options: { units: required(count), beta: optional(notNegative) },
  plan: ({ units }, { shape, flattened }, name) => {
    const size = sizeOf(shape);
    return {
      shape: [1, 1, size],
      specs: [
        ...weighted(`${name}/encode`, [size, 2 * units], size, true, { flattens: flattened ?? shape }),
        ...weighted(`${name}/decode`, [units, size], units, true),
      ],
    };
  },
  apply: ({ units, beta = 1e-3 }, x, way) => {
    const count = x.shape[0];
    const encoded = affine(tf.reshape(x, [count, -1]), true, way);
    const part = (from: number): Tensor => tf.slice(encoded, [0, from], [count, units]);
    const [mean, deviation] = [part(0), tf.softplus(tf.add(part(units), SHIFT))];
    way.charge(tf.mul(divergence(mean, deviation), beta / count));
    const shape = [count, units];
    const drawn = way.drawn(undefined, shape, (own) => Float32Array.from({ length: count * units }, normalStream(own)));
    return affine(drawn ? tf.add(mean, tf.mul(deviation, drawn)) : mean, true, way);
  },
};

/** sum of KL(N(m, s^2) | N(0, 1)). */
function divergence(mean: Tensor, deviation: Tensor): Tensor {
  const each = tf.sub(tf.add(tf.square(mean), tf.square(deviation)), tf.add(tf.mul(tf.log(deviation), 2), 1));
  return tf.mul(tf.sum(each), 0.5);
}
