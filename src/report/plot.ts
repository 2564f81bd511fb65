import { problem } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { resolveFigure } from './chart/figure.js';
import { chartHtml, plotlyFigure } from './chart/live-chart.js';
import { titleText } from './chart/markup.js';
import { drawPicture } from './chart/picture.js';
import type { Layout, Trace } from './chart/types.js';
import { display } from './display.js';
import { type TableTrace, writtenOut } from './table-traces.js';

/** Options of {@link plot}. */
export interface PlotOptions {
  /** Replace the static picture by plotly's live chart where scripts may run. Default true. */
  readonly live?: boolean;
}

/**
 * Shows a chart: a static picture that survives untrusted notebooks, exports and GitHub, replaced by a live plotly
 * chart of the same look wherever scripts may run. Traces and layout are plotly's; the picture knows scatter (lines,
 * markers, text, error_y, bands), bar, heatmap and contour, linear, log and category axes, shapes, annotations and
 * panels (`layout.grid`). Outside a kernel prints a summary of the series.
 * A series may be columns of an arquero table or of a list of rows: `{ table, x: 'bits', y: 'psnr', by: 'family' }`.
 * @throws when the first argument is no list, a series has x and y of different lengths, or a table lacks a column
 * @example
 * rog.plot([{ table: [{ phi: 'sign', psnr: 20.2 }, { phi: 'none', psnr: 28.9 }], x: 'phi', y: 'psnr', type: 'bar' }])
 * @example
 * rog.plot([{ x: bits, y: psnr, name: 'uniform' }],
 *   { xaxis: { title: 'bits per entry' }, yaxis: { title: 'PSNR (dB)' } })
 */
export function plot(given: readonly (Trace | TableTrace)[], layout: Layout = {}, options: PlotOptions = {}): void {
  checkOptions('plot', options, ['live']);
  const traces = readTraces('plot', given);
  const figure = resolveFigure(traces, layout);
  const summary = summarize(traces, layout);
  display({
    'text/plain': summary,
    'text/html': chartHtml(figure, drawPicture(figure), summary, options.live ?? true),
    ...(options.live === false ? {} : { 'application/vnd.plotly.v1+json': plotlyFigure(figure) }),
  });
}

/** The static picture of `plot` as an SVG document. */
export const plotSvg = (traces: readonly (Trace | TableTrace)[], layout: Layout = {}): string =>
  drawPicture(resolveFigure(readTraces('plotSvg', traces), layout));

function readTraces(where: string, given: readonly (Trace | TableTrace)[]): readonly Trace[] {
  if (!Array.isArray(given))
    throw problem(where, 'the first argument must be a list of traces', given, 'write [{ x, y }] or [{ table, x, y }]');
  const traces = writtenOut(where, given);
  traces.forEach((trace: Trace, i) => {
    const { x, y, z, type } = trace;
    const name = `trace ${i}${trace.name ? ` (${trace.name})` : ''}`;
    if (type === 'heatmap' || type === 'contour') {
      if (!z) throw problem(where, `${name} needs z, rows of numbers`);
      if (y && y.length !== z.length)
        throw problem(where, `${name} has ${z.length} rows in z but ${y.length} values in y`);
      if (x && x.length !== z[0]?.length)
        throw problem(where, `${name} has ${z[0]?.length} columns in z but ${x.length} values in x`);
    } else if (x && y && x.length !== y.length)
      throw problem(where, `${name} has ${x.length} values in x but ${y.length} in y`);
  });
  return traces;
}

/** `[plot] title` and one line per series: how many points, from where to where. */
function summarize(traces: readonly Trace[], layout: Layout): string {
  const axes = [layout.yaxis, layout.xaxis].map((axis) => titleText(axis?.title));
  const head = titleText(layout.title) || axes.filter(Boolean).join(' over ') || 'chart';
  const lines = traces.map((trace, i) => {
    const values = (
      trace.z ? trace.z.flatMap((row) => Array.from(row)) : Array.from((trace.y as ArrayLike<number>) ?? [])
    ).filter(Number.isFinite);
    const ends = values.reduce(
      ([low, high], v) => [Math.min(low!, v), Math.max(high!, v)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    );
    const reach = values.length ? `, ${ends.map((v) => Number(v.toPrecision(3))).join(' to ')}` : '';
    return `  ${trace.name ?? trace.type ?? `series ${i + 1}`}: ${values.length} values${reach}`;
  });
  return [`[plot] ${head}`, ...lines].join('\n');
}
