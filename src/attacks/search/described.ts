import { isUnknown } from '../../core/evidence.js';
import { fingerprint } from '../../core/hash.js';
import type { Observation } from '../../core/types.js';
import { assumed, batchNormThreat } from '../../federation/index.js';
import { objectiveTitle } from './objectives.js';
import type { Recipe, RunOptions } from './recipe-type.js';
import { isAdaptive, softened } from './soften.js';

/** Everything that decides the result, as JSON. */
export function describe(
  observation: Observation,
  { start: _, ...recipe }: Recipe,
  labels: Int32Array | 'joint',
  { seed = 1, restarts = 1 }: RunOptions,
): Record<string, unknown> {
  const { model, client, obfuscation } = observation;
  const { name, parameters } = obfuscation;
  const threat = batchNormThreat(observation);
  const { box = null, signed = false, optimizer = 'adam', group = null } = recipe;
  return {
    ...recipe,
    objective: objectiveSettings(recipe.objective),
    box,
    signed,
    optimizer,
    group,
    seed,
    restarts,
    labels: labels === 'joint' ? labels : [...labels],
    client: { ...client },
    ...(recipe.simulate === 'steps' && isAdaptive(client.optimizer) && { simulated: softened(client).optimizer }),
    ...assumptionsOf(observation),
    ...(threat !== 'none' && { batchNorm: threat }),
    model: model.name,
    imageShape: [...model.imageShape],
    classes: model.classes,
    obfuscation: { name, ...parameters },
    update: fingerprint(observation.tensors.map(({ data }) => data)),
  };
}

/** One's own objective by its name and, so that a checkpoint of another one is refused, a hash of its text. */
const objectiveSettings = (objective: Recipe['objective']): string =>
  typeof objective === 'string' ? objective : `${objectiveTitle(objective)} #${fingerprint([String(objective)])}`;

/** What an attack took for granted where the observation is silent: `assumed` of its settings. */
function assumptionsOf({ client, obfuscation }: Observation): { readonly assumed?: Record<string, string> } {
  const unknown = obfuscation.evidence.some(isUnknown);
  const all = {
    ...assumed(client).assumptions,
    ...(unknown && { phi: 'nothing is known of what it does: directions are compared (cosine), with no evidence' }),
  };
  return Object.keys(all).length > 0 ? { assumed: all } : {};
}
