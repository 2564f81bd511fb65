import { ndarray } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { uniformStream } from '../core/random.js';
import { resample } from '../core/resample.js';
import type { Model, NamedArray, Observation } from '../core/types.js';
import { clientUpdate } from '../federation/index.js';

/** Labels found in an update. `confidence` is one number in [0, 1] per label: how clearly it stands out. */
export interface InferredLabels {
  readonly labels: Int32Array;
  readonly method: string;
  readonly confidence: readonly number[];
}

/**
 * The batch's labels from the update of the last dense layer: with ReLU features h >= 0, the column sum
 * S_j = sum_b (p_bj - y_bj) sum(h_b) / B is negative where class j is in the batch.
 * One image: the only negative column (iDLG, Zhao et al. 2020). A batch: greedy counting, each image of class j lowers
 * S_j by s/B, where s and the offsets p_j s are measured on w0 with dummy pictures (LLG, Wainakh et al. 2022).
 * After sign() only the order is left: the B lowest columns. The order of the labels in the batch is not known: ascending.
 */
export async function inferLabels(observation: Observation): Promise<InferredLabels> {
  const { model, tensors, client, obfuscation } = observation;
  const { batchSize, localSteps } = client;
  const sums = columnSums(tensors, model).map((s) => s / localSteps);
  const order = sums.map((_, j) => j).sort((a, b) => sums[a]! - sums[b]!);
  const spread = Math.max(...sums.map(Math.abs)) || 1;

  if (batchSize === 1) {
    const [first, second] = [order[0]!, order[1] ?? order[0]!];
    const gap = (sums[second]! - sums[first]!) / spread;
    return { labels: Int32Array.of(first), method: 'iDLG: the most negative column', confidence: [Math.min(1, gap)] };
  }
  const scaleKnown = obfuscation.evidence.every((e) => !e.signOnly && !e.scaleUnknown);
  if (!scaleKnown) {
    const chosen = Array.from({ length: batchSize }, (_, i) => order[i % order.length]!);
    const edge = sums[order[Math.min(batchSize, order.length - 1)]!]!;
    return sorted(
      chosen,
      chosen.map((j) => Math.min(1, Math.max(0, (edge - sums[j]!) / spread))),
      'the most negative columns',
    );
  }
  const { offset, impact } = await dummyImpact(model, batchSize);
  const left = sums.map((s, j) => s - offset[j]!);
  const chosen: number[] = [];
  const confidence: number[] = [];
  for (let i = 0; i < batchSize; i++) {
    const j = left.reduce((best, value, at) => (value < left[best]! ? at : best), 0);
    confidence.push(Math.min(1, Math.max(0, (-left[j]! * batchSize) / impact)));
    chosen.push(j);
    left[j]! += impact / batchSize;
  }
  return sorted(chosen, confidence, 'LLG: greedy counts from column sums');
}

function sorted(labels: number[], confidence: number[], method: string): InferredLabels {
  const order = labels.map((_, i) => i).sort((a, b) => labels[a]! - labels[b]!);
  return { labels: Int32Array.from(order, (i) => labels[i]!), confidence: order.map((i) => confidence[i]!), method };
}

/** Sum of the last dense kernel's update over its inputs, one number per class. */
function columnSums(tensors: readonly NamedArray[], model: Model): number[] {
  const kernel = tensors.findLast(({ shape }) => shape.length === 2);
  if (kernel?.shape[1] !== model.classes)
    throw problem(
      'inferLabels',
      'needs a last dense layer with one output per class',
      model.name,
      'give the labels to observe()',
    );
  const [inputs, classes] = kernel.shape as [number, number];
  const sums = new Array<number>(classes).fill(0);
  for (let i = 0; i < inputs; i++) for (let j = 0; j < classes; j++) sums[j]! += kernel.data[i * classes + j]!;
  return sums;
}

/**
 * offset_j = p_j s and impact s, from two simulated updates on dummy pictures (smooth noise): labelled all 0 and all 1,
 * their column sums differ by s in columns 0 and 1 only.
 */
async function dummyImpact(model: Model, batchSize: number): Promise<{ offset: number[]; impact: number }> {
  const [height, width, channels] = model.imageShape;
  const coarse = ndarray([batchSize, 4, 4, channels], uniformStream(77));
  const images = resample(coarse, [height, width], 'bilinear');
  const run = async (label: number): Promise<number[]> => {
    const labels = new Int32Array(batchSize).fill(label);
    return columnSums((await clientUpdate(model, { images, labels })).tensors, model);
  };
  const [zero, one] = [await run(0), await run(1)];
  return { offset: zero.map((s, j) => (j === 0 ? one[0]! : s)), impact: one[0]! - zero[0]! };
}
