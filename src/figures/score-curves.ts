import { problem } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { METRICS, type MetricName, scoreColumns, summary } from '../metrics/index.js';
import { banded, type Layout, plot, type Trace } from '../report/index.js';
import { groupsOf, plainFields, type Scored } from './groups.js';

/** Options of {@link scoreCurves}. */
export interface ScoreCurvesOptions {
  /** The field of the outcomes along the x axis, a number. */
  readonly x: string;
  /** The field whose values are the lines. */
  readonly by: string;
  /** One panel each; default PSNR and SSIM. */
  readonly metrics?: readonly MetricName[];
  readonly title?: string;
  /** Of the x axis; default its field. */
  readonly xTitle?: string;
  /** A logarithmic x axis; default false. */
  readonly log?: boolean;
}

/**
 * Scores against a number of the trial (bits per entry, batch size, noise): a line through the means over images for
 * every value of a field, with a band of the 95 % confidence interval, one panel a metric.
 * @throws no outcomes; a field that an outcome lacks; x that is not a number
 * @example rog.charts.scoreCurves(done, { x: 'bitsPerEntry', by: 'family', log: true })
 */
export function scoreCurves<T extends Scored>(outcomes: readonly T[], options: ScoreCurvesOptions): void {
  checkOptions('scoreCurves', options, ['x', 'by', 'metrics', 'title', 'xTitle', 'log']);
  const { x, by, metrics = ['psnr', 'ssim'], title, xTitle = x, log = false } = options;
  const axis = { title: xTitle, ...(log && { type: 'log' }) };
  const lines = groupsOf('scoreCurves', outcomes, by).map(({ value, part }) => ({
    name: value,
    points: along(part, x),
  }));
  const traces = metrics.flatMap((metric, panel) =>
    lines.flatMap(({ name, points }): Trace[] =>
      banded(
        points.map((point) => point.at),
        points.map(({ part }) => summary(part.map(({ scores }) => scores))[metric] ?? NONE),
        { name, panel: panel + 1, within: METRICS[metric].range },
      ),
    ),
  );
  const axes = metrics.flatMap((metric, panel): [string, object][] => {
    const number = panel === 0 ? '' : String(panel + 1);
    return [
      [`xaxis${number}`, axis],
      [`yaxis${number}`, { title: scoreColumns([metric])[metric] }],
    ];
  });
  const grid = { rows: 1, columns: metrics.length };
  plot(traces, {
    ...(title && { title }),
    grid,
    width: 120 + 340 * metrics.length,
    height: 380,
    ...Object.fromEntries(axes),
  } as Layout);
}

const NONE = { mean: Number.NaN, halfWidth: Number.NaN };

/** Outcomes by x, ascending. */
function along<T extends Scored>(part: readonly T[], x: string): { at: number; part: readonly T[] }[] {
  return groupsOf('scoreCurves', part, x)
    .map((group) => ({ at: numberOf(group.part[0]!, x), part: group.part }))
    .sort((a, b) => a.at - b.at);
}

function numberOf(outcome: Scored, x: string): number {
  const value = plainFields(outcome)[x];
  if (typeof value !== 'number') throw problem('scoreCurves', `x must be a field of numbers, ${x} is not`, value);
  return value;
}
