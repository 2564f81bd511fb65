import { integer } from '../../core/options.js';
import * as tf from '../tfjs.js';

/** The matrix [to, from] whose row i averages the input pixels floor(i from / to) to ceil((i + 1) from / to) - 1. */
function averagingMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const [low, high] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
    matrix.fill(1 / (high - low), i * from + low, i * from + high);
  }
  return matrix;
}

/**
 * Images [batch, h, w, channels] averaged to [batch, size, size, channels] by PyTorch's rule (AdaptiveAvgPool2d):
 * windows may overlap, and fewer pixels than cells are repeated (4 -> 8).
 */
export function adaptiveAveragePool(images: tf.Tensor, size: number): tf.Tensor4D {
  integer('adaptiveAveragePool', 'size', size, 1);
  const [batch, h, w, channels] = images.shape as [number, number, number, number];
  if (h === size && w === size) return tf.clone(images) as tf.Tensor4D;
  if (h % size === 0 && w % size === 0) {
    const window: [number, number] = [h / size, w / size];
    return tf.avgPool(images as tf.Tensor4D, window, window, 'valid');
  }
  return tf.tidy(() => {
    const rows = tf.tensor2d(averagingMatrix(h, size), [size, h]);
    const columns = tf.tensor2d(averagingMatrix(w, size), [size, w]);
    const byColumn = tf.reshape(tf.transpose(images, [0, 1, 3, 2]), [batch * h * channels, w]);
    const wide = tf.reshape(tf.matMul(byColumn, columns, false, true), [batch, h, channels, size]);
    const byRow = tf.reshape(tf.transpose(wide, [0, 3, 2, 1]), [batch * size * channels, h]);
    const small = tf.reshape(tf.matMul(byRow, rows, false, true), [batch, size, channels, size]);
    return tf.transpose(small, [0, 3, 1, 2]) as tf.Tensor4D;
  });
}
