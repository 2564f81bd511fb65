import { ndarray } from '../core/arrays.js';
import { normalStream } from '../core/random.js';
import type { NamedArray } from '../core/types.js';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from '../engine/index.js';

/** Input channels of the heads: pixels with the first stage of `trunk-loss`, then its other stages. */
const INPUTS = [27, 48, 72, 96] as const;
/** Halvings per head: each ends at 4x4 pixels or 8x8. */
const HALVINGS = [2, 1, 0, 0] as const;
const WIDTH = 48;

const specs = (classes: number) =>
  INPUTS.flatMap((inputs, head) => [
    ...Array.from({ length: HALVINGS[head]! }, (_, k) => ({
      name: `critic${head}/half${k}/kernel`,
      shape: [2, 2, k === 0 ? inputs : WIDTH, WIDTH],
    })),
    { name: `critic${head}/mix/kernel`, shape: [3, 3, HALVINGS[head]! > 0 ? WIDTH : inputs, WIDTH] },
    { name: `critic${head}/class`, shape: [classes, WIDTH] },
    { name: `critic${head}/any`, shape: [WIDTH] },
  ]);

export const criticWeights = (classes: number, seed = 1): NamedArray[] =>
  specs(classes).map(({ name, shape }, k) => {
    const normal = normalStream(seed + 2000 + k);
    return { name, ...ndarray(shape, () => (shape.length < 4 ? 1 / 8 : 1) * normal()) };
  });

/** Filters of length `gain`, whatever the weights' own: keeps the critic's slope bounded. */
function unit(kernel: Tensor, gain: number): Tensor {
  const axes = kernel.shape.slice(0, -1).map((_, i) => i);
  return tf.mul(kernel, tf.mul(gain, tf.rsqrt(tf.add(tf.sum(tf.square(kernel), axes, true), 1e-8))));
}

/**
 * How real images look to four small heads on frozen features (Sauer et al. 2021, "Projected GANs"), each with the
 * class by projection (Miyato and Koyama 2018): <w + e_y, h> at every place.
 * @param stages of `trunk-loss` for the images
 * @returns a map of logits per head, [n, side, side]
 */
export function criticForward(
  parameters: readonly Tensor[],
  images: Tensor,
  stages: readonly Tensor[],
  labels: Tensor,
): Tensor[] {
  const queue = parameters[Symbol.iterator]();
  const take = (): Tensor => queue.next().value as Tensor;
  const active = (x: Tensor): Tensor => tf.leakyRelu(x, 0.2);
  return INPUTS.map((_, head) => {
    let x: Tensor = head === 0 ? tf.concat([tf.sub(images, 0.5), stages[0]!], 3) : stages[head]!;
    for (let k = 0; k < HALVINGS[head]!; k++)
      x = active(tf.conv2d(x as Tensor4D, unit(take(), 1.4) as Tensor4D, 2, 'valid'));
    x = active(tf.conv2d(x as Tensor4D, unit(take(), 1.4) as Tensor4D, 1, 'same'));
    const direction = tf.add(tf.matMul(labels as Tensor2D, take() as Tensor2D), take());
    return tf.sum(tf.mul(x, tf.reshape(direction, [x.shape[0], 1, 1, WIDTH])), 3);
  });
}
