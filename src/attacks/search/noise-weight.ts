import { isNoised } from '../../core/evidence.js';
import type { Observation } from '../../core/types.js';
import { mixesExamples } from '../../models/index.js';
import { noisePart } from './fine.js';
import { isAdaptive } from './soften.js';

/** What the prior weighs against noise, of {@link noiseWeight}'s law. */
const LAW = 4;

/** Below it noise asks for less than kinks do, and the cosine's weight stands. */
const FIRM = 0.03;

/**
 * The prior's weight beside `relativeL2` where noise of known size is on every entry: with s its part of sum q^2, B
 * images of h w pixels and n entries
 *
 *     weight = 4 ((1 - s) (s B h w / n)^2)^(1/3),
 *
 * between s B h w / n, the likeliest for noise alone, and 1 - s, which the objective has to tell. Few entries and many
 * pixels want a firm one. Fitted on CIFAR-10 training images and photographs: 4,000 to 2 million entries, -20 to 10 dB.
 */
export function noiseWeight({ client, model, tensors, obfuscation }: Observation): number {
  const [height, width] = model.imageShape;
  const entries = tensors.reduce((sum, { data }) => sum + data.length, 0);
  // by chance the noise may have more than all
  const part = Math.min(noisePart({ tensors, obfuscation }), 1 - Math.sqrt(2 / entries));
  return LAW * Math.cbrt((1 - part) * ((part * client.batchSize * height * width) / entries) ** 2);
}

/**
 * Whether noise of known size, on every entry and alone, of a client whose moves are gradients, asks for a firm prior:
 * squares are its likelihood.
 */
export const isNoisedFirmly = (observation: Observation): boolean =>
  observation.obfuscation.evidence.every(isNoised) &&
  !isAdaptive(observation.client.optimizer) &&
  !mixesExamples(observation.model) &&
  noiseWeight(observation) > FIRM;
