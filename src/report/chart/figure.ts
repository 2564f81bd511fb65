import { type Axis, type Direction, positionOn, resolveAxis } from './axis.js';
import { uncovered } from './covered.js';
import { breaker, measure } from './labels.js';
import { looksOf } from './looks.js';
import { isHeat, isScatter, type Panel, type Series } from './marks.js';
import { titleText } from './markup.js';
import { theme } from './theme.js';
import type { AxisLayout, Box, Layout, Trace } from './types.js';

/** A panel with the traces that belong to it. */
export interface FigurePanel extends Panel {
  /** `''` for the first pair of axes, `'2'` for x2 and y2 ... as plotly names them. */
  readonly suffix: string;
  readonly series: readonly Series[];
  readonly layout: { readonly x: AxisLayout; readonly y: AxisLayout };
  /** Long category names are written at a slant. */
  readonly slanted: boolean;
  /** Titles of the axes as long as there is room. */
  readonly titles: { readonly x: string; readonly y: string };
}

/** A chart with every length resolved: the static picture draws it, the live one is told to look the same. */
export interface Figure {
  readonly width: number;
  readonly height: number;
  /** Lines of the title; none without one. */
  readonly title: readonly string[];
  readonly layout: Layout;
  /** All series in the order given. */
  readonly series: readonly Series[];
  readonly panels: readonly FigurePanel[];
  readonly legend: readonly LegendItem[];
  /** Top of the legend; 0 without one. */
  readonly legendTop: number;
}

/** A series in the legend, its name as long as there is room. */
export interface LegendItem {
  readonly series: Series;
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

const PAD = 18;
const SWATCH = 30;
/** Of the title; distance of two of its baselines. */
const MOST_LINES = 3;
export const TITLE_LINE = 20;
/** Category names are cut beyond this width in CSS pixels. */
const WIDEST_NAME = 240;

/** Colours, axes, margins and panels of a chart. */
export function resolveFigure(traces: readonly Trace[], layout: Layout): Figure {
  const width = layout.width ?? theme.width;
  const height = layout.height ?? theme.height;
  const wide = measure();
  const title = breaker('bold')(titleText(layout.title), theme.size.title, width - 2 * PAD, MOST_LINES);
  const titled = title.length ? TITLE_LINE * (title.length - 1) : undefined;
  const series = assignLooks(traces);
  const named = series.filter(({ trace }) => trace.name && trace.showlegend !== false && !isHeat(trace));
  const legendTop =
    layout.showlegend === false || (named.length < 2 && !layout.showlegend)
      ? 0
      : titled === undefined
        ? 14
        : 46 + titled;
  const { items, bottom } = flowLegend(legendTop ? named : [], legendTop, width, wide);
  const top = Math.max(bottom + 14, titled === undefined ? 20 : 52 + titled);
  const groups = groupPanels(series);
  const columns = layout.grid?.columns ?? Math.ceil(groups.length / (layout.grid?.rows ?? 1));
  const rows = Math.max(layout.grid?.rows ?? 1, Math.ceil(groups.length / columns));
  const cell = { width: width / columns, height: (height - top) / rows };
  // panels beside one another are of equal size: all leave room for a colour bar where one has it
  const beside = series.map(({ trace }) => trace).filter((trace) => isHeat(trace) && trace.showscale !== false);
  const panels = groups.map(([suffix, members]) => {
    const k = suffix === '' ? 0 : Number(suffix) - 1;
    const outer: Box = {
      left: (k % columns) * cell.width,
      top: top + Math.floor(k / columns) * cell.height,
      width: cell.width,
      height: cell.height,
    };
    return layOut(suffix, members, outer, layout, wide, beside);
  });
  return { width, height, title, layout, series, panels, legend: items, legendTop };
}

/** The trace whose colours a bar at the right explains, if any. */
export const withColourBar = (members: readonly Series[]): Trace | undefined =>
  members.find(({ trace }) => isHeat(trace) && trace.showscale !== false)?.trace;

function assignLooks(traces: readonly Trace[]): Series[] {
  const looks = looksOf(traces);
  return traces.map((trace, i) => {
    const marker = trace.marker?.color;
    const own = trace.line?.color ?? (typeof marker === 'string' ? marker : undefined);
    return { trace, ...looks[i]!, ...(own && { colour: own }) };
  });
}

function groupPanels(series: readonly Series[]): [string, Series[]][] {
  const groups = new Map<string, Series[]>();
  for (const one of series) {
    const suffix = (one.trace.xaxis ?? one.trace.yaxis ?? 'x').slice(1);
    groups.set(suffix, [...(groups.get(suffix) ?? []), one]);
  }
  if (groups.size === 0) groups.set('', []);
  return [...groups].sort(([a], [b]) => Number(a || 1) - Number(b || 1));
}

function flowLegend(named: readonly Series[], top: number, width: number, wide: ReturnType<typeof measure>) {
  const cut = breaker();
  let [x, y] = [PAD, top];
  const items = named.map((series) => {
    const [name = ''] = cut(series.trace.name!, theme.size.legend, width - 2 * PAD - SWATCH);
    const room = SWATCH + wide(name, theme.size.legend) + 18;
    if (x > PAD && x + room > width - PAD) [x, y] = [PAD, y + 20];
    const item = { series, name, x, y };
    x += room;
    return item;
  });
  return { items, bottom: named.length ? y + 18 : 0 };
}

function layOut(
  suffix: string,
  members: readonly Series[],
  outer: Box,
  layout: Layout,
  wide: ReturnType<typeof measure>,
  bars: readonly Trace[],
): FigurePanel {
  const traces = members.map(({ trace }) => trace);
  const axisLayout = (direction: Direction) => (layout[`${direction}axis${suffix}`] ?? {}) as AxisLayout;
  const [xLayout, yLayout] = [axisLayout('x'), axisLayout('y')];
  const cut = breaker();
  const named = (axis: Axis, limit: number): Axis =>
    axis.type === 'category'
      ? {
          ...axis,
          ticks: axis.ticks.map(({ at, label }) => ({ at, label: cut(label, theme.size.tick, limit)[0] ?? '' })),
        }
      : axis;
  const x = named(resolveAxis('x', traces, xLayout, layout.barmode), WIDEST_NAME);
  const y = named(resolveAxis('y', traces, yLayout, layout.barmode), Math.min(WIDEST_NAME, 0.4 * outer.width));
  const widest = (axis: Axis) => Math.max(0, ...axis.ticks.map(({ label }) => wide(label, theme.size.tick)));
  const plainLeft = 14 + (titleText(yLayout.title) ? 24 : 4) + widest(y) + 8;
  const right = bars.length ? 92 : 22;
  const room = (outer.width - plainLeft - right) / Math.max(1, x.ticks.length);
  const names = x.ticks.map(({ label }) => wide(label, theme.size.tick));
  const slanted = x.type === 'category' && crowded(names, room, plainLeft, right);
  const overhang = (names[0] ?? 0) * 0.87 - room / 2 + 10;
  const left = slanted ? Math.max(plainLeft, overhang) : plainLeft;
  const below = (slanted ? 14 + slantDrop(widest(x)) : 20) + (titleText(xLayout.title) ? 24 : 4) + 12;
  const above = bars.some(({ colorbar }) => titleText(colorbar?.title)) ? 16 : 4;
  const box: Box = {
    left: Math.round(outer.left + left),
    top: Math.round(outer.top + above),
    width: Math.max(40, Math.round(outer.width - left - right)),
    height: Math.max(40, Math.round(outer.height - above - below)),
  };
  const atX = positionOn(x, box.left, box.left + box.width);
  const atY = positionOn(y, box.top + box.height, box.top);
  const panel = {
    suffix,
    series: members,
    layout: { x: xLayout, y: yLayout },
    slanted,
    titles: {
      x: cut(titleText(xLayout.title), theme.size.axis, 2 * roomAround('left', 'width', box, outer))[0] ?? '',
      y: cut(titleText(yLayout.title), theme.size.axis, 2 * roomAround('top', 'height', box, outer))[0] ?? '',
    },
    box,
    x: apart(x, atX, (label) => (slanted ? 2 * LINE : wide(label, theme.size.tick) + 4)),
    y: apart(
      y,
      (value) => -atY(value),
      () => LINE,
    ),
    atX,
    atY,
  };
  const scatters = members.filter(({ trace }) => isScatter(trace));
  return { ...panel, sizes: uncovered(scatters, panel) };
}

/** From the middle of a panel to the nearer end of what it stands in. */
function roomAround(start: 'left' | 'top', length: 'width' | 'height', box: Box, outer: Box): number {
  const middle = box[start] + box[length] / 2;
  return Math.min(middle - outer[start], outer[start] + outer[length] - middle);
}

/** Height of a tick's text; slanted by 30 degrees it takes twice that along the axis. */
const LINE = theme.size.tick;

/** Whether names written level would touch one another or leave the figure. */
const crowded = (names: readonly number[], room: number, left: number, right: number): boolean =>
  names.some((width, i) => i > 0 && (width + names[i - 1]!) / 2 + 6 > room) ||
  (names[0] ?? 0) - room > 2 * left ||
  (names.at(-1) ?? 0) - room > 2 * right;

/** The axis without ticks whose texts would touch the one before. */
function apart(axis: Axis, at: (value: number) => number, length: (label: string) => number): Axis {
  let end = Number.NEGATIVE_INFINITY;
  const ticks = axis.ticks.filter((tick) => {
    const [middle, half] = [at(tick.at), length(tick.label) / 2];
    if (middle - half < end) return false;
    end = middle + half;
    return true;
  });
  return { ...axis, ticks };
}

/** How far a slanted name reaches down. */
export const slantDrop = (width: number): number => Math.min(width, WIDEST_NAME) * 0.5;
