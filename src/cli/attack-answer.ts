import { mean } from '../core/numbers.js';
import type { Batch, Reconstruction, Scores } from '../core/types.js';
import { counted } from '../core/units.js';
import { METRICS, type MetricName } from '../metrics/index.js';
import { labelAccuracy } from '../studies/index.js';

/** What is said of an attack in a line, with its decimals. */
const SAID: readonly (readonly [MetricName, digits: number])[] = [
  ['psnr', 1],
  ['ssim', 2],
  ['lpips', 3],
];

/** Means over the images, in words: `21.0 dB, SSIM 0.55`. */
function meansInWords(scores: Scores): string {
  const words = SAID.flatMap(([name, digits]) => {
    const values = scores[name];
    const { label, unit } = METRICS[name];
    if (!values) return [];
    const value = mean(values).toFixed(digits);
    return [unit ? `${value} ${unit}` : `${label} ${value}`];
  });
  return words.join(', ');
}

/** The answer of `roglab attack` for a person: `mean 21.0 dB, SSIM 0.55, 4 of 4 labels; pictures in results/attack`. */
export function attackAnswer(
  { labels }: Pick<Batch, 'labels'>,
  result: Pick<Reconstruction, 'labels' | 'seconds'>,
  scores: Scores,
  { raw, out }: { readonly raw?: Scores; readonly out: string },
): string {
  const right = Math.round(labelAccuracy(result.labels, labels) * labels.length);
  const found = `${right} of ${counted(labels.length, 'label')}`;
  const before = raw ? ` (raw ${meansInWords(raw)})` : '';
  const mean = labels.length === 1 ? '' : 'mean ';
  return `${mean}${meansInWords(scores)}${before}, ${found}; ${result.seconds.toFixed(0)} s; pictures in ${out}`;
}
