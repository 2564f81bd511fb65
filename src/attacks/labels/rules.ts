import { problem } from '../../core/errors.js';
import type { ClassView } from './view.js';
import { dummyImpact } from './view.js';

/** Labels that a rule found, one per image of the batch, with a number in [0, 1] each: how clearly it stands out. */
export interface Found {
  readonly labels: readonly number[];
  readonly confidence: readonly number[];
}

type Rule = (view: ClassView) => Found | Promise<Found>;

const clip = (value: number): number => Math.min(1, Math.max(0, value));

/** The B classes with the least values; when there are fewer classes than images they go round. */
function lowest(values: readonly number[], batchSize: number): Found {
  const order = values.map((_, j) => j).sort((a, b) => values[a]! - values[b]!);
  const spread = Math.max(...values.map(Math.abs)) || 1;
  const edge = values[order[Math.min(batchSize, order.length - 1)]!]!;
  const labels = Array.from({ length: batchSize }, (_, i) => order[i % order.length]!);
  return { labels, confidence: labels.map((j) => clip((edge - values[j]!) / spread)) };
}

/** Greedy counts: what is lowest gets an image, which raises it by one image's worth. */
function greedy(values: readonly number[], perImage: number, batchSize: number): Found {
  const left = [...values];
  const labels: number[] = [];
  const confidence: number[] = [];
  for (let i = 0; i < batchSize; i++) {
    const j = left.reduce((best, value, at) => (value < left[best]! ? at : best), 0);
    confidence.push(clip(-left[j]! / perImage));
    labels.push(j);
    left[j]! += perImage;
  }
  return { labels, confidence };
}

/**
 * Rules that read the labels of a batch of B images off the last dense layer, whose features are h >= 0. With p the predicted
 * probabilities and y the labels, column j of its update is sum_b (p_bj - y_bj) h_b / B, and its bias' sum_b (p_bj - y_bj) / B.
 * - `rowSum`: the B classes with the least column sums. One image: the only negative one (iDLG, Zhao et al. 2020). Distinct
 *   labels are assumed; nothing but the order is used, so it takes signs as they are.
 * - `minimum`: the B classes with the least single entry (Yin et al. 2021, equation 5). Distinct labels are assumed.
 * - `counts`: each image of class j lowers the column sum by s / B; s and what other images add are measured on w0 with dummy
 *   pictures, then images are given out greedily (LLG*, Wainakh et al. 2022).
 * - `bias`: the same on the bias, where an image of class j counts exactly 1 / B and only p is measured.
 */
export const LABEL_RULES = {
  rowSum: ({ sums, batchSize }) => lowest(sums, batchSize),
  minimum: ({ minima, batchSize }) => lowest(minima, batchSize),
  counts: async ({ sums, batchSize, model }) => {
    const { offset, impact } = await dummyImpact(model, batchSize);
    return greedy(
      sums.map((s, j) => s - offset[j]!),
      impact / batchSize,
      batchSize,
    );
  },
  bias: async ({ bias, batchSize, model }) => {
    if (!bias)
      throw problem('inferLabels', "the rule 'bias' needs a last dense layer with bias", model.name, "use 'counts'");
    const { probabilities } = await dummyImpact(model, batchSize);
    return greedy(
      bias.map((d, j) => d - probabilities[j]!),
      1 / batchSize,
      batchSize,
    );
  },
} satisfies Record<string, Rule>;

export type LabelRule = keyof typeof LABEL_RULES;

/** One image, or only the order known: `rowSum`. Else `bias` where there is one, else `counts`. */
export const ruleFor = ({ batchSize, scaleKnown, bias }: ClassView): LabelRule =>
  batchSize === 1 || !scaleKnown ? 'rowSum' : bias ? 'bias' : 'counts';
