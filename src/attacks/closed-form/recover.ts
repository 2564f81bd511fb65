import { isExact } from '../../core/evidence.js';
import { matrix } from '../../core/linear-algebra.js';
import type { NdArray } from '../../core/types.js';
import { separated } from '../sparse/index.js';
import { chainOf } from './chain.js';
import { featureSolver } from './feature-solver.js';
import { type Head, isKnownFinely, nearly } from './head.js';
import { hasEveryClass } from './null-direction.js';
import type { Recovered } from './recovered.js';

export { guessFrom } from './guess.js';

/** Assumed cosine of the features found so far to the true ones, round by round. */
const COSINES = [0.85, 0.93, 0.96, 0.96];

/** Further rounds where the last layer's update leaves a direction free: by then the guess can fill it. */
const CLOSER = [0.99, 0.999];

/** Assumed cosine of the features of the pictures to the true ones. */
const OF_PICTURES = 0.97;

/**
 * Errors and features of every sample, in rounds: features -> inputs of the hidden layers -> activations and errors
 * (last layer's update, then those of the layers before it) -> features (first layer's update). Round 1 starts from the
 * prior's features for all samples.
 * @param revisable whether the labels were only inferred: where the update is exact it may correct them, see
 *   `separated`
 * @param moved whether the client's weights did in between: an update that was sent as it is then is one gradient only
 *   nearly, unless the errors of every image can be read off it all the same. So are fine roundings, behind a body:
 *   bounds that narrow leave no picture that keeps them all
 */
export async function recover(
  sent: Head,
  labels: Int32Array,
  prior: Float64Array,
  { revisable = false, moved = false }: { readonly revisable?: boolean; readonly moved?: boolean } = {},
): Promise<Recovered> {
  const asItIs = isExact(sent.first.evidence);
  const exact = asItIs && !sent.between?.length ? await separated(sent, labels, prior, revisable) : undefined;
  if (exact) return exact;
  const inexact = sent.body.length > 0 && isKnownFinely(sent.first) && (moved || !asItIs);
  const head = inexact ? nearly(sent) : sent;
  const { observed, evidence } = head.first;
  const blind = evidence.signOnly;
  const before = matrix(labels.length, prior.length, repeat(prior, labels.length));
  const chain = await chainOf(head, labels);
  const solver = await featureSolver(head, labels.length, before);
  try {
    let features = before;
    let found = await chain.through(features, COSINES[0]!, false);
    if (blind || observed.every((value) => value === 0)) return { ...found, features, head };
    const closer = hasEveryClass(labels, head.last.weights.columns) ? CLOSER : [];
    for (const cosine of [...COSINES, ...closer]) {
      features = await solver.solve(found.delta, features);
      found = await chain.through(features, cosine, !isExact(evidence) || closer.includes(cosine));
    }
    features = await solver.solve(found.delta, features);
    return { ...found, features, head };
  } finally {
    solver.dispose();
    chain.dispose();
  }
}

/** The same from pictures found meanwhile: their features [B, D] are the guess, the update corrects it. */
export async function refreshed(head: Head, labels: Int32Array, { shape, data }: NdArray): Promise<Recovered> {
  const features = matrix(shape[0]!, shape[1]!, data);
  const { evidence } = head.first;
  const chain = await chainOf(head, labels);
  try {
    const refine = !isExact(evidence) && !evidence.signOnly;
    return { ...(await chain.through(features, OF_PICTURES, refine)), features, head };
  } finally {
    chain.dispose();
  }
}

function repeat(row: Float64Array, times: number): Float64Array {
  const out = new Float64Array(row.length * times);
  for (let b = 0; b < times; b++) out.set(row, b * row.length);
  return out;
}
