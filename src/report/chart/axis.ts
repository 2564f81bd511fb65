import { extent, scaleLinear, scaleLog } from './scales.js';
import type { AxisLayout, Trace } from './types.js';

/** A resolved axis: where values lie in pixels and what is written along it. */
export interface Axis {
  readonly type: 'linear' | 'log' | 'category';
  /** Ends of the axis in data units (category: from -0.5 to n - 0.5). */
  readonly domain: readonly [number, number];
  readonly categories: readonly string[];
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  /** All data are whole numbers, and ticks between them would say nothing. */
  readonly whole: boolean;
  /** A datum as a number on the axis: the index of a category, the value itself; NaN where it has no place. */
  readonly value: (datum: number | string | null | undefined) => number;
}

export type Direction = 'x' | 'y';

/** Type, ends and ticks of one axis from everything that is drawn along it. */
export function resolveAxis(
  direction: Direction,
  traces: readonly Trace[],
  layout: AxisLayout = {},
  barmode?: string,
): Axis {
  const data = traces.flatMap((trace) =>
    Array.from((trace[direction] as ArrayLike<number | string>) ?? defaults(trace, direction)),
  );
  const worded = data.some((datum) => typeof datum === 'string');
  const type =
    layout.type === 'log' ? 'log' : layout.type === 'category' || (!layout.type && worded) ? 'category' : 'linear';
  const categories = type === 'category' ? [...new Set(data.map(String))] : [];
  const value = (datum: number | string | null | undefined): number => {
    if (datum === null || datum === undefined) return Number.NaN;
    if (type === 'category')
      return typeof datum === 'string' || categories.includes(String(datum))
        ? categories.indexOf(String(datum))
        : datum;
    const number = Number(datum);
    return type === 'log' && number <= 0 ? Number.NaN : number;
  };
  const domain = layout.range
    ? fromRange(type, layout.range)
    : findDomain(type, direction, traces, value, categories.length, barmode);
  const ticks = ticksOf(type, domain, categories, layout);
  const whole =
    type === 'linear' &&
    !layout.tickvals &&
    ticks.some(({ at }) => !Number.isInteger(at)) &&
    data.every((datum) => Number.isInteger(datum));
  return {
    type,
    domain,
    categories,
    ticks: whole ? ticks.filter(({ at }) => Number.isInteger(at)) : ticks,
    whole,
    value,
  };
}

export function positionOn(axis: Axis, from: number, to: number): (value: number) => number {
  const scale = (axis.type === 'log' ? scaleLog() : scaleLinear()).domain([...axis.domain]).range([from, to]);
  return (value) => scale(value);
}

const isGrid = (trace: Trace): boolean => trace.type === 'heatmap' || trace.type === 'contour';

/** Positions 0, 1, 2 ... where a trace names none. */
export function defaults(trace: Trace, direction: Direction): number[] {
  const length = isGrid(trace)
    ? direction === 'y'
      ? (trace.z?.length ?? 0)
      : (trace.z?.[0]?.length ?? 0)
    : ((direction === 'x' ? trace.y : trace.x)?.length ?? 0);
  return Array.from({ length }, (_, i) => i);
}

const fromRange = (type: Axis['type'], [low, high]: readonly [number, number]): [number, number] =>
  type === 'log' ? [10 ** low, 10 ** high] : [low, high];

function findDomain(
  type: Axis['type'],
  direction: Direction,
  traces: readonly Trace[],
  value: Axis['value'],
  categories: number,
  barmode?: string,
): readonly [number, number] {
  if (type === 'category') return [-0.5, categories - 0.5];
  const reach: number[] = [];
  const tight = traces.some(isGrid);
  for (const trace of traces) {
    const data = Array.from((trace[direction] as ArrayLike<number>) ?? defaults(trace, direction), value);
    if (isGrid(trace)) {
      reach.push(...(trace.type === 'contour' ? data : cellEdges(data, type === 'log')));
      continue;
    }
    reach.push(...data);
    if (direction === 'y') {
      const up = trace.error_y?.array ?? [];
      const down = trace.error_y?.arrayminus ?? up;
      data.forEach((y, i) => {
        reach.push(y + (up[i] ?? 0), value(y - (down[i] ?? 0)));
      });
      if (trace.type === 'bar' || trace.fill === 'tozeroy') reach.push(0);
    } else if (trace.type === 'bar') reach.push(...cellEdges(data, false));
  }
  if (barmode === 'stack' && direction === 'y') reach.push(...stackTops(traces));
  return spread(type, extent(reach.filter((v) => Number.isFinite(v) && (type !== 'log' || v > 0))), tight);
}

function spread(
  type: Axis['type'],
  [low, high]: [number, number] | [undefined, undefined],
  tight: boolean,
): readonly [number, number] {
  if (low === undefined || high === undefined) return type === 'log' ? [1, 10] : [0, 1];
  if (tight && low < high) return [low, high];
  if (type === 'log') {
    const room = low === high ? 2 : (high / low) ** 0.05;
    return [low / room, high * room];
  }
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return [low === 0 ? 0 : low - room, high === 0 ? 0 : high + room];
}

const stackTops = (traces: readonly Trace[]): number[] => {
  const sums = new Map<unknown, number>();
  for (const trace of traces)
    Array.from((trace.y as ArrayLike<number>) ?? []).forEach((y, i) => {
      const key = (trace.x as ArrayLike<unknown>)?.[i] ?? i;
      sums.set(key, (sums.get(key) ?? 0) + y);
    });
  return [...sums.values()];
};

/** n + 1 borders of n cells around their centres: half way between neighbours, by ratio on a log axis. */
export function cellEdges(centres: readonly number[], log: boolean): number[] {
  if (log) return cellEdges(centres.map(Math.log), false).map(Math.exp);
  if (centres.length === 1) return [centres[0]! - 0.5, centres[0]! + 0.5];
  const inner = centres.slice(1).map((c, i) => (c + centres[i]!) / 2);
  const n = centres.length;
  return n === 0 ? [] : [centres[0]! * 1.5 - centres[1]! / 2, ...inner, centres[n - 1]! * 1.5 - centres[n - 2]! / 2];
}

function ticksOf(
  type: Axis['type'],
  domain: readonly [number, number],
  categories: readonly string[],
  layout: AxisLayout,
): Axis['ticks'] {
  if (layout.tickvals)
    return Array.from(layout.tickvals, (at, i) => ({ at, label: layout.ticktext?.[i] ?? format(at) }));
  if (type === 'category') return categories.map((label, at) => ({ at, label }));
  if (type === 'log') return logTicks(domain);
  const scale = scaleLinear().domain([...domain]);
  return scale.ticks(6).map((at) => ({ at, label: format(at) }));
}

function logTicks([a, b]: readonly [number, number]): Axis['ticks'] {
  const [low, high] = a < b ? [a, b] : [b, a];
  const decades = Math.log10(high / low);
  const steps = decades < 0.8 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : decades < 2.5 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / 8));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const step of steps) {
      const at = Number(`${step}e${power}`);
      if (at >= low * (1 - 1e-9) && at <= high * (1 + 1e-9) && (steps.length > 1 || power % every === 0))
        ticks.push({ at, label: format(at, 1e4) });
    }
  return ticks;
}

/** A tick's number: plain from 0.001 to below `plainBelow`, else in powers of ten. */
export function format(value: number, plainBelow = 1e5): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < plainBelow) return String(Number(value.toPrecision(6))).replace('-', '−');
  const [digits, power] = value.toExponential(4).split('e') as [string, string];
  const lead = Number(digits);
  const raised = String(Number(power)).replace(/./g, (c) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(c)]!);
  return `${lead === 1 ? '' : `${String(lead).replace('-', '−')}·`}10${raised}`;
}
