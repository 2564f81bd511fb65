import { problem } from '../core/errors.js';
import { oneOf } from '../core/options.js';
import type { Scores } from '../core/types.js';
import { confidenceInterval, type Interval } from './confidence-interval.js';

/** The scores that are numbers per image. */
export type MetricName = Exclude<keyof Scores, 'match'>;

interface MetricInfo {
  readonly label: string;
  readonly unit?: string;
  readonly better: 'higher' | 'lower';
  /** Least and greatest value. */
  readonly range: readonly [number, number];
}

const POSITIVE = [0, Number.POSITIVE_INFINITY] as const;

/** What each score is called, its unit, its range, and which direction is better for the attacker. */
export const METRICS: Readonly<Record<MetricName, MetricInfo>> = {
  psnr: { label: 'PSNR', unit: 'dB', better: 'higher', range: POSITIVE },
  ssim: { label: 'SSIM', better: 'higher', range: [-1, 1] },
  featureDistance: { label: 'feature distance', better: 'lower', range: POSITIVE },
  lpips: { label: 'LPIPS', better: 'lower', range: POSITIVE },
  agreement: { label: 'same class', better: 'higher', range: [0, 1] },
  jaccard: { label: 'Jaccard', better: 'higher', range: [0, 1] },
  globalSsim: { label: 'global SSIM', better: 'higher', range: [-1, 1] },
  mse: { label: 'MSE', better: 'lower', range: POSITIVE },
};

/** To stand under every table with a feature distance. Correlations: `.github/feature-rank.mjs`. */
export const SCORE_NOTE =
  "Feature distance: our own small network, uncalibrated; it is not LPIPS and not on the paper's scale: " +
  'equal pictures have 0, two different photos about 7. It ranks rebuilt 32x32 pictures much as LPIPS does ' +
  '(rank correlation 0.85 over 144 of CIFAR-10, 0.55 to 0.85 behind one phi). ' +
  'Same class: how often our tagger sees the same class in the private and the rebuilt image.';

/**
 * Headings of score columns for `table({ columns })`: name, unit, and an arrow to the better direction (closer to the
 * truth).
 * @example
 * rog.table(rows, { columns: { phi: 'obfuscation', ...rog.metrics.scoreColumns(['psnr', 'ssim']) } })
 */
export function scoreColumns(names: readonly MetricName[] = ['psnr', 'ssim', 'featureDistance', 'agreement']) {
  const entries = names.map((name) => {
    const { label, unit, better } = METRICS[oneOf('scoreColumns', 'name', name, Object.keys(METRICS) as MetricName[])];
    return [name, `${label}${unit ? ` (${unit})` : ''} ${better === 'higher' ? '↑' : '↓'}`];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

/** One interval per metric; LPIPS only where every score has it. */
export type Summary = Record<Exclude<MetricName, 'lpips'>, Interval> & { readonly lpips?: Interval };

/**
 * Mean and 95 % confidence interval of each metric over the images of one or several scores. Images to which a metric
 * does not apply (NaN) are left out of it; when none is left, its mean is NaN and n is 0.
 * @example rog.summary(scores).psnr // { mean: 20.3, halfWidth: 1.1, n: 24 }
 */
export function summary(scores: Scores | readonly Scores[]): Summary {
  const list = Array.isArray(scores) ? (scores as readonly Scores[]) : [scores as Scores];
  if (!list.length) throw problem('summary', 'give at least one score', scores);
  const names = (Object.keys(METRICS) as MetricName[]).filter((name) => list.every((one) => one[name]));
  const intervals = names.map((name) => [name, interval(list.flatMap((one) => one[name]!))]);
  return Object.fromEntries(intervals) as Summary;
}

function interval(values: readonly number[]): Interval {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length ? confidenceInterval(known) : { mean: Number.NaN, halfWidth: Number.NaN, n: 0 };
}
