import { checkOptions } from '../core/options.js';
import {
  type Interval,
  type MetricName,
  SCORE_NOTE,
  type Share,
  scoreColumns,
  shareInterval,
  summary,
} from '../metrics/index.js';
import { table } from '../report/index.js';
import { groupsOf, type Scored } from './groups.js';

/** Options of {@link scoreTable}. */
export interface ScoreTableOptions {
  /** The field of the outcomes whose values are the rows. */
  readonly by: string;
  /** A second field whose values become columns; a cell then holds the metrics one after the other. */
  readonly across?: string;
  /** Default PSNR, SSIM, feature distance, class, LPIPS where every outcome has it; with `across` PSNR and SSIM. */
  readonly metrics?: readonly MetricName[];
  readonly title?: string;
  readonly note?: string;
}

/** Decimals of each score. */
const DIGITS: Partial<Record<MetricName, number>> = { psnr: 1, lpips: 3, globalSsim: 3, mse: 4 };

/**
 * A table of means with 95 % confidence intervals over the images: one row per value of a field of the outcomes of
 * `study`, or with `across` one column per value of another one. An interval that is unbounded (one image) is not
 * written.
 * @throws no outcomes; a field that an outcome lacks
 * @example rog.charts.scoreTable(done, { by: 'phi' })
 * @example rog.charts.scoreTable(done, { by: 'phi', across: 'client', metrics: ['psnr'] })
 */
export function scoreTable<T extends Scored>(outcomes: readonly T[], options: ScoreTableOptions): void {
  checkOptions('scoreTable', options, ['by', 'across', 'metrics', 'title', 'note']);
  const { by, across, title } = options;
  const metrics = options.metrics ?? (across ? ACROSS : usual(outcomes));
  const note = options.note ?? (metrics.includes('featureDistance') ? SCORE_NOTE : undefined);
  const rows = groupsOf('scoreTable', outcomes, by).map(({ value, part }) => ({
    [by]: value,
    ...(across ? spread(part, across, metrics) : Object.fromEntries(cellsOf(part, metrics))),
  }));
  const headings = across
    ? Object.fromEntries(groupsOf('scoreTable', outcomes, across).map(({ value }) => [value, value]))
    : scoreColumns(metrics);
  const labels = Object.values(scoreColumns(metrics)).join(' / ');
  table(rows, {
    columns: { [by]: by, ...headings },
    ...((title || across) && { title: [title, across && labels].filter(Boolean).join(': ') }),
    ...(note && { note }),
  });
}

const ACROSS: readonly MetricName[] = ['psnr', 'ssim'];

const usual = (outcomes: readonly Scored[]): MetricName[] => [
  'psnr',
  'ssim',
  'featureDistance',
  ...(outcomes.every?.(({ scores }) => scores?.lpips) ? (['lpips'] as const) : []),
  'agreement',
];

function cellsOf(part: readonly Scored[], metrics: readonly MetricName[]): [MetricName, string][] {
  const means = summary(part.map(({ scores }) => scores));
  return metrics.map((name) => [
    name,
    plusMinus(name === 'agreement' ? shareOf(part) : means[name], DIGITS[name] ?? 2),
  ]);
}

function shareOf(part: readonly Scored[]): Share | undefined {
  const values = part.flatMap(({ scores }) => scores.agreement).filter((value) => !Number.isNaN(value));
  return values.length ? shareInterval(values) : undefined;
}

const spread = (part: readonly Scored[], across: string, metrics: readonly MetricName[]): Record<string, string> =>
  Object.fromEntries(
    groupsOf('scoreTable', part, across).map(({ value, part: cell }) => [
      value,
      cellsOf(cell, metrics)
        .map(([, text]) => text)
        .join(' / '),
    ]),
  );

/**
 * A mean and its interval as text, `21.3 ± 0.4`, or a share of images and Wilson's, `0.25 (0.07 to 0.59)`; the mean
 * alone where the interval is unbounded, a dash where there is none.
 * @example rog.charts.plusMinus(rog.summary(scores).psnr, 1)
 * @example rog.charts.plusMinus(rog.metrics.shareInterval([1, 1, 0, 1])) // '0.75 (0.30 to 0.95)'
 */
export function plusMinus(interval: Interval | Share | undefined, digits = 2): string {
  if (!interval) return '–';
  if ('share' in interval) {
    const [share, low, high] = [interval.share, interval.low, interval.high].map((value) => value.toFixed(digits));
    return `${share} (${low} to ${high})`;
  }
  if (Number.isNaN(interval.mean)) return '–';
  const mean = interval.mean.toFixed(digits);
  return Number.isFinite(interval.halfWidth) ? `${mean} ± ${interval.halfWidth.toFixed(digits)}` : mean;
}
