import type { NdArray, Observation } from '../../core/types.js';
import { compile, type Tensor, type Tensor2D, type Tensor4D, tf } from '../../engine/index.js';
import { forward } from '../../models/index.js';
import type { Closure } from '../closure.js';
import { type About, OBJECTIVES, type ObjectiveName } from '../objectives.js';
import { PRIORS, type PriorName } from '../priors.js';
import type { Head } from './head.js';
import type { Recovered } from './recover.js';

/** `features`: |phi(x) - X|^2 / |X|^2 with the recovered features X; else features(x)^T delta against the update itself. */
export type Comparison = 'features' | ObjectiveName;

export const COMPARISONS: readonly Comparison[] = ['features', ...(Object.keys(OBJECTIVES) as ObjectiveName[])];

/** How pictures are compared with what was recovered. */
export interface InversionOptions {
  readonly objective: Comparison;
  readonly prior: PriorName;
  readonly weight: number;
}

/**
 * The last step: pictures from features or from the first dense layer's update with FROZEN errors,
 *
 *     min over x of  D(features(x)^T delta, G1) + weight prior(x),
 *
 * one forward and one backward pass of the convolutions a step: no gradient of a gradient.
 */
export async function inversion(
  { model, client }: Observation,
  head: Head,
  { objective, prior, weight }: InversionOptions,
): Promise<Closure & { target(found: Recovered): void }> {
  const last = head.body.at(-1)?.kind === 'relu';
  const pass = forward({ layers: last ? head.body.slice(0, -1) : head.body });
  const [inputs, units] = [head.first.weights.rows, head.first.weights.columns];
  const size = client.batchSize;
  const byFeatures = objective === 'features';
  const closure = (images: Tensor, delta: Tensor, target: Tensor, ...parameters: Tensor[]): Tensor[] => {
    const scalar = (value: number): Tensor => tf.scalar(value);
    const about: About = {
      tolerance: [scalar(finite(head.first.evidence.tolerance))],
      zeroTolerance: [scalar(finite(head.first.evidence.zeroTolerance))],
      squares: orOne(tf.sum(tf.square(target))),
      magnitudes: orOne(tf.sum(tf.abs(target))),
    };
    const total = (x: Tensor): tf.Scalar => {
      const inputs = pass(parameters, x);
      const found = last && !byFeatures ? tf.relu(inputs) : inputs;
      const match = byFeatures
        ? (tf.div(
            tf.sum(
              tf.square(
                last ? tf.sub(tf.where(tf.greater(target, 0), found, tf.relu(found)), target) : tf.sub(found, target),
              ),
            ),
            about.squares,
          ) as tf.Scalar)
        : OBJECTIVES[objective]([tf.matMul(found, delta as Tensor2D, true, false)], [target], about);
      return tf.add(match, tf.mul(PRIORS[prior](x as Tensor4D), weight));
    };
    const { value, grad } = tf.valueAndGrad(total)(images);
    return [value, grad];
  };
  const blank = (shape: readonly number[]): NdArray => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  const observed: NdArray = { shape: [inputs, units], data: head.first.observed };
  let delta = blank([size, units]);
  let target = byFeatures ? blank([size, inputs]) : observed;
  const step = await compile(closure, [blank([size, ...model.imageShape]), delta, target], {
    constants: head.bodyParameters,
    name: `feature inversion of ${model.name}`,
  });
  return {
    engine: step.engine,
    dispose: step.dispose,
    target: (found) => {
      delta = { shape: delta.shape, data: Float32Array.from(found.delta.data) };
      if (byFeatures) target = { shape: target.shape, data: withoutDust(found.features.data) };
    },
    evaluate: async (images) => {
      const [value, gradient] = await step.run(images, delta, target);
      return { objective: value!.data[0]!, gradient: gradient! };
    },
  };
}

/** A sum, or 1 where it is 0: nothing is divided by 0. */
const orOne = (sum: Tensor): Tensor => tf.add(sum, tf.cast(tf.equal(sum, 0), 'float32'));

/** What rounding left of a feature that is 0 (below a thousandth of the mean): it must not count as an active one. */
function withoutDust(features: Float64Array): Float32Array {
  const mean = features.reduce((sum, value) => sum + Math.abs(value), 0) / features.length;
  return Float32Array.from(features, (value) => (Math.abs(value) < 1e-3 * mean ? 0 : value));
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
