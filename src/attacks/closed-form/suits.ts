import { hidesScale, isExact, isExactToScale } from '../../core/evidence.js';
import type { Observation } from '../../core/types.js';
import { inferLabels } from '../labels.js';
import { offers } from '../needs.js';
import { outputErrors } from './activations.js';
import { CLOSED_FORM_NEEDS } from './closed-form.js';
import { guessFrom } from './guess.js';
import { readHead } from './head.js';
import { matrix } from './matrix.js';
import { features, syntheticImages } from './prior.js';

/** A class this much likelier than chance, on noise pictures: the network has been trained. */
const TRAINED = 4;

/** Up to so many images, gradient matching that simulates FedAvg's steps is ahead where every entry is exact (by 1 dB at 4). */
const FEW = 4;

/**
 * Whether the closed form is the better attack by what the server can know: a dense head and several images, with different
 * labels unless the update is exact, when its row space separates them all the same (sparse/). Not for exact updates of
 * several local steps of a few images with different labels, where simulating the steps is ahead; and where phi hides lengths (sign), so that
 * predictions rest on the prior alone, only while the network's outputs are nearly even: max P < 4 / classes on synthetic
 * pictures, i.e. untrained. On one image gradient matching has more to go by (the convolutions' updates); behind phi same labels mix.
 * Measured on LeNet; after 150 SGD steps, four images: none 28.2 against 21.7 dB, 3 bits 24.3 against 23.3, sign 10.7 against 19.9.
 */
export async function suitsClosedForm(observation: Observation): Promise<boolean> {
  const { model, client } = observation;
  if (client.batchSize < 2 || !offers(observation, CLOSED_FORM_NEEDS)) return false;
  const head = readHead(observation);
  const labels = observation.labels ?? (await inferLabels(observation)).labels;
  const repeated = new Set(labels).size < labels.length;
  if (repeated && head.between?.length) return false;
  if (repeated && isExact(head.first.evidence)) return true;
  if (client.localSteps > 1 && client.batchSize <= FEW && observation.obfuscation.evidence.every(isExactToScale))
    return false;
  if (!repeated && !hidesScale(head.last.evidence)) return true;
  const { shape, data } = await features(head, syntheticImages(model.imageShape, 1));
  const { inputs } = guessFrom(head, matrix(shape[0]!, shape[1]!, data), 1);
  const hidden = { ...inputs, data: inputs.data.map((z) => head.factor * Math.max(0, z)) };
  // P - Y for a label that is no class: P itself
  const probabilities = outputErrors(head, hidden, new Int32Array(shape[0]!).fill(-1));
  return probabilities.data.every((p) => p * model.classes < TRAINED);
}
