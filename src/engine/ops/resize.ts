import { oneOf } from '../../core/options.js';
import * as tf from '../tfjs.js';

/** How {@link resize} mixes pixels. */
export type ResizeMethod = 'bicubic' | 'bilinear' | 'nearest' | 'area';

/** Weights of the neighbours at distance t (in input pixels). */
const kernels: Record<'bicubic' | 'bilinear', { reach: number; weight: (t: number) => number }> = {
  // Keys' cubic convolution with a = -0.75, as PyTorch.
  bicubic: {
    reach: 2,
    weight: (t) => (t <= 1 ? (1.25 * t - 2.25) * t * t + 1 : t < 2 ? -0.75 * (((t - 5) * t + 8) * t - 4) : 0),
  },
  bilinear: { reach: 1, weight: (t) => Math.max(0, 1 - t) },
};

/**
 * The matrix [to, from] that resizes one axis: row i holds the weights of the input pixels for output pixel i.
 * Half-pixel centres (output i lies at (i + 0.5) from / to - 0.5), edges clamped, no antialiasing when shrinking except
 * with 'area', which averages the covered interval.
 */
export function resizeMatrix(from: number, to: number, method: ResizeMethod): Float32Array {
  const matrix = new Float64Array(to * from);
  const add = (row: number, column: number, weight: number) => {
    matrix[row * from + Math.min(from - 1, Math.max(0, column))]! += weight;
  };
  for (let i = 0; i < to; i++) {
    if (method === 'nearest') add(i, Math.floor((i * from) / to), 1);
    else if (method === 'area') {
      const [low, high] = [(i * from) / to, ((i + 1) * from) / to];
      for (let j = Math.floor(low); j < Math.ceil(high - 1e-9); j++)
        add(i, j, (Math.min(high, j + 1) - Math.max(low, j)) / (high - low));
    } else {
      const { reach, weight } = kernels[method];
      const centre = ((i + 0.5) * from) / to - 0.5;
      const first = Math.floor(centre) - reach + 1;
      for (let j = first; j < first + 2 * reach; j++) add(i, j, weight(Math.abs(centre - j)));
    }
  }
  return Float32Array.from(matrix);
}

/**
 * Images [batch, h, w, channels] at another size, as two products with constant matrices (see {@link resizeMatrix}),
 * so linear and differentiable to any order.
 * @param method 'bicubic' (default, a = -0.75), 'bilinear', 'nearest' or 'area'
 * @example const x = resize(latent, [32, 32]); // the low-resolution latent of ROG, upsampled
 */
export function resize(
  images: tf.Tensor,
  [height, width]: readonly [number, number],
  method: ResizeMethod = 'bicubic',
): tf.Tensor4D {
  oneOf('resize', 'method', method, ['bicubic', 'bilinear', 'nearest', 'area']);
  const [batch, h, w, channels] = images.shape as [number, number, number, number];
  return tf.tidy(() => {
    const rows = tf.tensor2d(resizeMatrix(h, height, method), [height, h]);
    const columns = tf.tensor2d(resizeMatrix(w, width, method), [width, w]);
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
