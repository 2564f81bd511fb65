import { hidesScale, isExact, isExactToScale, isUnknown } from '../../core/evidence.js';
import { mapped, matrix } from '../../core/linear-algebra.js';
import type { Layer, Observation } from '../../core/types.js';
import { isIdle, someLayer } from '../../models/index.js';
import { drift } from '../search/drift.js';
import { areSigns, isDrowned, isFinelyRounded, noisePart } from '../search/fine.js';
import { offers } from '../search/needs.js';
import { isNoisedFirmly, noiseWeight } from '../search/noise-weight.js';
import { isAdaptive } from '../search/soften.js';
import { outputErrors } from './activation-estimates.js';
import { CLOSED_FORM_NEEDS } from './closed-form.js';
import { guessFrom } from './guess.js';
import { hiddenLayers, isHeadWhole, readHead } from './head.js';
import { features, syntheticImages } from './prior.js';

/** A class this much likelier than chance, on noise pictures: the network has been trained. */
const TRAINED = 4;

/** Up to so many images whose pixels are the features, matching that simulates exact FedAvg is ahead. */
const FEW = 4;

/** So many convolutions hide one image from matching, but the head shows it: VGG-7 20.1 and 22.4, 25.1 and 29.7 dB. */
const DEEP = 4;

const isHidden = (body: readonly Layer[], observation: Observation): boolean =>
  body.filter(({ kind }) => kind === 'conv').length >= DEEP &&
  !observation.obfuscation.evidence.some(hidesScale) &&
  !isFinelyRounded(observation);

/**
 * From this drift of several steps on they are no single gradient: four images, five steps, a drift of .07 and .21, .58
 * and 1.35: closed form 27.1 and 23.0, 16.6 and 11.6 dB, matching 24.0 and 23.8, 24.5 and 25.3. Unknown where phi hides
 * lengths or noise drowns them.
 */
const FAR = 0.2;

const hasGone = (observation: Observation): boolean => {
  const moved = drift(observation);
  return observation.client.localSteps > 1 && Number.isFinite(moved) && !isDrowned(observation) && moved > FAR;
};

/** Few entries for many pixels, below about -2 dB: matching afresh with so firm a prior is ahead by up to 3 dB. */
const isLost = (observation: Observation): boolean =>
  isNoisedFirmly(observation) && noiseWeight(observation) > 0.15 && noisePart(observation) > 0.6;

/** A known mask: features differ from step to step. Of unknown masks the mean stands for all. */
const isMaskedAnew = (layer: Layer): boolean => layer.kind === 'dropout' && layer.mask === 'known' && !isIdle(layer);

/**
 * Why the closed form is not the better attack by what the server can know, or undefined where it is: a dense head and
 * several images with different labels. Where phi hides lengths (sign), so that predictions rest on the prior alone,
 * only while the network's outputs are nearly even: max P < 4 / classes on synthetic pictures, i.e. untrained. One
 * image: only where the features are its pixels or behind many convolutions, or where signs of several steps are all
 * that is left, in which matching alone finds no way; else gradient matching has more to go by (the convolutions'
 * updates).
 * Repeated labels: where the update is exact its row space separates their images, behind phi soft masks do while
 * outputs are nearly even (sparse/).
 * Measured on LeNet; after 150 SGD steps, four images: none 28.2 against 21.7 dB, 3 bits 24.3 against 23.3, sign 10.7
 * against 19.9.
 */
export async function closedFormDeclines(observation: Observation, labels: Int32Array): Promise<string | undefined> {
  const { model, client } = observation;
  if (client.labelSmoothing) return 'labels are smoothed: errors are not P - Y';
  if (!offers(observation, CLOSED_FORM_NEEDS)) return 'the network does not end in dense, relu, dense';
  const head = readHead(observation);
  if ([head.first, head.last].some(({ evidence }) => isUnknown(evidence))) return 'nothing is known of phi';
  if (!isHeadWhole(head)) return 'a dense layer was not sent whole';
  if (isAdaptive(client.optimizer)) return 'Adam divides gradients by their size';
  if (client.localSteps > 1 && someLayer(head.body, isMaskedAnew))
    return 'every local step has another mask of dropout';
  if (head.body.length > 0 && hasGone(observation)) return 'the weights moved too far in between for one gradient';
  if (head.body.length === 0 && needsMeasuring(observation)) return 'several local steps are no single gradient';
  if (
    client.batchSize < 2 &&
    !(client.localSteps > 1 && areSigns(observation)) &&
    !(client.localSteps === 1 && (head.body.length === 0 || isHidden(head.body, observation)))
  )
    return 'one image, of which the convolutions say more';
  const repeated = new Set(labels).size < labels.length;
  if (repeated && isExact(head.first.evidence)) return undefined;
  if (!repeated && head.body.length > 0 && isLost(observation)) return 'noise asks for more prior than equations have';
  if (!repeated && !hidesScale(head.last.evidence)) return undefined;
  const { shape, data } = await features(head, syntheticImages(model.imageShape, 1));
  let hidden = matrix(shape[0]!, shape[1]!, data);
  for (const layer of hiddenLayers(head)) {
    const { inputs } = await guessFrom({ first: layer }, hidden, 1);
    hidden = mapped(inputs, (z) => layer.factor * Math.max(0, z));
  }
  // P - Y for a label that is no class: P itself
  const probabilities = outputErrors(head, hidden, new Int32Array(shape[0]!).fill(-1));
  return probabilities.data.every((p) => p * model.classes < TRAINED)
    ? undefined
    : 'phi hides lengths or mixes images of one label, and the network is trained';
}

/** FedAvg of few images, every entry exact: matching that simulates the steps may be ahead; measuring tells. */
export const needsMeasuring = ({ client, obfuscation }: Observation): boolean =>
  client.localSteps > 1 && client.batchSize <= FEW && obfuscation.evidence.every(isExactToScale);

/** Whether it is the better attack by itself, at given or inferred labels: nothing goes on from its pictures. */
export async function suitsClosedForm(observation: Observation, labels: Int32Array): Promise<boolean> {
  if (!offers(observation, CLOSED_FORM_NEEDS)) return false;
  if (needsMeasuring(observation)) return false;
  return !(await closedFormDeclines(observation, labels));
}
