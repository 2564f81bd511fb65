import { problem } from '../../core/errors.js';
import {
  halfWidth,
  hidesScale,
  isExact,
  isExactToScale,
  isRandomlyRounded,
  isRounded,
  isSent,
  isSparse,
  keepsSigns,
} from '../../core/evidence.js';
import type { Evidence, NdArray, Observation } from '../../core/types.js';
import { type Tensor, tf } from '../../engine/index.js';
import { hasKinks, mixesExamples } from '../../models/index.js';
import { isNoisedFirmly } from './noise-weight.js';
import { isAdaptive } from './soften.js';

/** What the server knows about the observed update q, as tensors: a half-width each, and two norms of the whole. */
export interface About {
  /** |true - q| is at most this where q != 0 ... */
  readonly tolerance: readonly Tensor[];
  /** ... and at most this where q == 0. */
  readonly zeroTolerance: readonly Tensor[];
  /** sum q^2 */
  readonly squares: Tensor;
  /** sum |q| */
  readonly magnitudes: Tensor;
}

/** How far a simulated update g is from the observed one q, given what phi is known to do. */
export type Objective = (g: readonly Tensor[], q: readonly Tensor[], about: About) => tf.Scalar;

const sumOver = (
  g: readonly Tensor[],
  q: readonly Tensor[],
  part: (a: Tensor, b: Tensor, i: number) => Tensor,
): tf.Scalar => tf.addN(g.map((a, i) => tf.sum(part(a, q[i]!, i)))) as tf.Scalar;

const isKept = (q: Tensor): Tensor => tf.cast(tf.notEqual(q, 0), 'float32');
const isDropped = (q: Tensor): Tensor => tf.cast(tf.equal(q, 0), 'float32');

const cosineDistance = (dot: Tensor, gg: Tensor, qq: Tensor): tf.Scalar =>
  tf.sub(1, tf.div(dot, tf.mul(tf.sqrt(tf.add(gg, 1e-20)), tf.sqrt(tf.add(qq, 1e-20)))));

const squaredDistance: Objective = (g, q) => sumOver(g, q, (a, b) => tf.square(tf.sub(a, b)));

const wrongSignOfOne = (g: readonly Tensor[], q: readonly Tensor[]): tf.Scalar =>
  tf.div(
    sumOver(g, q, (a, b) => tf.relu(tf.neg(tf.mul(a, b)))),
    tf.add(sumOver(g, q, tf.abs), 1e-12),
  );

/**
 * - `l2`: sum (g - q)^2, the paper's.
 * - `exactL2`: the same, down to zero. `l2` never forms the gradient of a dense layer, which leaves rounding errors of
 * about
 *   1e-8 sum q^2; the absolute value here forces every difference to be taken first. Slower where dense layers are
 *   large.
 * - `relativeL2`: l2 over sum q^2.
 * - `cosine`: 1 - <g, q> / (|g| |q|) over the whole update (Geiping et al. 2020).
 * - `maskedCosine`: the cosine over the entries that were kept (q != 0): for sparsified updates.
 * - `sparse`: for top-k: `maskedCosine`, plus 0.5 (|g| / |q| - 1)^2 over the kept entries, plus 0.2 times what dropped
 *   entries exceed their threshold by, over sum |q|.
 * - `stochasticRounding`: for QSGD: -log(1 - |g - q| / step + 0.05), the probability that g is rounded to q, continued
 * with
 *   its slope beyond one step; over sum |q| / step.
 * - `interval`: sum relu(|g - q| - half-width) / sum |q|: zero wherever g could have been rounded to q. The distance is
 *   not squared: near the edge of its interval an entry still pulls with full force, which keeps contrast and colour.
 * - `wrongSign`: sum over tensors of sum relu(-g q) / sum |g|: the share of the update with the wrong sign.
 */
export const OBJECTIVES = {
  l2: squaredDistance,
  exactL2: (g, q) => sumOver(g, q, (a, b) => tf.square(tf.abs(tf.sub(a, b)))),
  relativeL2: (g, q, about) => tf.div(squaredDistance(g, q, about), about.squares),
  cosine: (g, q, { squares }) => cosineDistance(sumOver(g, q, tf.mul), sumOver(g, q, tf.square), squares),
  maskedCosine: (g, q, { squares }) => {
    const kept = sumOver(g, q, (a, b) => tf.mul(tf.square(a), isKept(b)));
    return cosineDistance(sumOver(g, q, tf.mul), kept, squares);
  },
  sparse: (g, q, { squares, magnitudes, zeroTolerance }) => {
    const kept = sumOver(g, q, (a, b) => tf.mul(tf.square(a), isKept(b)));
    const scale = tf.square(tf.sub(tf.sqrt(tf.div(tf.add(kept, 1e-20), squares)), 1));
    const above = sumOver(g, q, (a, b, i) => tf.relu(tf.sub(tf.mul(tf.abs(a), isDropped(b)), zeroTolerance[i]!)));
    const angle = cosineDistance(sumOver(g, q, tf.mul), kept, squares);
    return tf.add(tf.add(angle, tf.mul(0.5, scale)), tf.mul(0.2, tf.div(above, magnitudes)));
  },
  stochasticRounding: (g, q, { tolerance }) => {
    // a tensor of zeros has no step: it counts nothing
    const steps = (x: Tensor, i: number): Tensor =>
      tf.mul(tf.abs(x), tf.div(tf.step(tolerance[i]!), tf.add(tolerance[i]!, 1e-12)));
    const surprise = sumOver(g, q, (a, b, i) => {
      const away = steps(tf.sub(a, b), i);
      return tf.sub(tf.mul(tf.relu(tf.sub(away, 1)), 20), tf.log(tf.add(tf.relu(tf.sub(1, away)), 0.05)));
    });
    return tf.div(
      surprise,
      sumOver(g, q, (_, b, i) => steps(b, i)),
    );
  },
  interval: (g, q, { tolerance, zeroTolerance, magnitudes }) => {
    const halfWidth = (b: Tensor, i: number): Tensor =>
      tf.add(tf.mul(isKept(b), tolerance[i]!), tf.mul(isDropped(b), zeroTolerance[i]!));
    const outside = sumOver(g, q, (a, b, i) => tf.relu(tf.sub(tf.abs(tf.sub(a, b)), halfWidth(b, i))));
    return tf.div(outside, magnitudes);
  },
  wrongSign: (g, q) => tf.addN(g.map((a, i) => wrongSignOfOne([a], [q[i]!]))) as tf.Scalar,
} satisfies Record<string, Objective>;

export type ObjectiveName = keyof typeof OBJECTIVES;

/** An objective of one tensor that comes in parts. */
export const objectiveOfParts = (name: ObjectiveName): Objective =>
  name === 'wrongSign' ? wrongSignOfOne : OBJECTIVES[name];

/** The objective that fits what phi leaves of an update, from its public report alone. */
function objectiveFor(all: readonly Evidence[]): ObjectiveName {
  const evidence = all.filter(isSent);
  if (evidence.some(({ signOnly }) => signOnly)) return 'wrongSign';
  if (evidence.some(isSparse)) return evidence.some(hidesScale) ? 'maskedCosine' : 'sparse';
  if (evidence.some(isRounded)) return 'interval';
  if (evidence.some(({ tolerance }) => tolerance > 0) && evidence.every(isRandomlyRounded)) return 'stochasticRounding';
  return 'cosine';
}

/**
 * The objective that fits an observation: phi's, squares where noise asks for a firm prior, and, for clients whose
 * moves are no multiples of a gradient (Adam), signs after one step, sizes too after several.
 */
export function objectiveOf(observation: Observation): ObjectiveName {
  const { model, client, tensors, obfuscation } = observation;
  const { evidence } = obfuscation;
  if (isNoisedFirmly(observation) || (mixesExamples(model) && evidence.every(isExact))) return 'relativeL2';
  const fine = hasKinks(model) ? FINE : 0;
  if (!isAdaptive(client.optimizer)) return objectiveOfValues(tensors, evidence, fine);
  if (client.localSteps === 1) return evidence.every(keepsSigns) ? 'wrongSign' : 'cosine';
  return evidence.every(isExact) ? 'relativeL2' : objectiveFor(evidence);
}

/** The objective that fits phi's evidence and what was received of the tensors. */
export function objectiveOfValues(
  tensors: readonly Pick<NdArray, 'data'>[],
  evidence: readonly Evidence[],
  fine = FINE,
): ObjectiveName {
  const own = objectiveFor(evidence);
  return own === 'interval' && !intervalsTell(tensors, evidence, fine) ? 'cosine' : own;
}

/** Behind kinks, rounding that moved less than this share of the update's squared length is as good as none. */
const FINE = 1e-4;

/** Where no bound holds for more than this share of it, intervals leave the largest entries out. */
const LOOSE = 0.1;

/**
 * Whether intervals say more than the values themselves: rounding is coarse, sum of w^2 / 3 above 1e-4 of sum q^2 with
 * w the half-widths, and the large entries are bounded, those with |q| <= w below 10 % of it, or the others lost
 * nothing (a limit on sizes). On LeNet, one image: 4 bits 28.3 dB by intervals and 23.9 by the cosine, 6 bits 29.0
 * and 27.1, 8 bits (3e-4) 27.8 and 27.3; fp16 26.2 and 29.3, nf4 27.0 and 29.4; six centres of k-means, the outermost
 * of them open, 16.5 and 25.6.
 */
export function intervalsTell(
  tensors: readonly Pick<NdArray, 'data'>[],
  evidence: readonly Evidence[],
  fine = FINE,
): boolean {
  const { all, moved, open, coarse } = sumsOf(tensors, evidence);
  const othersFine = coarse < FINE * (all - open);
  return moved > fine * all && (open < LOOSE * all || othersFine);
}

/** Whether rounding moved so little that a search behind kinks ends further from the update. */
export function isAsGoodAsNone({ tensors, obfuscation }: Pick<Observation, 'tensors' | 'obfuscation'>): boolean {
  const { all, moved } = sumsOf(tensors, obfuscation.evidence);
  return moved <= FINE * all;
}

function sumsOf(tensors: readonly Pick<NdArray, 'data'>[], evidence: readonly Evidence[]): Sums {
  let sums: Sums = { all: 0, moved: 0, open: 0, coarse: 0 };
  for (const [k, { data }] of tensors.entries()) if (isSent(evidence[k]!)) sums = added(sums, data, evidence[k]!);
  return sums;
}

/** Squares of all entries, of how far rounding moved them, of those that are as small as their bound, of the others. */
interface Sums {
  readonly all: number;
  readonly moved: number;
  readonly open: number;
  readonly coarse: number;
}

function added(before: Sums, data: Float32Array, known: Evidence): Sums {
  let { all, moved, open, coarse } = before;
  const { tolerance, zeroTolerance, each } = known;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]!);
    const width = each ? halfWidth(known, size, i) : size === 0 ? zeroTolerance : tolerance;
    const isOpen = size > 0 && width >= size;
    const error = (isOpen ? size : width) ** 2 / 3;
    all += size * size;
    moved += error;
    if (isOpen) open += size * size;
    else if (size > 0) coarse += error;
  }
  return { all, moved, open, coarse };
}

/** The objective of an attack that knows phi: its own where every entry is exact, else the one that fits phi. */
export const fitting = (evidence: readonly Evidence[], own: ObjectiveName): ObjectiveName =>
  evidence.every(isExactToScale) ? own : objectiveFor(evidence);

/**
 * An objective of one's own: how far a simulated update is from the received one, tensor by tensor in the order of the
 * model's parameters, as one number to make small. Written with the operations of tf, differentiable, without reading
 * values.
 * @example
 * const result = await rog.rog(observed, { iterations: 60, objective: (simulated, received) =>
 *   tf.addN(simulated.map((g, k) => tf.sum(tf.abs(tf.sub(g, received[k]))))) })
 */
export type OwnObjective = (simulated: readonly Tensor[], received: readonly Tensor[]) => Tensor;

export type AnyObjective = ObjectiveName | OwnObjective;

/** What an objective is called in settings and messages. */
export const objectiveTitle = (objective: ObjectiveName | OwnObjective): string =>
  typeof objective === 'string' ? objective : `own objective${objective.name ? ` ${objective.name}` : ''}`;

/** The function behind an objective. @throws one of one's own that gives no single number */
export const matchOf = (objective: ObjectiveName | OwnObjective): Objective =>
  typeof objective === 'string' ? OBJECTIVES[objective] : checked(objective);

const checked =
  (own: OwnObjective): Objective =>
  (g, q) => {
    const value = own(g, q);
    if (!(value instanceof tf.Tensor) || value.size !== 1)
      throw problem(
        'objective',
        'a function (simulated, received) must give one number as a tensor',
        value instanceof tf.Tensor ? `shape [${value.shape}]` : value,
        "end it with tf.sum() or tf.mean(); tensors of both lists have the order of the model's parameters",
      );
    // tensors that it leaves out have a slope of zero, not none
    return tf.add(tf.reshape(value, []), tf.mul(0, tf.addN(g.map((tensor) => tf.sum(tensor))))) as tf.Scalar;
  };
