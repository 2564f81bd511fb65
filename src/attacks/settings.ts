import type { Observation } from '../core/types.js';
import { assumed, batchNormThreat } from '../federation/index.js';
import type { Recipe, RunOptions } from './recipe.js';

/** Everything that decides the result, as JSON. */
export function describe(
  observation: Observation,
  { start: _, ...recipe }: Recipe,
  labels: Int32Array | 'joint',
  { seed = 1, restarts = 1 }: RunOptions,
): Record<string, unknown> {
  const { model, client, obfuscation } = observation;
  const { name, parameters } = obfuscation;
  const { assumptions } = assumed(client);
  const threat = batchNormThreat(observation);
  const { box = null, signed = false, optimizer = 'adam', group = null } = recipe;
  return {
    ...recipe,
    box,
    signed,
    optimizer,
    group,
    seed,
    restarts,
    labels: labels === 'joint' ? labels : [...labels],
    client: { ...client },
    ...(Object.keys(assumptions).length > 0 && { assumed: assumptions }),
    ...(threat !== 'none' && { batchNorm: threat }),
    model: model.name,
    imageShape: [...model.imageShape],
    classes: model.classes,
    obfuscation: { name, ...parameters },
    update: fingerprint(observation.tensors.map(({ data }) => data)),
  };
}

/** A short number that tells one update from another. */
export function fingerprint(arrays: readonly Float32Array[]): number {
  let hash = 0x811c9dc5;
  for (const array of arrays)
    for (const word of new Uint32Array(array.buffer, array.byteOffset, array.length))
      hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}
