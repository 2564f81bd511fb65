import { productInTurns } from '../../core/in-turns.js';
import { mapped, matrix, product, transpose } from '../../core/linear-algebra.js';
import type { NdArray, Observation } from '../../core/types.js';
import { compile, type Tensor, type Tensor2D, type Tensor4D, tf } from '../../engine/index.js';
import { forward } from '../../models/index.js';
import { outputErrors } from '../closed-form/activation-estimates.js';
import type { Head } from '../closed-form/head.js';
import { type About, OBJECTIVES, type ObjectiveName } from '../search/objectives.js';
import { PRIORS, type PriorName } from '../search/priors.js';
import { boundTensors, orOne } from '../search/seen.js';

/** How pictures are compared with the update. */
export interface SoftOptions {
  readonly objective: ObjectiveName;
  readonly prior: PriorName;
  readonly weight: number;
}

/** An objective with soft masks; `softness` in units of the typical inputs' root mean square. */
export interface SoftInversion {
  readonly evaluate: (images: NdArray, softness: number) => Promise<{ objective: number; gradient: NdArray }>;
  readonly dispose: () => void;
}

/**
 * Pictures from the first dense layer's update with errors that follow the pictures,
 *
 *     min over x of  D(f(x)^T delta(x), G1) + weight prior(x),    delta_i(x) = g_c(i) o sigmoid((W1^T f(x_i) + b1) /
 *     tau),
 *
 * where f are the features, g_c = factor W2 (p - y_c) / B the class's errors at typical predictions, and tau how soft
 * the masks are. With frozen errors two images of a class get the same pull and stay mixed; here the pull goes through
 * their masks too, so that different starts part: what tells twins apart is which units they switch on. No gradient of
 * a gradient.
 * @param prior mean features of typical pictures
 */
export async function softInversion(
  { model, client }: Observation,
  head: Head,
  labels: Int32Array,
  typical: Float64Array,
  { objective, prior, weight }: SoftOptions,
): Promise<SoftInversion> {
  const { evidence, observed, weights, bias } = head.first;
  const [inputs, units, size] = [weights.rows, weights.columns, labels.length];
  const guess = mapped(await productInTurns(matrix(1, inputs, typical), weights), (z, _, u) => z + bias[u]!);
  const hidden = mapped(matrix(size, units), (_, __, u) => head.factor * Math.max(0, guess.data[u]!));
  const errors = product(outputErrors(head, hidden, labels), transpose(head.last.weights));
  const scale = Math.sqrt(guess.data.reduce((sum, z) => sum + z * z, 0) / units) || 1;
  const pass = forward({ layers: head.body, buffers: head.buffers });
  const closure = (
    images: Tensor,
    width: Tensor,
    target: Tensor,
    errorsOf: Tensor,
    w1: Tensor,
    b1: Tensor,
    ...parameters: Tensor[]
  ): Tensor[] => {
    const { kept, zero } = boundTensors(evidence, target.shape);
    const about: About = {
      tolerance: [kept],
      zeroTolerance: [zero],
      squares: orOne(tf.sum(tf.square(target))),
      magnitudes: orOne(tf.sum(tf.abs(target))),
    };
    const total = (x: Tensor): tf.Scalar => {
      const found = pass(parameters, x) as Tensor2D;
      const active = tf.sigmoid(tf.div(tf.add(tf.matMul(found, w1 as Tensor2D), b1), width));
      const update = tf.matMul(found, tf.mul(errorsOf, active) as Tensor2D, true, false);
      return tf.add(OBJECTIVES[objective]([update], [target], about), tf.mul(PRIORS[prior](x as Tensor4D), weight));
    };
    const { value, grad } = tf.valueAndGrad(total)(images);
    return [value, grad];
  };
  const array = (shape: readonly number[], data: ArrayLike<number>): NdArray => ({
    shape,
    data: new Float32Array(data),
  });
  const target = array([inputs, units], observed);
  const each = array(
    [size, units],
    errors.data.map((value) => (head.factor * value) / client.batchSize),
  );
  const pictures = array(
    [size, ...model.imageShape],
    new Float32Array(size * model.imageShape.reduce((a, b) => a * b)),
  );
  const constants = [array([inputs, units], weights.data), array([units], bias), ...head.bodyParameters];
  const step = await compile(closure, [pictures, array([1], [1])], {
    fixed: [target, each],
    constants,
    name: `feature inversion of ${model.name} with soft masks`,
  });
  return {
    dispose: step.dispose,
    evaluate: async (images, softness) => {
      const [value, gradient] = await step.run(images, array([1], [softness * scale]));
      return { objective: value!.data[0]!, gradient: gradient! };
    },
  };
}
