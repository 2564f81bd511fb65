import { ndarray } from '../../core/arrays.js';
import type { NdArray, Observation } from '../../core/types.js';
import { compile, type Tensor, type Tensor2D, type Tensor4D, tf } from '../../engine/index.js';
import { forward } from '../../models/index.js';
import type { Closure } from '../search/closure-type.js';
import { type About, OBJECTIVES, type ObjectiveName, objectiveOfParts } from '../search/objectives.js';
import { PRIORS, type PriorName } from '../search/priors.js';
import { boundArrays, orOne } from '../search/seen.js';
import type { DenseLayer, Head } from './head.js';
import { partsOf } from './parts.js';
import type { Recovered } from './recovered.js';

/**
 * `features`: |phi(x) - X| / |X| with the recovered features X; not squared, so that the prior counts less the nearer
 * the pictures come. Else features(x)^T delta against the update itself, by an objective of gradient matching.
 */
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
 * one forward and one backward pass of the convolutions a step: no gradient of a gradient. A ReLU at the end of the
 * body is gated by the recovered features: one that should be active pulls also while it is not.
 */
export async function inversion(
  { model, client }: Observation,
  head: Head,
  { objective, prior, weight }: InversionOptions,
): Promise<Closure & { target(found: Recovered): void }> {
  const endsInRelu = head.body.at(-1)?.kind === 'relu';
  const layers = endsInRelu ? head.body.slice(0, -1) : head.body;
  const pass = forward({ layers, buffers: head.buffers });
  const [inputs, units] = [head.first.weights.rows, head.first.weights.columns];
  const size = client.batchSize;
  const byFeatures = objective === 'features';
  const observed = byFeatures ? [] : inParts(head.first);
  const count = byFeatures ? 1 : observed.length;
  const bounds = observed.map(({ shape }) => boundArrays(head.first.evidence, shape));
  const closure = (images: Tensor, delta: Tensor, ...rest: Tensor[]): Tensor[] => {
    const [targets, tolerances] = [rest.slice(0, count), rest.slice(count, count + 2 * bounds.length)];
    const parameters = rest.slice(count + 2 * bounds.length);
    const target = targets[0]!;
    const about: About = {
      tolerance: tolerances.slice(0, bounds.length),
      zeroTolerance: tolerances.slice(bounds.length),
      squares: orOne(tf.addN(targets.map((part) => tf.sum(tf.square(part))))),
      magnitudes: orOne(tf.addN(targets.map((part) => tf.sum(tf.abs(part))))),
    };
    const compare = (found: Tensor): tf.Scalar => {
      const active = endsInRelu ? tf.relu(found) : found;
      if (!byFeatures) {
        const sizes = targets.map(({ shape }) => shape[0]);
        const parts = count === 1 ? [active] : tf.split(active, sizes, 1);
        const found = parts.map((part) => tf.matMul(part as Tensor2D, delta as Tensor2D, true, false));
        return objectiveOfParts(objective)(found, targets, about);
      }
      const gate = tf.greater(target, tf.mul(DUST, tf.mean(tf.abs(target))));
      const away = tf.sub(endsInRelu ? tf.where(gate, found, active) : found, target);
      return tf.sqrt(tf.add(tf.div(tf.sum(tf.square(away)), about.squares), 1e-12));
    };
    const total = (x: Tensor): tf.Scalar =>
      tf.add(compare(pass(parameters, x)), tf.mul(PRIORS[prior](x as Tensor4D), weight));
    const { value, grad } = tf.valueAndGrad(total)(images);
    return [value, grad];
  };
  let delta = ndarray([size, units]);
  let targets = byFeatures ? [ndarray([size, inputs])] : [];
  const step = await compile(closure, [ndarray([size, ...model.imageShape]), delta, ...targets], {
    fixed: [...observed, ...bounds.map(([kept]) => kept), ...bounds.map(([, zero]) => zero)],
    constants: head.bodyParameters,
    stacks: true,
    name: `feature inversion of ${model.name}`,
  });
  return {
    engine: step.engine,
    dispose: step.dispose,
    target: (found) => {
      delta = { shape: delta.shape, data: Float32Array.from(found.delta.data) };
      if (byFeatures) targets = [{ shape: [size, inputs], data: Float32Array.from(found.features.data) }];
    },
    evaluate: async (images) => {
      const [value, gradient] = await step.run(images, delta, ...targets);
      return { objective: value!.data[0]!, gradient: gradient! };
    },
  };
}

/** The observed update of a dense layer, divided by its inputs. */
function inParts(layer: DenseLayer): NdArray[] {
  const { rows, columns } = layer.weights;
  const width = Math.ceil(rows / partsOf(layer));
  return Array.from({ length: Math.ceil(rows / width) }, (_, p) => {
    const [from, to] = [p * width, Math.min(rows, (p + 1) * width)];
    return { shape: [to - from, columns], data: layer.observed.subarray(from * columns, to * columns) };
  });
}

/**
 * Features below this share of their mean gate nothing: what several local steps leave of a 0; and where features are
 * exact, small ones pull pictures into kinks that they do not leave (batch of 16: 29.2 dB for 23.8 at a share of
 * 0.001).
 */
const DUST = 0.1;
