import { hidesScale } from '../../core/evidence.js';
import { squaredLength } from '../../core/numbers.js';
import type { NamedArray, Observation } from '../../core/types.js';
import { isAdaptive } from './soften.js';

/**
 * How far the client's weights moved, as the server can tell: max_k learningRate |q_k| / |w0_k| over the parameter
 * tensors k with weights other than 0. Infinity where phi hides the scale of the update (sign, clipping).
 */
export function drift({ model, tensors, client, obfuscation }: Observation): number {
  if (obfuscation.evidence.some(hidesScale)) return Number.POSITIVE_INFINITY;
  const moves = model.parameters.map((w, k) => {
    const length = norm(w);
    return length > 0 ? (client.learningRate * norm(tensors[k]!)) / length : 0;
  });
  return Math.max(...moves);
}

/** Below this drift one gradient at w0 gives the same pictures as the simulated steps (notebook 01, section 5). */
const STILL = 2e-3;

/**
 * How to model the client: `direction`, one gradient at w0, for a single local step or weights that hardly moved; else
 * `steps`, which costs `localSteps` times as much. On LeNet 5 steps of 0.003 are a drift of 0.007 to 0.02, where the
 * simulated steps give 3 to 5 dB more, without phi as with 3 bits. Adam's first move is the gradient's signs, which
 * `direction` gives to the search as they are; its later ones tell more than signs, and only simulated steps know it.
 */
export const simulation = (observation: Observation): 'steps' | 'direction' =>
  hasMoved(observation) || (observation.client.localSteps > 1 && isAdaptive(observation.client.optimizer))
    ? 'steps'
    : 'direction';

/** Whether several local steps moved the weights too far for one gradient to be what was sent. */
export const hasMoved = (observation: Observation): boolean =>
  observation.client.localSteps > 1 && drift(observation) > STILL;

const norm = ({ data }: NamedArray): number => Math.sqrt(squaredLength(data));
