import { oneHot } from '../../core/arrays.js';
import type { NdArray, Observation } from '../../core/types.js';
import type { Generator } from '../../models/generator-weights.js';
import type { InferredLabels } from '../infer-labels.js';
import { classRows } from './class-meaning.js';
import type { Decoder } from './decoder.js';
import type { Match } from './update-match.js';

/** Inferred labels that stand out less than this are tried against the other classes. */
const SURE = 0.5;

/**
 * The labels, with inferred ones that do not stand out replaced by the class under which the start matches best, one
 * after the other. Given labels, and comparisons whose errors are frozen, are left as they are.
 */
export async function labelSearch(
  { model, client, labels: given }: Observation,
  found: InferredLabels,
  match: Match,
  decoder: Decoder,
  generator: Generator,
  meaning: (label: number) => number | undefined,
  raw: NdArray,
  stop: () => boolean,
): Promise<InferredLabels> {
  if (given || !match.labelsMove) return found;
  const labels = Int32Array.from(found.labels);
  const objective = async (): Promise<number> => {
    const rows = classRows(Array.from(labels, meaning), generator.design.classes);
    const images = await decoder.images(await decoder.encode(raw, rows), rows);
    return (await match.evaluate(images, oneHot('rogs', labels, model.classes))).objective;
  };
  let changed = 0;
  for (let i = 0; i < client.batchSize && !stop(); i++) {
    if (found.confidence[i]! >= SURE) continue;
    const before = labels[i]!;
    let [best, least] = [before, await objective()];
    for (let label = 0; label < model.classes; label++) {
      if (label === before || stop()) continue;
      labels[i] = label;
      const value = await objective();
      if (value < least) [best, least] = [label, value];
    }
    labels[i] = best;
    if (best !== before) changed++;
  }
  return changed === 0 ? found : { ...found, labels, method: `${found.method}; ${changed} by matching` };
}
