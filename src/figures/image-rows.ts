import { METRICS, type MetricName } from '../metrics/index.js';
import { checkOutcomes, plainFields, type Scored } from './groups.js';

/** One private image of one outcome. */
export type ImageRow = Readonly<Record<string, string | number | boolean>>;

/**
 * One flat row per private image of every outcome of `study`, for arquero, a CSV file or any other table: the trial's
 * own fields (phi, seed, name, ...), `model`, `image` (its place in the batch), `class`, every score that applies, and
 * the attack's `closures` and `seconds`.
 * @throws no outcomes; an outcome without scores
 * @example aq.from(rog.charts.imageRows(done)).groupby('phi').rollup({ psnr: aq.op.mean('psnr') })
 */
export function imageRows(outcomes: readonly Scored[]): ImageRow[] {
  checkOutcomes('imageRows', outcomes);
  return outcomes.flatMap((outcome) => {
    const { batch, model, scores } = outcome;
    const { closures, seconds } = outcome.result;
    return Array.from(batch.labels, (label, image) => ({
      ...plainFields(outcome),
      ...(model && { model: model.name }),
      image,
      class: batch.classNames[label] ?? String(label),
      ...scoresAt(scores, image),
      closures,
      seconds,
    }));
  });
}

function scoresAt(scores: Scored['scores'], image: number): Record<string, number> {
  const all = (Object.keys(METRICS) as MetricName[]).map(
    (name) => [name, scores[name]?.[image] ?? Number.NaN] as const,
  );
  return Object.fromEntries(all.filter(([, value]) => !Number.isNaN(value)));
}
