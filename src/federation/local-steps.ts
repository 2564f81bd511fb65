import type { ClientSettings, Model } from '../core/types.js';
import { crossEntropy, type Tensor, type Tensor2D, tf } from '../engine/index.js';
import { forward } from '../models/index.js';

/**
 * delta(w0, images) = (w0 - w_tau) / learningRate = sum over the local steps of the gradient at w_t, where
 * w_{t+1} = w_t - learningRate * gradient(w_t; mini-batch t). Pure and differentiable with respect to the images, so
 * an attacker can match it. Summing gradients instead of subtracting weights loses no digits.
 * @returns a function giving one tensor per parameter and the loss at w0; the caller owns them.
 */
export function localSteps(model: Pick<Model, 'layers'>, client: ClientSettings) {
  const logits = forward(model);
  return (parameters: readonly Tensor[], images: Tensor, targets: Tensor): { delta: Tensor[]; loss: Tensor } => {
    let weights = [...parameters];
    let delta: Tensor[] | undefined;
    let first: Tensor | undefined;
    for (let t = 0; t < client.localSteps; t++) {
      const [x, y] = miniBatch(images, targets, t, client);
      const { value, grads } = tf.valueAndGrads((...w: Tensor[]) => crossEntropy(logits(w, x), y as Tensor2D))(weights);
      first ??= value;
      delta = delta ? delta.map((d, k) => tf.add(d, grads[k]!)) : grads;
      if (t + 1 < client.localSteps) weights = weights.map((w, k) => tf.sub(w, tf.mul(grads[k]!, client.learningRate)));
    }
    return { delta: delta!, loss: first! };
  };
}

/** Mini-batch t of the batch, going round in order; the whole batch when it is one mini-batch. */
function miniBatch(images: Tensor, targets: Tensor, t: number, client: ClientSettings): [Tensor, Tensor] {
  const { batchSize, miniBatch: size } = client;
  if (size === batchSize) return [images, targets];
  const start = (t * size) % batchSize;
  const pick = (x: Tensor): Tensor => tf.slice(x, [start], [size]);
  return [pick(images), pick(targets)];
}
