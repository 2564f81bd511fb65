import { type Tensor4D, tf } from '../../engine/index.js';

type Shape = [number, number, number, number];

/** The pictures without their first or last rows and columns. */
function part(images: Tensor4D, from: readonly [y: number, x: number], to: readonly [y: number, x: number]): Tensor4D {
  const [batch, , , channels] = images.shape;
  const shape: Shape = [batch, to[0] - from[0], to[1] - from[1], channels];
  return tf.slice(images, [0, ...from, 0] as Shape, shape);
}

/** Differences to the next row [b, h - 1, w, c] and to the next column [b, h, w - 1, c]. */
function differences(images: Tensor4D): [down: Tensor4D, right: Tensor4D] {
  const [, h, w] = images.shape;
  return [
    tf.sub(part(images, [1, 0], [h, w]), part(images, [0, 0], [h - 1, w])),
    tf.sub(part(images, [0, 1], [h, w]), part(images, [0, 0], [h, w - 1])),
  ];
}

/** The same at the pixels that have both, each [b, h - 1, w - 1, c]. */
function gradientOf(images: Tensor4D): [down: Tensor4D, right: Tensor4D] {
  const [, h, w] = images.shape;
  const corner = part(images, [0, 0], [h - 1, w - 1]);
  return [tf.sub(part(images, [1, 0], [h, w - 1]), corner), tf.sub(part(images, [0, 1], [h - 1, w]), corner)];
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
    const [down, right] = gradientOf(images);
    return tf.mean(tf.sqrt(tf.add(tf.sum(tf.add(tf.square(down), tf.square(right)), 3), 1e-6)));
  },
} satisfies Record<string, (images: Tensor4D) => tf.Scalar>;

export type PriorName = keyof typeof PRIORS;
