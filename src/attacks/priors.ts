import { type Tensor4D, tf } from '../engine/index.js';

/**
 * Total variation, anisotropic: mean |dx| + mean |dy| over all pixels and channels of [batch, h, w, c].
 * Source: Geiping et al. 2020.
 */
export function totalVariation(images: Tensor4D): tf.Scalar {
  const [batch, height, width, channels] = images.shape;
  const variation = (down: number, right: number): tf.Scalar => {
    const size: [number, number, number, number] = [batch, height - down, width - right, channels];
    return tf.mean(tf.abs(tf.sub(tf.slice(images, [0, down, right, 0], size), tf.slice(images, [0, 0, 0, 0], size))));
  };
  const horizontal = width > 1 ? variation(0, 1) : tf.scalar(0);
  return height > 1 ? tf.add(horizontal, variation(1, 0)) : horizontal;
}
