import { ndarray, oneHot } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { isSent, type Widths, widthsOf } from '../../core/evidence.js';
import { dotInTurns, sizesInTurns } from '../../core/in-turns.js';
import type { NdArray, Observation } from '../../core/types.js';
import { compile, type Tensor, type Tensor4D, tf, toTensor } from '../../engine/index.js';
import {
  assumed,
  batchMoments,
  type Cost,
  direction,
  knownMoments,
  localSteps,
  secondsOf,
  unrolls,
} from '../../federation/index.js';
import type { Closure, Comparison } from './closure-type.js';
import type { Evaluate } from './minimise.js';
import { type About, matchOf, type ObjectiveName, type OwnObjective, objectiveTitle } from './objectives.js';
import { PRIORS, type PriorName } from './priors.js';
import { carried, projected } from './seen.js';
import { softened } from './soften.js';
import { sweepingClosure } from './sweeping.js';

/** How the attacker models the client. */
export interface ClosureOptions {
  readonly objective: ObjectiveName | OwnObjective;
  readonly prior: PriorName;
  /** Weight of the prior beside the objective. */
  readonly weight: number;
  /** `steps`: simulate the local steps from w0. `direction`: one gradient at w0, times what the steps make of it. */
  readonly simulate: 'steps' | 'direction';
  /** Weight of the distance between the pictures' batch-norm moments and known ones, see knownMoments(); default 0. */
  readonly statistics?: number;
  /** The labels; `joint`: soft labels softmax(logits), whose logits are searched together with the pictures (DLG). */
  readonly labels: Int32Array | 'joint';
}

/**
 * total(x) = objective(simulated update(x), observed update) + weight * prior(x), with its gradient in x.
 * Few local steps are one compiled step with the weights baked in; the observed update, the labels and the numbers of
 * the objective are inputs, so that the next observation of the same model runs on the same step. Many local steps are
 * iterated.
 */
export async function attackClosure(observation: Observation, options: ClosureOptions): Promise<Closure> {
  const comparison = await comparisonOf(observation, options);
  const steps = options.simulate === 'steps';
  const make =
    steps && !unrolls(observation.model, comparison.client, 'both')
      ? sweepingClosure(comparison)
      : atOnce(comparison, steps);
  if (typeof options.objective === 'string') return make;
  const explained = withReason(options.objective);
  const closure = await make.catch(explained);
  return { ...closure, evaluate: (...at) => closure.evaluate(...at).catch(explained) };
}

/** What tensorflow.js says of somebody's own objective, with its name and what to do. */
const withReason =
  (objective: OwnObjective) =>
  (error: Error): never => {
    if (!/gradient/i.test(error.message) || error.name === 'RoglabError') throw error;
    throw problem(
      objectiveTitle(objective),
      `has no gradient of a gradient: ${error.message}`,
      undefined,
      'write it with arithmetic, sums, products, abs, sqrt, exp, log, relu and the like of tf',
    );
  };

async function atOnce(comparison: Comparison, steps: boolean): Promise<Closure> {
  const { observation, client, joint, targets, numbers, total, name } = comparison;
  const { model, tensors } = observation;
  const simulate = steps ? localSteps(model, client) : direction(model, client);
  const count = tensors.length;
  const closure = (x: Tensor, y: Tensor, numbers: Tensor, ...rest: Tensor[]): Tensor[] => {
    const [observed, parameters] = [rest.slice(0, count), rest.slice(count)];
    const objective = (images: Tensor, logits: Tensor): tf.Scalar => {
      const { delta } = simulate(parameters, images, joint ? tf.exp(tf.logSoftmax(logits)) : logits);
      return total({ delta, observed, images, numbers, parameters });
    };
    if (joint) {
      const { value, grads } = tf.valueAndGrads(objective)([x, y]);
      return [value, ...grads];
    }
    const { value, grad } = tf.valueAndGrad((images: Tensor) => objective(images, y))(x);
    return [value, grad];
  };
  const images = ndarray([client.batchSize, ...model.imageShape]);
  const step = await compile(closure, [images, targets], {
    fixed: [numbers, ...tensors],
    constants: model.parameters,
    name,
    stacks: true,
  });
  const evaluate: Evaluate = async (images, logits = targets) => {
    const [value, gradient, logitsGradient] = await step.run(images, logits);
    return { objective: value!.data[0]!, gradient: gradient!, logitsGradient };
  };
  const cost = async (images: NdArray): Promise<Cost> => ({
    seconds: await secondsOf(() => evaluate(images)),
    bytes: 0,
  });
  return { engine: step.engine, dispose: step.dispose, evaluate, ...(steps && client.localSteps > 1 && { cost }) };
}

/** sum over batch-norm layers of |mean - known mean| + |variance - known variance| (Yin et al. 2021, eq. 8). */
function momentsApart(observation: Observation) {
  const moments = batchMoments(observation.model);
  const known = knownMoments(observation);
  const distance = (x: Tensor, wanted: NdArray): Tensor =>
    tf.sqrt(tf.add(tf.sum(tf.squaredDifference(x, toTensor(wanted))), 1e-12));
  return (parameters: readonly Tensor[], images: Tensor): tf.Scalar =>
    tf.addN(
      moments(parameters, images).flatMap(({ mean, variance, count }, k) => [
        distance(mean, known[k]!.mean),
        distance(tf.mul(variance, count / Math.max(1, count - 1)), known[k]!.variance),
      ]),
    ) as tf.Scalar;
}

export async function comparisonOf(observation: Observation, options: ClosureOptions): Promise<Comparison> {
  const { model, tensors, obfuscation } = observation;
  const client = softened(assumed(observation.client).client);
  const { evidence } = obfuscation;
  const match = matchOf(options.objective);
  const prior = PRIORS[options.prior];
  const sent = evidence.flatMap((one, k) => (isSent(one) ? [k] : []));
  const got = sent.map((k) => tensors[k]!);
  const head = [await sum(got, (q) => dotInTurns(q, q)), await sum(got, sizesInTurns), options.weight];
  const lists = sent.map((k) => {
    const { kept, zero } = widthsOf(evidence[k]!);
    return { kept: asList(kept), zero: asList(zero), basis: evidence[k]!.projection };
  });
  const { numbers: list, at } = laidOut(
    head,
    lists.flatMap(({ kept, zero, basis }) => [kept, zero, ...(basis ? [basis.basis] : [])]),
  );
  const { labels, statistics = 0 } = options;
  const apart = statistics > 0 ? momentsApart(observation) : undefined;
  return {
    observation,
    client,
    joint: labels === 'joint',
    targets: labels === 'joint' ? ndarray([client.batchSize, model.classes]) : oneHot('attack', labels, model.classes),
    numbers: { shape: [list.length], data: list },
    usesParameters: apart !== undefined,
    total: ({ delta, observed, images, numbers, parameters }) => {
      const number = (i: number): Tensor => tf.reshape(tf.slice(numbers, [i], [1]), []);
      const values = (of: Numbers): Tensor => tf.slice(numbers, [at(of)], [of.length]);
      const bound = (of: Numbers, { size, shape }: Tensor): Tensor => {
        if (of.length === 1) return number(at(of));
        return of.length === size ? tf.reshape(values(of), shape) : values(of);
      };
      const received = sent.map((k) => observed[k]!);
      const about: About = {
        tolerance: received.map((tensor, i) => bound(lists[i]!.kept, tensor)),
        zeroTolerance: received.map((tensor, i) => bound(lists[i]!.zero, tensor)),
        squares: number(0),
        magnitudes: number(1),
      };
      const simulated = sent.map((k, i) => {
        const { basis } = lists[i]!;
        if (!basis) return delta[k]!;
        return projected(delta[k]!, tf.reshape(values(basis.basis), [basis.basis.length / basis.rank, basis.rank]));
      });
      const matched = match(simulated, received, about);
      const value: tf.Scalar =
        options.weight === 0 ? matched : tf.add(matched, tf.mul(prior(images as Tensor4D), number(2)));
      return apart ? tf.add(value, tf.mul(apart(parameters, images), statistics)) : value;
    },
    name: `${objectiveTitle(options.objective)} closure of ${model.name}`,
  };
}

type Numbers = Float32Array | readonly number[];

const asList = (width: Widths): Numbers => (typeof width === 'number' ? [width] : width);

/** Numbers of several lists behind a head, each list once. */
function laidOut(head: readonly number[], lists: readonly Numbers[]) {
  const starts = new Map<Numbers, number>();
  let length = head.length;
  for (const values of lists)
    if (!starts.has(values)) {
      starts.set(values, length);
      length += values.length;
    }
  const numbers = new Float32Array(length);
  numbers.set(head);
  for (const [values, start] of starts)
    for (let i = 0; i < values.length; i++) numbers[start + i] = carried(values[i]!);
  return { numbers, at: (of: Numbers): number => starts.get(of)! };
}

/** A sum over all tensors; 1 for an update of zeros, so that nothing divides by 0. */
async function sum(tensors: readonly NdArray[], of: (data: Float32Array) => Promise<number>): Promise<number> {
  let total = 0;
  for (const { data } of tensors) total += await of(data);
  return total || 1;
}
