import type { NdArray, Observation, Reconstruction } from '../../core/types.js';
import type { InferredLabels } from '../infer-labels.js';
import { objectiveOf as defaultObjective } from '../search/objectives.js';
import { objectiveOf } from './contenders.js';
import type { Measured } from './yardstick.js';

/** What rog() has where it was stopped before any attack: an even gray, and labels that are read at once. */
export async function unsearched(
  observation: Observation,
  { labels, method, confidence }: InferredLabels,
  images: NdArray,
  { value, unexplained, update }: Measured,
): Promise<Omit<Reconstruction, 'seconds'>> {
  const objective = defaultObjective(observation);
  return {
    kind: 'reconstruction',
    attack: 'rog',
    images,
    labels,
    labelSource: { method, confidence },
    objective: await objectiveOf(observation, objective, labels, { images, update }),
    history: [],
    closures: 0,
    engine: 'none: an even gray',
    settings: {
      attack: 'rog',
      method: 'none',
      objective,
      model: observation.model.name,
      obfuscation: observation.obfuscation.name,
      race: [{ candidate: 'gray', closures: 0, yardstick: value, unexplained, dropped: 'stopped before any other' }],
    },
    stopped: 'cancelled',
  };
}
