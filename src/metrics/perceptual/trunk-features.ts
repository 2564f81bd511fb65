import { type Tensor, type Tensor4D, tf } from '../../engine/index.js';
import { pooled, type Step } from './trunks.js';

type Take = () => Tensor;

/**
 * The compared layers of a trunk as a pure function: activations [batch, h, w, c], one per `tap`, from parameters (in
 * the order of `trunkTensors`) and images [batch, h, w, 3]. Differentiable to any order; the caller owns the results.
 */
export function trunkFeatures(steps: readonly Step[]): (parameters: readonly Tensor[], images: Tensor) => Tensor[] {
  return (parameters, images) => {
    const queue = parameters[Symbol.iterator]();
    const take: Take = () => queue.next().value as Tensor;
    const found: Tensor[] = [];
    let x = images as Tensor4D;
    for (const step of steps) {
      if (step.kind === 'tap') found.push(x);
      else x = apply(step, x, take);
    }
    return found;
  };
}

function apply(step: Exclude<Step, { kind: 'tap' }>, x: Tensor4D, take: Take): Tensor4D {
  switch (step.kind) {
    case 'conv':
      return convolve(x, take, step.stride, step.pad);
    case 'fire': {
      const squeezed = convolve(x, take, 1, 0);
      return tf.concat([convolve(squeezed, take, 1, 0), convolve(squeezed, take, 1, 1)], 3);
    }
    case 'pool':
      return step.size === 2 ? (tf.maxPool(x, 2, 2, 'valid') as Tensor4D) : poolOfThree(x, step.ceil);
  }
}

function convolve(x: Tensor4D, take: Take, stride: number, pad: number): Tensor4D {
  const kernel = take() as Tensor4D;
  const margin: [number, number] = [pad, pad];
  const padded = pad === 0 ? x : tf.pad(x, [[0, 0], margin, margin, [0, 0]]);
  return tf.relu(tf.add(tf.conv2d(padded, kernel, stride, 'valid'), take())) as Tensor4D;
}

/**
 * Max pooling over 3x3 windows with stride 2. The windows overlap, for which the engine has no gradient, so each axis
 * is the largest of three shifted copies; columns before rows, so that of equal entries the first in row-major order
 * wins. Activations are never negative, so zeros stand for what hangs over the edge.
 */
function poolOfThree(x: Tensor4D, ceil: boolean): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [rows, columns] = [pooled(height, 3, ceil), pooled(width, 3, ceil)];
  const wide = everyOther(x, batch * height, width, columns, channels);
  const tall = everyOther(wide, batch, height, rows, columns * channels);
  return tf.reshape(tall, [batch, rows, columns, channels]);
}

/** [outer, length, inner] -> [outer, count, inner]: the largest of entries 2i, 2i + 1 and 2i + 2. */
function everyOther(x: Tensor, outer: number, length: number, count: number, inner: number): Tensor {
  const needed = 2 * count + 2;
  const flat = tf.reshape(x, [outer, length, inner]);
  const whole = tf.pad(flat, [
    [0, 0],
    [0, needed - length],
    [0, 0],
  ]);
  const pairs = tf.reshape(whole, [outer, count + 1, 2 * inner]);
  const part = (row: number, column: number) => tf.slice(pairs, [0, row, column], [outer, count, inner]);
  return tf.maximum(tf.maximum(part(0, 0), part(0, inner)), part(1, 0));
}
