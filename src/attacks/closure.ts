import { ndarray, oneHot } from '../core/arrays.js';
import type { ClientSettings, NdArray, Observation } from '../core/types.js';
import { compile, type Tensor, type Tensor4D, tf } from '../engine/index.js';
import { localSteps } from '../federation/index.js';
import type { Evaluate } from './minimise.js';
import { type About, OBJECTIVES, type ObjectiveName } from './objectives.js';
import { PRIORS, type PriorName } from './priors.js';

/** How the attacker models the client. */
export interface ClosureOptions {
  readonly objective: ObjectiveName;
  readonly prior: PriorName;
  /** Weight of the prior beside the objective. */
  readonly weight: number;
  /** `steps`: unroll the local steps from w0. `direction`: one gradient at w0, times the number of steps. */
  readonly simulate: 'steps' | 'direction';
  /** The labels; `joint`: soft labels softmax(logits), whose logits are searched together with the pictures (DLG). */
  readonly labels: Int32Array | 'joint';
}

/** A compiled objective: pictures in, value and gradient out. Dispose it when the attack is done. */
export interface Closure {
  readonly evaluate: Evaluate;
  readonly engine: string;
  readonly dispose: () => void;
}

/**
 * total(x) = objective(simulated update(x), observed update) + weight * prior(x), with its gradient in x.
 * The weights are baked into the compiled step; the observed update, the labels and the numbers of the objective are
 * inputs, so that the next observation of the same model runs on the same step.
 */
export async function attackClosure(observation: Observation, options: ClosureOptions): Promise<Closure> {
  const { model, tensors, client } = observation;
  const { batchSize, localSteps: tau } = client;
  const once: ClientSettings = { ...client, localSteps: 1, miniBatch: batchSize };
  const direct = options.simulate === 'direction';
  const simulate = localSteps(model, direct ? once : client);
  const match = OBJECTIVES[options.objective];
  const count = tensors.length;
  const joint = options.labels === 'joint';

  const closure = (x: Tensor, y: Tensor, numbers: Tensor, ...rest: Tensor[]): Tensor[] => {
    const [observed, parameters] = [rest.slice(0, count), rest.slice(count)];
    const { about, number } = readNumbers(numbers, count);
    const objective = (images: Tensor, logits: Tensor): tf.Scalar => {
      const { delta } = simulate(parameters, images, joint ? tf.exp(tf.logSoftmax(logits)) : logits);
      const g = direct && tau > 1 ? delta.map((d) => tf.mul(d, number(2))) : delta;
      return tf.add(match(g, observed, about), tf.mul(PRIORS[options.prior](images as Tensor4D), number(3)));
    };
    if (joint) {
      const { value, grads } = tf.valueAndGrads(objective)([x, y]);
      return [value, ...grads];
    }
    const { value, grad } = tf.valueAndGrad((images: Tensor) => objective(images, y))(x);
    return [value, grad];
  };

  const shape = [batchSize, ...model.imageShape];
  const targets =
    options.labels === 'joint' ? ndarray([batchSize, model.classes]) : oneHot('attack', options.labels, model.classes);
  const numbers = numbersOf(observation, options.weight);
  const step = await compile(closure, [ndarray(shape), targets, numbers, ...tensors], {
    constants: model.parameters,
    name: `${options.objective} closure of ${model.name}`,
  });
  return {
    engine: step.engine,
    dispose: step.dispose,
    evaluate: async (images, logits = targets) => {
      const [value, gradient, logitsGradient] = await step.run(images, logits, numbers, ...tensors);
      return { objective: value!.data[0]!, gradient: gradient!, logitsGradient };
    },
  };
}

/** What an objective needs to know of the observed update, as one array: an input of a step, so that the step serves others too. */
export function numbersOf({ tensors, client, obfuscation: { evidence } }: Observation, weight: number): NdArray {
  const list = [
    total(tensors, (q) => q * q),
    total(tensors, Math.abs),
    client.localSteps,
    weight,
    ...evidence.map((e) => finite(e.tolerance)),
    ...evidence.map((e) => finite(e.zeroTolerance)),
  ];
  return { shape: [list.length], data: Float32Array.from(list) };
}

/** The same inside a step. */
export function readNumbers(numbers: Tensor, count: number): { about: About; number: (i: number) => Tensor } {
  const number = (i: number): Tensor => tf.reshape(tf.slice(numbers, [i], [1]), []);
  const range = Array.from({ length: count }, (_, i) => i);
  const about = {
    tolerance: range.map((i) => number(HEAD + i)),
    zeroTolerance: range.map((i) => number(HEAD + count + i)),
    squares: number(0),
    magnitudes: number(1),
  };
  return { about, number };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

/** Sum of a function of every entry; 1 for an update of zeros, so that nothing divides by 0. */
const total = (tensors: readonly NdArray[], of: (value: number) => number): number =>
  tensors.reduce((sum, { data }) => sum + data.reduce((part, value) => part + of(value), 0), 0) || 1;

/** Numbers before the half-widths: sum q^2, sum |q|, local steps, weight of the prior. */
const HEAD = 4;
