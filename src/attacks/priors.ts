import { type Tensor4D, tf } from '../engine/index.js';

/** Differences to the next row and the next column, both [batch, h - 1, w - 1, c]. */
function differences(images: Tensor4D): [down: Tensor4D, right: Tensor4D] {
  const [batch, height, width, channels] = images.shape;
  const part = (y: number, x: number): Tensor4D =>
    tf.slice(images, [0, y, x, 0], [batch, height - 1, width - 1, channels]);
  const corner = part(0, 0);
  return [tf.sub(part(1, 0), corner), tf.sub(part(0, 1), corner)];
}

/** A picture one pixel high or wide has no edges: its prior is 0. */
const hasEdges = ({ shape }: Tensor4D): boolean => shape[1] > 1 && shape[2] > 1;

function tv(images: Tensor4D): tf.Scalar {
  if (!hasEdges(images)) return tf.scalar(0);
  const [down, right] = differences(images);
  return tf.add(tf.mean(tf.abs(down)), tf.mean(tf.abs(right)));
}

/**
 * Priors on pictures [batch, h, w, c], each a mean per pixel.
 * - `tv`: mean |dx| + mean |dy|, every channel alone (Geiping et al. 2020).
 * - `tvL2`: tv + 0.01 mean x^2 (Yin et al. 2021, whose weights are 1e-4 and 1e-6).
 * - `colorTv`: mean sqrt(sum over channels of dx^2 + dy^2): edges of the channels coincide (Blomgren and Chan 1998).
 */
export const PRIORS = {
  tv,
  tvL2: (images) => tf.add(tv(images), tf.mul(0.01, tf.mean(tf.square(images)))),
  colorTv: (images) => {
    if (!hasEdges(images)) return tf.scalar(0);
    const [down, right] = differences(images);
    return tf.mean(tf.sqrt(tf.add(tf.sum(tf.add(tf.square(down), tf.square(right)), 3), 1e-6)));
  },
} satisfies Record<string, (images: Tensor4D) => tf.Scalar>;

export type PriorName = keyof typeof PRIORS;
