/** Whether an engine computes what the processor does: a small attack closure on both. */
import { sizeOf } from '../core/arrays.js';
import { uniformStream } from '../core/random.js';
import type { NdArray } from '../core/types.js';
import { compileGraph } from './compiled/index.js';
import type { ProviderName } from './compiled/provider-names.js';
import { onnxAvailable } from './compiled/runtime.js';
import { eagerStep } from './eager-step.js';
import { crossEntropy } from './ops/cross-entropy.js';
import * as tf from './tf.js';

/** The largest difference between an engine's gradient and the processor's, over the largest entry (float32). */
export const AGREEMENT = 1e-4;

const SHAPES = [
  [2, 12, 12, 3],
  [5, 5, 3, 8],
  [3, 3, 8, 16],
  [6 * 6 * 16, 10],
] as const;

/** Images, then the weights of two convolutions and a dense layer; U(-1/sqrt(fan in), 1/sqrt(fan in)). */
function inputs(): NdArray[] {
  const random = uniformStream(2023);
  return SHAPES.map((shape, k) => {
    const bound = k === 0 ? 1 : 1 / Math.sqrt(sizeOf(shape.slice(0, -1)));
    const data = Float32Array.from({ length: sizeOf(shape) }, () => (k === 0 ? random() : bound * (2 * random() - 1)));
    return { shape: [...shape], data };
  });
}

/** |gradient of the loss|^2 and its gradient for the images: all three convolutions, pooling, products. */
function closure(images: tf.Tensor, ...weights: tf.Tensor[]): tf.Tensor[] {
  const labels = tf.oneHot(tf.tensor1d([3, 7], 'int32'), 10);
  const loss = (x: tf.Tensor, [a, b, c]: readonly tf.Tensor[]): tf.Scalar => {
    const first = tf.relu(tf.conv2d(x as tf.Tensor4D, a as tf.Tensor4D, 1, 'same'));
    const second = tf.relu(tf.conv2d(tf.avgPool(first, 2, 2, 'valid'), b as tf.Tensor4D, 1, 'same'));
    return crossEntropy(tf.matMul(tf.reshape(second, [2, -1]), c as tf.Tensor2D), labels as tf.Tensor2D);
  };
  const objective = (x: tf.Tensor): tf.Scalar => {
    const slopes = tf.grads((...w: tf.Tensor[]) => loss(x, w))(weights);
    return tf.addN(slopes.map((g) => tf.sum(tf.square(g)))) as tf.Scalar;
  };
  const { value, grad } = tf.valueAndGrad(objective)(images);
  return [value, grad];
}

async function compiledOn(provider: ProviderName): Promise<NdArray> {
  const [images, ...weights] = inputs();
  const session = await compileGraph(closure, { inputs: [images!], constants: weights, threads: 1, provider });
  try {
    return (await session.run([images!]))[1]!;
  } finally {
    session.release();
  }
}

async function eagerly(): Promise<NdArray> {
  const [images, ...weights] = inputs();
  const step = eagerStep(closure, weights);
  try {
    return (await step.run(images!))[1]!;
  } finally {
    step.dispose();
  }
}

/** max |a - b| / max |b|; infinite where a number is none. */
export function disagreement({ data: a }: NdArray, { data: b }: NdArray): number {
  let [apart, largest] = [0, 0];
  for (const [i, y] of b.entries()) {
    const difference = Math.abs(a[i]! - y);
    apart = Math.max(apart, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
    largest = Math.max(largest, Math.abs(y));
  }
  return apart / largest;
}

/** The sentence of an engine whose gradient is too far off, see {@link disagreement}; undefined where it is right. */
export const tooFar = (apart: number, bound = AGREEMENT): string | undefined =>
  apart <= bound
    ? undefined
    : `its gradient is ${apart.toExponential(1)} from the processor's, at most ${bound} is right`;

/** How far the gradient of a small closure on a provider is from the processor's, see {@link AGREEMENT}. */
export const providerDisagreement = async (provider: ProviderName): Promise<number> =>
  disagreement(await compiledOn(provider), await compiledOn('cpu'));

/** The same for the current tensorflow.js backend; undefined where there is no compiled step to compare with. */
export const backendDisagreement = async (): Promise<number | undefined> =>
  onnxAvailable().ok ? disagreement(await eagerly(), await compiledOn('cpu')) : undefined;
