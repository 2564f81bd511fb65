/**
 * tensorflow.js as roglab uses it: the package's own names, with gradients of gradients repaired
 * (see gradients/table.ts). Import this, never the package. Write `tf.mul(x, y)`: the package's Node build has no
 * chained methods, although its types promise `x.mul(y)`.
 * @example tf.mul(tf.tensor([1, 2]), tf.tensor([3, 4]))
 */
import { installGradients } from './gradients/install-gradients.js';

export { logSigmoid, logSoftmax, losses } from './ops/stable.js';
export * from './tfjs.js';

installGradients();
