import { checked, type OptionTable, word } from '../core/option-table.js';
import type { Observation } from '../core/types.js';
import { classView } from './labels/class-view.js';
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
   * Default `auto`: `rowSum` for one image; `simulated` for batches behind phi where that can be learnt; `head` behind
   * phi where there is one; `proof` where signs prove; else `rowSum` after clipping, `bias` or `counts`.
   */
  readonly rule?: 'auto' | LabelRule;
}

const OPTIONS = {
  rule: word('how labels are read off', ['auto', ...(Object.keys(LABEL_RULES) as LabelRule[])], 'auto'),
} satisfies OptionTable<LabelOptions>;

const METHODS: Record<LabelRule, string> = {
  rowSum: 'the most negative columns',
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
 * @throws a network without a last dense layer of one output per class; `bias` where it has none
 * @example const { labels, confidence } = await rog.attacks.inferLabels(observed)
 */
export async function inferLabels(observation: Observation, options: LabelOptions = {}): Promise<InferredLabels> {
  const { rule: wanted } = checked('inferLabels', options, OPTIONS);
  const view = classView(observation);
  const rule = wanted === 'auto' ? await ruleFor(view) : wanted;
  const { labels, confidence } = await LABEL_RULES[rule](view);
  const order = labels.map((_, i) => i).sort((a, b) => labels[a]! - labels[b]!);
  return {
    labels: Int32Array.from(order, (i) => labels[i]!),
    confidence: order.map((i) => confidence[i]!),
    method: rule === 'rowSum' && view.batchSize === 1 ? 'iDLG: the most negative column' : METHODS[rule],
  };
}

/** The labels an attack goes by: given ones, else inferred ones. */
export async function labelsOf(observation: Observation): Promise<InferredLabels> {
  const { labels } = observation;
  return labels ? { labels, method: 'given', confidence: Array.from(labels, () => 1) } : inferLabels(observation);
}
