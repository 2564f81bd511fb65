import { inferLabels, type LabelRule } from '../attacks/index.js';
import type { Batch, Model } from '../core/types.js';
import { type Case, caseOf, observeCase } from './case.js';

/** One update whose labels are to be read. */
export interface LabelTrial extends Omit<Case, 'labels'> {
  readonly model: Model;
  readonly batch: Batch;
  readonly rule?: 'auto' | LabelRule;
}

/** What a rule read. */
export interface LabelOutcome {
  /** Share of the batch's labels that were found, repeated ones counted: |found and true| / B as multisets. */
  readonly accuracy: number;
  readonly found: Int32Array;
  readonly method: string;
}

/**
 * Label inference as a step of its own: for each trial the labels that the server reads off the update, and how many
 * are right.
 * @example (await rog.studies.labelStudy([{ model: model, batch: batch, phi: 'sign' }]))[0].accuracy
 */
export async function labelStudy<T extends LabelTrial>(trials: readonly T[]): Promise<(T & LabelOutcome)[]> {
  const outcomes: (T & LabelOutcome)[] = [];
  for (const trial of trials) {
    const { model, batch, rule } = trial;
    const observation = await observeCase(model, batch, { ...caseOf(trial), labels: 'infer' });
    const { labels, method } = await inferLabels(observation, { rule });
    outcomes.push({ ...trial, found: labels, method, accuracy: labelAccuracy(labels, batch.labels) });
  }
  return outcomes;
}

/** |found and true| / |true|, as multisets. */
export function labelAccuracy(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  const left = Array.from(found);
  const hits = Array.from(truth).filter((label) => {
    const at = left.indexOf(label);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return hits.length / truth.length;
}
