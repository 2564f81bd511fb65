import { problem } from '../../core/errors.js';
import { isSparse, isUnknown } from '../../core/evidence.js';
import { dot, sum } from '../../core/numbers.js';
import { decidedness } from '../confidence/decided.js';
import { isAdaptive } from '../search/soften.js';
import type { ClassView } from './class-view.js';
import { dummyImpact } from './class-view.js';
import type { Found, Watch } from './found.js';
import { headCounts } from './head-counts.js';
import { pinkPictures } from './pink-pictures.js';
import { simulatedCounts } from './simulated-counts.js';

/** The rules' names. */
export type LabelRule = 'rowSum' | 'opposite' | 'minimum' | 'counts' | 'proof' | 'bias' | 'head' | 'simulated';

type Rule = (view: ClassView, watch?: Watch) => Found | Promise<Found>;

const clip = (value: number): number => Math.min(1, Math.max(0, value));

/** The B classes with the least values; when there are fewer classes than images they go round. */
function lowest(values: readonly number[], batchSize: number): Found {
  const order = values.map((_, j) => j).sort((a, b) => values[a]! - values[b]!);
  const spread = Math.max(...values.map(Math.abs)) || 1;
  const edge = values[order[Math.min(batchSize, order.length - 1)]!]!;
  const labels = Array.from({ length: batchSize }, (_, i) => order[i % order.length]!);
  return { labels, confidence: labels.map((j) => clip((edge - values[j]!) / spread)) };
}

/** Greedy counts: of the classes allowed, the lowest gets an image, which raises it by one image's worth. */
function greedy(
  values: readonly number[],
  perImage: number,
  batchSize: number,
  allowed = values.map((_, j) => j),
): Found {
  const left = [...values];
  const labels: number[] = [];
  const confidence: number[] = [];
  for (let i = 0; i < batchSize; i++) {
    const j = allowed.reduce((best, at) => (left[at]! < left[best]! ? at : best), allowed[0]!);
    confidence.push(clip(-left[j]! / perImage));
    labels.push(j);
    left[j]! += perImage;
  }
  return { labels, confidence };
}

/**
 * Rules that read the labels of a batch of B images off the last dense layer, whose features are h >= 0. With p the
 * predicted probabilities and y the labels, column j of its update is sum_b (p_bj - y_bj) h_b / B, and its bias' sum_b
 * (p_bj - y_bj) / B.
 * - `rowSum`: the B classes with the least column sums. One image: the only negative one (iDLG, Zhao et al. 2020).
 *   Distinct labels are assumed; nothing but the order is used, so it takes signs as they are.
 *   Where features may be negative, entries are weighed by typical ones.
 * - `opposite`: one image of three or more classes, whatever the signs of its features: column j is p_j - y_j times
 *   the features, so the label's is the longest and points away from all others: the least <c_j, sum of the others> -
 *   |c_j|^2, the bias one more entry. After Zhao et al. 2020, equation 4.
 * - `minimum`: the B classes with the least single entry (Yin et al. 2021, equation 5). Distinct labels are assumed.
 * - `counts`: each image of class j lowers the column sum by s / B; s and what other images add are measured on w0 with
 *   dummy pictures, then images are given out greedily (LLG*, Wainakh et al. 2022).
 * - `bias`: the same on the bias, where an image of class j counts exactly 1 / B and only p is measured.
 * - `proof`: features h >= 0 and p > 0 give a class that is absent no entry below 0, so one negative entry proves a
 *   class present; this survives every phi that keeps signs, and FedAvg. The other images are given out as in `counts`
 *   (only the order is known after signs: to the proven classes in turn). Follows from the argument of Zhao et al.
 *   2020, entry by entry.
 * - `head`: counts from the first dense layer's update too, by regression on the last layer's weights; see
 *   headCounts(). Proven classes are kept, and where every sign is left, unproven ones left out. Wrong labels in six
 *   random batches each: top-k 5 % of 8 images 1 for 11 of `proof`, signs of 16 images 4 for 15.
 * - `simulated`: counts by a linear law learned from 150 simulated clients; see simulatedCounts(). Wrong labels in
 *   sixteen random batches of 16: 3 bits 4 for 15 of `head`, QSGD 1 for 6, noise at -10 dB 4 for 16; signs 10 for 7.
 */
export const LABEL_RULES: Record<LabelRule, Rule> = {
  rowSum: async (view) => lowest((await ordered(view)).sums, view.batchSize),
  opposite: (view) => lowest(oppositesOf(view), 1),
  minimum: ({ minima, batchSize }) => lowest(minima, batchSize),
  counts: async (view) => {
    const { batchSize } = view;
    const { offset, impact, sums } = await dummyImpact(view);
    return greedy(
      sums.map((s, j) => s - offset[j]!),
      impact / batchSize,
      batchSize,
    );
  },
  proof: async (view) => {
    const { minima, batchSize, exact, scaleKnown } = view;
    const proven = minima.flatMap((least, j) => (least < 0 ? [j] : []));
    if (proven.length === 0 || proven.length > batchSize) return LABEL_RULES[scaleKnown ? 'counts' : 'rowSum'](view);
    const rest = batchSize - proven.length;
    const further = async (): Promise<Found> => {
      if (!scaleKnown) {
        const { sums } = await ordered(view);
        return lowest(
          proven.map((j) => sums[j]!),
          rest,
        );
      }
      const { offset, impact, sums } = await dummyImpact(view);
      const left = sums.map((s, j) => s - offset[j]! + (proven.includes(j) ? impact / batchSize : 0));
      return greedy(left, impact / batchSize, rest, exact ? proven : undefined);
    };
    if (rest === 0) return { labels: proven, confidence: proven.map(() => 1) };
    const { labels, confidence } = await further();
    return {
      labels: [...proven, ...(scaleKnown ? labels : labels.map((at) => proven[at]!))],
      confidence: [...proven.map(() => 1), ...confidence],
    };
  },
  bias: async (view) => {
    const { bias, batchSize, model } = view;
    if (!bias)
      throw problem('inferLabels', "the rule 'bias' needs a last dense layer with bias", model.name, "use 'counts'");
    const { probabilities, ofBias } = await dummyImpact(view);
    return greedy(
      bias.map((d, j) => d - ofBias * probabilities[j]!),
      ofBias / batchSize,
      batchSize,
    );
  },
  head: async (view) => {
    const { observation, model, denseHead } = view;
    if (!denseHead)
      throw problem('inferLabels', "the rule 'head' needs dense, relu, dense at the end", model.name, "use 'counts'");
    const { least, most } = provenBounds(view);
    return headCounts(observation, least, most);
  },
  simulated: async (view, watch) => {
    const { least, most } = provenBounds(view);
    return simulatedCounts(view.observation, least, most, watch);
  },
};

/** Sums whose order tells the classes. */
const ordered = async (view: ClassView): Promise<{ readonly sums: readonly number[] }> =>
  view.nonNegative ? view : dummyImpact(view);

/** Of each class, its column's product with the others' sum less that with itself; the bias is one more entry. */
function oppositesOf({ columns, bias }: ClassView): number[] {
  const rows = columns.map((column, j) => (bias ? [...column, bias[j]!] : column));
  const all = rows[0]!.map((_, i) => sum(rows.map((row) => row[i]!)));
  return rows.map((row) => dot(row, all) - 2 * dot(row, row));
}

/** At least one image of a class that a negative entry proves; none of a class that signs of all entries leave open. */
function provenBounds({ minima, batchSize, signsProve, everySign }: ClassView): { least: number[]; most: number[] } {
  const proven = minima.map((least) => Number(signsProve && least < 0));
  const number = sum(proven);
  const holds = number > 0 && number <= batchSize;
  return {
    least: holds ? proven : proven.map(() => 0),
    most: proven.map((one) => (holds && everySign && one === 0 ? 0 : batchSize)),
  };
}

/** Classes, pixels a side and images from which simulated clients tell more than they cost. */
const LEARNT = { classes: 32, side: 64, images: 5, imagesOfExactSteps: 9 };

/** A network that is more decided than this on pictures of noise was trained: simulated labels would surprise it. */
const UNDECIDED = 0.1;

/** Whether simulated clients count better: an undecided dense head, a plain client, phi neither sparse nor signs. */
async function isLearnable({ observation, batchSize, exact, scaleKnown, denseHead }: ClassView): Promise<boolean> {
  const { model, client, obfuscation } = observation;
  const { localSteps, optimizer, privacy } = client;
  return (
    denseHead &&
    scaleKnown &&
    batchSize >= (exact ? LEARNT.imagesOfExactSteps : LEARNT.images) &&
    !(exact && localSteps === 1) && // the row space corrects these
    model.classes <= LEARNT.classes &&
    Math.max(model.imageShape[0], model.imageShape[1]) <= LEARNT.side &&
    !privacy &&
    !isAdaptive(optimizer) &&
    !obfuscation.evidence.some((evidence) => isSparse(evidence) || isUnknown(evidence)) &&
    (await decidedness(model, await pinkPictures(model.imageShape, 8, 1))) < UNDECIDED
  );
}

/**
 * One image: `rowSum`, where features may be negative or labels are smoothed `opposite`, or of two classes `bias`. A
 * batch behind phi, or a large one: `simulated` where that can be learnt; behind phi `head` where there is one; else
 * `proof` where signs prove and features are not negative, or nothing but signs or the largest entries is left;
 * `rowSum` where only the order is known, else `bias` or `counts`.
 * @param learnt whether `simulated`, which takes seconds, is among them
 */
export async function ruleFor(view: ClassView, learnt = true): Promise<LabelRule> {
  const { batchSize, nonNegative, signsProve, scaleKnown, bias, exact, denseHead, model, observation } = view;
  const whole = scaleKnown && !observation.obfuscation.evidence.some(isSparse);
  const smoothed = Boolean(observation.client.labelSmoothing);
  if (batchSize === 1 && (!nonNegative || smoothed) && model.classes > 2) return 'opposite';
  if (batchSize === 1) return !nonNegative && bias ? 'bias' : 'rowSum';
  if (learnt && (await isLearnable(view))) return 'simulated';
  if (denseHead && !exact) return 'head';
  if (signsProve && (nonNegative || !whole)) return 'proof';
  if (!scaleKnown) return 'rowSum';
  return bias ? 'bias' : 'counts';
}
