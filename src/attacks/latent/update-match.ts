import { isNoised } from '../../core/evidence.js';
import { squaredLength } from '../../core/numbers.js';
import type { NdArray, Observation } from '../../core/types.js';
import { readHead } from '../closed-form/head.js';
import { inversion } from '../closed-form/invert.js';
import { features, meanFeatures, syntheticImages } from '../closed-form/prior.js';
import { recover } from '../closed-form/recover.js';
import { suitsClosedForm } from '../closed-form/suits.js';
import { tuningFor } from '../closed-form/tuning.js';
import { attackClosure } from '../search/closure.js';
import type { Closure } from '../search/closure-type.js';
import { simulation } from '../search/drift.js';
import { type ObjectiveName, objectiveOf } from '../search/objectives.js';

/** How pictures are compared with the observed update. */
export interface Match extends Pick<Closure, 'evaluate' | 'engine' | 'dispose'> {
  readonly objective: string;
  readonly method: 'matching' | 'closed-form';
  /** What it is expected to be at the private images: above 0 where noise of known size cannot be matched. */
  readonly floor: number;
  /** Whether other labels can be tried: evaluate(images, one-hot rows). */
  readonly labelsMove: boolean;
}

/** rog()'s objective without a prior on pixels: errors by linear algebra where that suits, else simulated. */
export async function matchOf(observation: Observation, labels: Int32Array, seed: number): Promise<Match> {
  if (await suitsClosedForm(observation, labels)) return byClosedForm(observation, labels, seed);
  const objective = likelihood(observation) ?? objectiveOf(observation);
  const simulate = simulation(observation);
  const closure = await attackClosure(observation, { objective, prior: 'tv', weight: 0, simulate, labels });
  const entries = observation.tensors.reduce((sum, { data }) => sum + data.length, 0);
  const floor = objective === 'relativeL2' ? Math.min(1, noiseShare(observation) * entries) : 0;
  return { ...closure, objective, method: 'matching', labelsMove: true, floor };
}

async function byClosedForm(observation: Observation, labels: Int32Array, seed: number): Promise<Match> {
  const head = readHead(observation);
  const typical = syntheticImages(observation.model.imageShape, seed);
  const found = await recover(head, labels, meanFeatures(await features(head, typical)));
  const { objective } = tuningFor(head, observation.client, observation.model.imageShape);
  const closure = await inversion(observation, head, { objective, prior: 'tv', weight: 0 });
  closure.target(found);
  return { ...closure, objective, method: 'closed-form', labelsMove: false, floor: 0 };
}

/** Gaussian noise of one known size on every entry: the squared distance is its log-likelihood. */
function likelihood({ obfuscation: { evidence } }: Observation): ObjectiveName | undefined {
  return evidence.every(isNoised) ? 'relativeL2' : undefined;
}

/** sigma^2 / sum q^2: what one unit of |z|^2 / 2 weighs against relativeL2 / 2 when the noise is Gaussian. */
export function noiseShare({ tensors, obfuscation }: Observation): number {
  const squares = tensors.reduce((sum, { data }: NdArray) => sum + squaredLength(data), 0);
  return squares > 0 ? Math.max(...obfuscation.evidence.map(({ noise }) => noise)) ** 2 / squares : 0;
}
