import type { Axis } from './axis.js';
import { defaults } from './axis.js';
import { type CurveFactory, curveLinear, curveStepAfter, line } from './drawing.js';
import { drawLabels, measure, type PlacedLabel, placeLabels, type Wish } from './labels.js';
import { markerPath, markPaint } from './marker-forms.js';
import { n } from './markup.js';
import { theme } from './theme.js';
import type { Box, Look, Trace } from './types.js';

/** One panel while its marks are drawn. */
export interface Panel {
  readonly box: Box;
  readonly x: Axis;
  readonly y: Axis;
  /** Pixel positions of numbers on the axes. */
  readonly atX: (value: number) => number;
  readonly atY: (value: number) => number;
  /** Sizes of marks that would be covered, see {@link uncovered}. */
  readonly sizes?: ReadonlyMap<Series, readonly number[]>;
}

/** A trace with its look. */
export interface Series extends Look {
  readonly trace: Trace;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly index: number;
}

const dashes: Readonly<Record<string, string>> = { dash: '7 5', dot: '2 4', dashdot: '7 4 2 4', longdash: '11 6' };

export const dashOf = (dash?: string): string =>
  dash && dash !== 'solid' ? ` stroke-dasharray="${dashes[dash] ?? '7 5'}"` : '';

export const isHeat = (trace: Trace): boolean => trace.type === 'heatmap' || trace.type === 'contour';

export const isBar = ({ type }: Trace): boolean => type === 'bar';

export const isScatter = ({ type }: Trace): boolean => !type || type === 'scatter' || type === 'scattergl';

/** What is drawn of a scatter trace that does not say: many points are a line only. */
export const modeOf = (trace: Trace): string =>
  trace.mode ?? (Math.max(trace.x?.length ?? 0, trace.y?.length ?? 0) > 40 ? 'lines' : 'lines+markers');

/** Points in pixels; a datum without a place (null, NaN, zero on a log axis) breaks the line. */
export function points({ trace }: Series, panel: Panel): Point[] {
  const xs = (trace.x as ArrayLike<number | string | null>) ?? defaults(trace, 'x');
  const ys = (trace.y as ArrayLike<number | string | null>) ?? defaults(trace, 'y');
  return Array.from({ length: Math.min(xs.length, ys.length) }, (_, index) => ({
    x: panel.atX(panel.x.value(xs[index])),
    y: panel.atY(panel.y.value(ys[index])),
    index,
  }));
}

export const placed = (point: Point): boolean => Number.isFinite(point.x) && Number.isFinite(point.y);

const leaves = ({ x, y }: Point, { left, top, width, height }: Box): boolean =>
  x < left || x > left + width || y < top || y > top + height;

const within = (clip: string, drawn: string): string => drawn && `<g clip-path="url(#${clip})">${drawn}</g>`;

/**
 * Lines, bands, markers and error bars of a scatter trace; bands, error bars and lines that leave the panel end at the
 * axes, the path `inner`.
 */
export function drawScatter(series: Series, panel: Panel, inner: string, before?: Series): string {
  const { trace, colour } = series;
  const all = points(series, panel);
  const mode = modeOf(trace);
  const curve: CurveFactory =
    (trace.line as { shape?: string } | undefined)?.shape === 'hv' ? curveStepAfter : curveLinear;
  const path = line<Point>(
    (p) => p.x,
    (p) => p.y,
  )
    .defined(placed)
    .curve(curve)
    .digits(2);
  const parts: string[] = [];
  const band = bandPoints(trace, all, panel, before);
  if (band)
    parts.push(
      `<path d="${path(band)}Z" fill="${trace.fillcolor ?? colour}"${trace.fillcolor ? '' : ' fill-opacity="0.13"'}/>`,
    );
  parts.push(errorBars(series, panel, all, [`stroke="${colour}" stroke-width="1.5"`]));
  const inside = within(inner, parts.splice(0).join(''));
  if (mode.includes('lines') && trace.line?.width !== 0) {
    const drawn =
      `<path d="${path(trace.connectgaps ? all.filter(placed) : all) ?? ''}" fill="none" stroke="${colour}" ` +
      `stroke-width="${trace.line?.width ?? 2.2}" stroke-linejoin="round" ` +
      `stroke-linecap="round"${dashOf(trace.line?.dash ?? series.dash)}/>`;
    parts.push(all.some((point) => leaves(point, panel.box)) ? within(inner, drawn) : drawn);
  }
  if (mode.includes('markers')) parts.push(markers(series, all, panel));
  return `<g${trace.opacity === undefined ? '' : ` opacity="${trace.opacity}"`}>${inside}${parts.join('')}</g>`;
}

function bandPoints(trace: Trace, all: readonly Point[], panel: Panel, before?: Series): Point[] | undefined {
  const here = all.filter(placed);
  if (here.length === 0 || !trace.fill || trace.fill === 'none') return undefined;
  if (trace.fill === 'toself') return here;
  if (trace.fill === 'tonexty' && before) return [...here, ...points(before, panel).filter(placed).reverse()];
  const floor = panel.atY(Math.max(0, Math.min(...panel.y.domain)));
  return [{ ...here[0]!, y: floor }, ...here, { ...here.at(-1)!, y: floor }];
}

/** Of the mark of a point, in pixels. */
export function sizeAt(series: Series, index: number, { sizes }: Pick<Panel, 'sizes'> = {}): number {
  const size = sizes?.get(series) ?? series.trace.marker?.size ?? 8;
  return typeof size === 'number' ? size : (size[index] ?? 8);
}

function markers(series: Series, all: readonly Point[], panel: Panel): string {
  const { trace, colour, symbol: form } = series;
  const colours = trace.marker?.color;
  return all
    .filter(placed)
    .map(({ x, y, index }) => {
      const symbol = trace.marker?.symbol ?? form;
      const path = markerPath(symbol, sizeAt(series, index, panel));
      const fill = (typeof colours === 'string' ? colours : colours?.[index]) ?? colour;
      return `<path d="${path}" transform="translate(${n(x)} ${n(y)})" ${markPaint(symbol, fill)}/>`;
    })
    .join('');
}

/** How lines are drawn that lie on colours and on the page: dark with a light edge. */
const EDGED = [
  `stroke="${theme.onColour.light}" stroke-width="3.5" stroke-linecap="square"`,
  `stroke="${theme.onColour.dark}" stroke-width="1.5"`,
];

/** Vertical bars of length error_y around each point, with short caps, once with each of the strokes. */
function errorBars({ trace }: Series, panel: Panel, at: readonly Point[], strokes: readonly string[]): string {
  const up = trace.error_y?.array;
  if (!up) return '';
  const down = trace.error_y?.arrayminus ?? up;
  const ys = (trace.y as ArrayLike<number>) ?? [];
  const low = panel.atY(panel.y.domain[0]);
  const d = at
    .filter((p) => placed(p) && up[p.index]! + down[p.index]! > 0)
    .map(({ x, index }) => {
      const top = panel.atY(panel.y.value(ys[index]! + up[index]!));
      const under = panel.atY(panel.y.value(ys[index]! - down[index]!));
      const bottom = Number.isFinite(under) ? under : low;
      return `M${n(x)} ${n(top)}V${n(bottom)}M${n(x - 4)} ${n(top)}h8M${n(x - 4)} ${n(bottom)}h8`;
    })
    .join('');
  return strokes.map((stroke) => `<path d="${d}" fill="none" ${stroke}/>`).join('');
}

const textAt = ({ text }: Trace, index: number): string =>
  String((text as readonly string[] | undefined)?.[index] ?? '');

/** The texts of a panel's points at their places: beside one another and beside the marks. */
export function pointLabels(scatters: readonly Series[], panel: Panel): PlacedLabel[] {
  const marks: Box[] = [];
  const wishes: Wish[] = [];
  for (const series of scatters) {
    const { trace } = series;
    const mode = modeOf(trace);
    for (const { x, y, index } of points(series, panel).filter(placed)) {
      const reach = mode.includes('markers') ? sizeAt(series, index, panel) / 2 : 0;
      if (reach) marks.push({ left: x - reach, top: y - reach, width: 2 * reach, height: 2 * reach });
      const text = mode.includes('text') && textAt(trace, index);
      if (text) wishes.push({ x, y, text, reach, at: trace.textposition });
    }
  }
  return wishes.length ? placeLabels(wishes, marks, panel.box, measure()) : [];
}

/** All bar traces of a panel: side by side, stacked or overlaid. A group fills 0.8 of the room it has. */
export function drawBars(bars: readonly Series[], panel: Panel, inner: string, barmode = 'group'): string {
  const room = unitRoom(bars, panel) * 0.8;
  const side = barmode === 'group' ? room / bars.length : room;
  const tops = new Map<number, number>();
  const wishes: Wish[] = [];
  const drawn = bars
    .map((series, k) => {
      const { trace, colour, opacity } = series;
      const xs = (trace.x as ArrayLike<number | string>) ?? defaults(trace, 'x');
      const ys = trace.y as ArrayLike<number>;
      const at: Point[] = [];
      const rects = Array.from({ length: Math.min(xs.length, ys?.length ?? 0) }, (_, index) => {
        const value = panel.x.value(xs[index]);
        const from = barmode === 'stack' ? (tops.get(value) ?? 0) : 0;
        tops.set(value, from + ys[index]!);
        const offset = barmode === 'group' ? (k + 0.5 - bars.length / 2) * side : 0;
        const foot = panel.y.type === 'log' && from === 0 ? panel.y.domain[0] : from;
        const [y0, y1] = [panel.atY(foot), panel.atY(from + ys[index]!)];
        const centre = panel.atX(value) + offset;
        at.push({ x: centre, y: y1, index });
        if (![centre, y0, y1].every(Number.isFinite)) return '';
        if (textAt(trace, index)) wishes.push({ x: centre, y: y1, text: textAt(trace, index), reach: 0 });
        const colours = trace.marker?.color;
        const fill = Array.isArray(colours) ? (colours[index] ?? colour) : colour;
        return (
          `<rect x="${n(centre - side / 2)}" y="${n(Math.min(y0, y1))}" width="${n(side)}" ` +
          `height="${n(Math.abs(y1 - y0))}" fill="${fill}"/>`
        );
      });
      const lengths = within(inner, errorBars(series, panel, at, EDGED));
      return `<g opacity="${trace.opacity ?? opacity}">${rects.join('')}</g>${lengths}`;
    })
    .join('');
  return drawn + (wishes.length ? drawLabels(placeLabels(wishes, [], panel.box, measure())) : '');
}

/** Pixels between neighbouring bar positions. */
function unitRoom(bars: readonly Series[], panel: Panel): number {
  const places = bars.flatMap(({ trace }) =>
    Array.from((trace.x as ArrayLike<number | string>) ?? defaults(trace, 'x'), panel.x.value),
  );
  const sorted = [...new Set(places)].filter(Number.isFinite).sort((a, b) => a - b);
  const steps = sorted.slice(1).map((v, i) => Math.abs(panel.atX(v) - panel.atX(sorted[i]!)));
  if (panel.x.type === 'category') return Math.abs(panel.atX(1) - panel.atX(0));
  return steps.length ? Math.min(...steps) : panel.box.width / 2;
}
