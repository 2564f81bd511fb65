import { problem } from '../../core/errors.js';
import * as tf from '../tfjs.js';

/** y[b, h r + i, w r + j, c] = x[b, h, w, c r^2 + i r + j]: channels to space as PyTorch's PixelShuffle. */
export function pixelShuffle(images: tf.Tensor, factor: number): tf.Tensor4D {
  const [batch, h, w, channels] = images.shape as [number, number, number, number];
  const out = channels / factor ** 2;
  if (!Number.isInteger(out))
    throw problem('pixelShuffle', `the number of channels must be a multiple of ${factor ** 2}`, channels);
  return tf.tidy(() => {
    const split = tf.reshape(images, [batch * h, w, out, factor, factor]);
    const moved = tf.transpose(split, [0, 3, 1, 4, 2]);
    return tf.reshape(moved, [batch, h * factor, w * factor, out]) as tf.Tensor4D;
  });
}
