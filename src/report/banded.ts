import { problem } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import type { Trace } from './chart/types.js';

/** Options of {@link banded}. */
export interface BandedOptions {
  readonly name?: string;
  /** A CSS colour as `#rrggbb`. Default by the name, as everywhere in `plot`. */
  readonly colour?: string;
  /** Panel of `layout.grid`, from 1. Only the first panel's lines are named in the legend. Default 1. */
  readonly panel?: number;
  /** As plotly's. Default solid. */
  readonly dash?: string;
  /** Least and greatest value that is possible: where the band ends. Default unbounded. */
  readonly within?: readonly [low: number, high: number];
}

const UNBOUNDED = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

/**
 * Two traces for `plot`: a line through the means and a band of mean +- halfWidth around it. Where an interval is
 * unbounded (one value) the band closes on the line.
 * @param intervals one per x, e.g. from `summary` or `confidenceInterval`
 * @throws when there are not as many intervals as values of x
 * @example
 * const psnr = scores.map((s) => rog.summary(s).psnr);
 * rog.plot(rog.charts.banded(bits, psnr, { name: 'uniform' }), { yaxis: { title: 'PSNR (dB)' } })
 */
export function banded(
  x: readonly number[],
  intervals: readonly { readonly mean: number; readonly halfWidth: number }[],
  options: BandedOptions = {},
): Trace[] {
  checkOptions('banded', options, ['name', 'colour', 'panel', 'dash', 'within']);
  const { name, colour, panel = 1, dash, within: [low, high] = UNBOUNDED } = options;
  if (x.length !== intervals.length)
    throw problem('banded', `there must be one interval for each of the ${x.length} values of x`, intervals.length);
  const axes = panel === 1 ? {} : { xaxis: `x${panel}`, yaxis: `y${panel}` };
  const edge = (side: number) =>
    intervals.map(({ mean, halfWidth }) =>
      Math.min(high, Math.max(low, mean + side * (Number.isFinite(halfWidth) ? halfWidth : 0))),
    );
  return [
    {
      ...axes,
      x: [...x, ...[...x].reverse()],
      y: [...edge(-1), ...edge(1).reverse()],
      mode: 'lines',
      line: { width: 0, ...(colour && { color: colour }) },
      fill: 'toself',
      showlegend: false,
      hoverinfo: 'skip',
    },
    {
      ...axes,
      ...(name && { name }),
      x,
      y: intervals.map(({ mean }) => mean),
      mode: 'lines+markers',
      line: { width: 2.2, ...(colour && { color: colour }), ...(dash && { dash }) },
      showlegend: panel === 1 && name !== undefined,
    },
  ];
}
