import { checkImages } from '../../core/arrays.js';
import { type Matrix, mapped } from '../../core/linear-algebra.js';
import { checked } from '../../core/option-table.js';
import type { NdArray, Observation } from '../../core/types.js';
import { labelsOf } from '../infer-labels.js';
import { hasMoved } from '../search/drift.js';
import { checkNeeds, checkObservation } from '../search/needs.js';
import { CLOSED_FORM_NEEDS } from './closed-form.js';
import { CLOSED_FORM_OPTIONS, type ClosedFormOptions } from './closed-form-options.js';
import { readHead } from './head.js';
import { features, meanFeatures, syntheticImages } from './prior.js';
import { recover } from './recover.js';

/** What closedForm() finds before it looks for pictures; one row per image, in the order of the labels. */
export interface Stages {
  readonly labels: Int32Array;
  /** Mean features of the typical pictures [features]: where the recovery starts. */
  readonly typical: NdArray;
  /** Activations of the hidden dense layer [batch, units], and which units are active (1 or 0). */
  readonly hidden: NdArray;
  readonly active: NdArray;
  /** Predicted minus true probabilities [batch, classes], and their way back to the hidden units [batch, units]. */
  readonly errors: NdArray;
  readonly delta: NdArray;
  /** Inputs of the hidden layer [batch, features]. */
  readonly features: NdArray;
}

const OPTIONS = { seed: CLOSED_FORM_OPTIONS.seed, typical: CLOSED_FORM_OPTIONS.typical };

/**
 * The linear half of closedForm(), stage by stage, without the search for pictures: to look at.
 * @throws as closedForm()
 * @example const { features } = await rog.attacks.closedFormStages(observed)
 */
export async function closedFormStages(
  observation: Observation,
  options: Pick<ClosedFormOptions, 'seed' | 'typical'> = {},
): Promise<Stages> {
  checkObservation('closedFormStages', observation);
  const { seed } = checked('closedFormStages', options, OPTIONS);
  checkNeeds('closedFormStages', observation, CLOSED_FORM_NEEDS);
  const { imageShape } = observation.model;
  const { typical: pictures = syntheticImages(imageShape, seed) } = options;
  checkImages('closedFormStages', pictures, imageShape);
  const read = await labelsOf(observation);
  const head = readHead(observation);
  const typical = meanFeatures(await features(head, pictures));
  const found = await recover(head, read.labels, typical, {
    revisable: !observation.labels,
    moved: hasMoved(observation),
  });
  return {
    labels: found.separated ?? read.labels,
    typical: { shape: [typical.length], data: Float32Array.from(typical) },
    hidden: plain(found.hidden),
    active: plain(mapped(found.odds, (odds) => Number(odds > 0))),
    errors: plain(found.errors),
    delta: plain(found.delta),
    features: plain(found.features),
  };
}

const plain = ({ rows, columns, data }: Matrix): NdArray => ({ shape: [rows, columns], data: Float32Array.from(data) });
