import { checkImages } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { isUnknown } from '../../core/evidence.js';
import type { AttackSteps, Observation, Reconstruction } from '../../core/types.js';
import { stoppable } from '../../engine/index.js';
import { judged } from '../confidence/judge.js';
import { labelsOf } from '../infer-labels.js';
import { type Needs, opened, taken } from '../search/needs.js';
import { finish, runSearch } from '../search/run-search.js';
import { holding } from '../search/saved-search.js';
import { CLOSED_FORM_OPTIONS, type ClosedFormOptions } from './closed-form-options.js';
import { isHeadWhole, readHead } from './head.js';
import { inversionProblem } from './inversion-problem.js';

export const CLOSED_FORM_NEEDS: Needs = { labels: 'readable', denseHead: true };

/**
 * The closed-form batch attack: every image's hidden activations, errors and features by linear algebra, then pictures
 * with those features. For networks that end in dense - ReLU - dense, with images X = features [B, D]:
 *
 *     G2 = H^T (P - Y) / B           last layer's update: linear in the activations H          (activations.ts)
 *     delta = (P - Y) W2^T o [H > 0] / B      the errors, exactly, row by row
 *     G1 = X^T delta                 first dense layer's update: linear in the features X      (features.ts)
 *     min over x of D(features(x)^T delta, G1) + weight prior(x),   delta frozen               (invert.ts)
 *
 * Without obfuscation and with distinct labels X is exact. After phi, intervals, noise and dropped entries enter both
 * linear systems, and errors of G1 average out over its hundreds of columns. The search for pictures costs one ordinary
 * backward pass a step: no gradient of a gradient. FedAvg's update is taken for local steps times one gradient, and
 * what that leaves, where the weights moved, for noise: see nearly().
 *
 * Repeated labels and trained networks: where the update is exact, its row space gives every image's mask and errors by
 * itself (sparse/separate.ts), and G2 is not needed. What limits it: repeated labels behind phi (activations known
 * only in sum), trained networks behind phi (the fixed point for P may be a wrong one), one image after sign()
 * (nothing dithers the bits). Related: R-GAP (Zhu and Blaschko 2021: layer by layer, one image); SPEAR (Dimitrov et
 * al. 2024, arXiv 2403.03945: exact for batches of up to about 25, by low rank and the sparsity of ReLU, labels not
 * needed, time exponential in the batch; SPEAR++, arXiv 2510.24200, scales it with sparse dictionary learning); the
 * Cocktail Party Attack (Kariyappa et al. 2023: independent components of a dense layer's update, then feature
 * inversion, labels not needed).
 * @throws networks with another end; unknown options
 * @example const { images, confidence, explained } = await rog.attacks.closedForm(observed, { iterations: 60 })
 */
export function closedForm(observation: Observation, options: ClosedFormOptions = {}): Promise<Reconstruction> {
  return finish(closedFormSteps(observation, options), options.onProgress);
}

/** The same attack as an async iterator over its progress; the value of the last step is the reconstruction. */
export const closedFormSteps = (observation: Observation, options: ClosedFormOptions = {}) =>
  judged(observation, solving(observation, options));

/** The same, its pictures not judged: for an attack that goes on from them. */
export async function* solving(observation: Observation, options: ClosedFormOptions = {}): AttackSteps {
  const { typical, defenseAware } = opened('closedForm', observation, options, CLOSED_FORM_OPTIONS, CLOSED_FORM_NEEDS);
  if (typical) checkImages('closedForm', typical, observation.model.imageShape);
  const seen = taken('closedForm', observation, defenseAware);
  if (seen.obfuscation.evidence.some(isUnknown))
    throw problem(
      'closedForm',
      'needs to know what phi leaves of an entry',
      seen.obfuscation.name,
      'give evidence to obfuscation(), set defenseAware: false, or let rog() compare directions',
    );
  if (!isHeadWhole(readHead(seen)))
    throw problem(
      'closedForm',
      'needs every dense layer of the head',
      seen.obfuscation.name,
      'rog() matches what was sent',
    );
  const { signal, checkpoint, checkpointSeconds } = options;
  return yield* holding(checkpoint, (held) =>
    stoppable('closedForm', signal, async function* (stop) {
      const read = await labelsOf(seen, stop);
      const { problem, stages } = await inversionProblem(seen, read, options);
      return yield* runSearch(problem, stages, { stop, held: read.cut ? undefined : held, checkpointSeconds });
    }),
  );
}
