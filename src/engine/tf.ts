/**
 * tensorflow.js as roglab uses it: the package's own names, with gradients of gradients repaired
 * (see gradients/table.ts). Import this, never the package. Write `tf.mul(x, y)`: the package's Node build has no
 * chained methods, although its types promise `x.mul(y)`.
 * @example import { tf } from './engine/index.js'; tf.conv2d(x, kernel, 1, 'same')
 */
import { installGradients } from './gradients/install-gradients.js';

export { logSigmoid, logSoftmax, losses } from './ops/stable.js';
export * from './tfjs.js';

installGradients();
