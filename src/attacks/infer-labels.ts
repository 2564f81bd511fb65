import { problem } from '../core/errors.js';
import { called, checked, type OptionTable, stopping, word } from '../core/option-table.js';
import type { Observation } from '../core/types.js';
import { interrupts } from '../engine/index.js';
import { classView } from './labels/class-view.js';
import type { Watch } from './labels/found.js';
import { LABEL_RULES, type LabelRule, ruleFor } from './labels/rules.js';

export { LABEL_RULES, type LabelRule } from './labels/rules.js';

/** Labels found in an update. `confidence` is one number in [0, 1] per label: how clearly it stands out. */
export interface InferredLabels {
  readonly labels: Int32Array;
  readonly method: string;
  readonly confidence: readonly number[];
}

/** Options of {@link inferLabels}. */
export interface LabelOptions {
  /**
   * Default `auto`: `rowSum` for one image, `opposite` where its features may be negative; `simulated` for batches
   * behind phi where that can be learnt; `head` behind phi where there is one; `proof` where signs prove; else `rowSum`
   * after clipping, `bias` or `counts`.
   */
  readonly rule?: 'auto' | LabelRule;
  /** `simulated`, which takes seconds: called with the parts that are done and all parts, first with 0. */
  readonly onProgress?: (done: number, parts: number) => void;
  /** Stops `simulated` between two parts: it rejects then. A notebook's interrupt does the same. */
  readonly signal?: AbortSignal;
}

const OPTIONS = {
  rule: word('how labels are read off', ['auto', ...(Object.keys(LABEL_RULES) as LabelRule[])], 'auto'),
  onProgress: called('called after every part of a rule that takes seconds'),
  signal: stopping('stops it'),
} satisfies OptionTable<LabelOptions>;

const METHODS: Record<LabelRule, string> = {
  rowSum: 'the most negative columns',
  opposite: 'iDLG: the column that points away from the others',
  minimum: 'the columns with the least entries',
  counts: 'LLG: greedy counts from column sums',
  proof: 'classes proven by a negative entry, further images by LLG counts',
  bias: 'greedy counts from the bias',
  head: 'counts by regression on the dense head',
  simulated: 'counts by regression on simulated clients',
};

/**
 * The batch's labels, read off the update of the last dense layer; see LABEL_RULES for the rules and their sources. The
 * order of the labels in the batch is not known: ascending.
 * @throws a network without a last dense layer of one output per class; `bias` where it has none; stopped
 * @example const { labels, confidence } = await rog.attacks.inferLabels(observed)
 */
export async function inferLabels(observation: Observation, options: LabelOptions = {}): Promise<InferredLabels> {
  const { rule, onProgress, signal } = checked('inferLabels', options, OPTIONS);
  return untilStopped('inferLabels', signal, (watch) => inferred(observation, rule, watch), onProgress);
}

async function inferred(observation: Observation, wanted: 'auto' | LabelRule, watch?: Watch): Promise<InferredLabels> {
  const view = classView(observation);
  const rule = wanted === 'auto' ? await ruleFor(view) : wanted;
  const { labels, confidence } = await LABEL_RULES[rule](view, watch);
  const order = labels.map((_, i) => i).sort((a, b) => labels[a]! - labels[b]!);
  return {
    labels: Int32Array.from(order, (i) => labels[i]!),
    confidence: order.map((i) => confidence[i]!),
    method: rule === 'rowSum' && view.batchSize === 1 ? 'iDLG: the most negative column' : METHODS[rule],
  };
}

/** Work that ends at a notebook's interrupt or by a signal, between two of its parts. */
async function untilStopped<T>(
  where: string,
  signal: AbortSignal | undefined,
  work: (watch: Watch) => Promise<T>,
  told?: Watch,
): Promise<T> {
  const interrupt = interrupts(where, { signal });
  try {
    return await work((done, parts) => {
      told?.(done, parts);
      if (interrupt.hit()) throw problem(where, 'was stopped before the labels were found', `part ${done} of ${parts}`);
    });
  } finally {
    interrupt.release();
  }
}

export interface AttackLabels extends InferredLabels {
  /** A stop came first: these are read at once, by another rule than the one that counts best. */
  readonly cut?: true;
}

/** The labels an attack goes by: given ones, else inferred ones; after a stop those that are read at once. */
export async function labelsOf(observation: Observation, stop = (): boolean => false): Promise<AttackLabels> {
  const known = given(observation);
  if (known) return known;
  const watch = (): void => {
    if (stop()) throw CUT;
  };
  try {
    watch();
    return await inferred(observation, 'auto', watch);
  } catch (error) {
    if (error !== CUT) throw error;
    const found = await inferred(observation, await ruleFor(classView(observation), false));
    return { ...found, method: `${found.method}, at a stop`, cut: true };
  }
}

const CUT = new Error('cut');

/** The same where nothing else listens for a stop yet. */
export async function firstLabels(
  where: string,
  observation: Observation,
  signal?: AbortSignal,
): Promise<AttackLabels> {
  const interrupt = interrupts(where, { signal });
  try {
    return await labelsOf(observation, interrupt.hit);
  } finally {
    interrupt.release();
  }
}

const given = ({ labels }: Observation): InferredLabels | undefined =>
  labels && { labels, method: 'given', confidence: Array.from(labels, () => 1) };
