import { oneOf } from '../../core/options.js';
import { type ResampleMethod, resampleMatrix } from '../../core/resample.js';
import * as tf from '../tfjs.js';

/**
 * Images [batch, h, w, channels] at another size, as two products with constant matrices (half-pixel centres, clamped
 * edges: see `resampleMatrix`), so linear and differentiable to any order.
 * @param method 'bicubic' (default, a = -0.75), 'bilinear', 'nearest' or 'area'
 * @example const x = resize(tf.zeros([1, 8, 8, 3]), [32, 32]); // the low-resolution latent of ROG, upsampled
 */
export function resize(
  images: tf.Tensor,
  [height, width]: readonly [number, number],
  method: ResampleMethod = 'bicubic',
): tf.Tensor4D {
  oneOf('resize', 'method', method, ['bicubic', 'bilinear', 'nearest', 'area']);
  const [batch, h, w, channels] = images.shape as [number, number, number, number];
  if (h === height && w === width) return tf.clone(images) as tf.Tensor4D;
  return tf.tidy(() => {
    const rows = tf.tensor2d(Float32Array.from(resampleMatrix(h, height, method)), [height, h]);
    const columns = tf.tensor2d(Float32Array.from(resampleMatrix(w, width, method)), [width, w]);
    // Columns first: [b, h, w, c] -> [b, h, c, w] x [w, width]; then rows: [b, c, width, h] x [h, height].
    const wide = tf.matMul(
      tf.reshape(tf.transpose(images, [0, 3, 1, 2]), [batch * channels * h, w]),
      columns,
      false,
      true,
    );
    const turned = tf.transpose(tf.reshape(wide, [batch, channels, h, width]), [0, 1, 3, 2]);
    const tall = tf.matMul(tf.reshape(turned, [batch * channels * width, h]), rows, false, true);
    return tf.transpose(tf.reshape(tall, [batch, channels, width, height]), [0, 3, 2, 1]) as tf.Tensor4D;
  });
}
