import type { Axis } from './axis.js';
import { type Figure, type FigurePanel, type LegendItem, slantDrop, TITLE_LINE, withColourBar } from './figure.js';
import { drawColourBar, drawHeat } from './heat.js';
import { drawLabels } from './labels.js';
import { markerPath, markPaint } from './marker-forms.js';
import { dashOf, drawBars, drawScatter, isBar, isHeat, isScatter, modeOf, pointLabels } from './marks.js';
import { escapeHtml, escapeText, n } from './markup.js';
import { theme } from './theme.js';
import type { Annotation, Shape } from './types.js';

/** The static chart: one SVG document, fonts by name only, nothing outside it. */
export function drawPicture(figure: Figure): string {
  const { width, height, title, panels, legend } = figure;
  const { ink, font, size } = theme;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ` +
      `${height}" font-family="${escapeHtml(font)}">`,
    ...title.map(
      (line, i) =>
        `<text x="18" y="${30 + i * TITLE_LINE}" font-size="${size.title}" font-weight="600" ` +
        `fill="${ink}">${escapeText(line)}</text>`,
    ),
    ...legend.map(legendItem),
    ...panels.map((panel, i) => drawPanel(panel, figure, i)),
    '</svg>',
  ].join('');
}

function legendItem({ series: { trace, colour, symbol, dash, opacity }, name, x, y }: LegendItem): string {
  const middle = y + 9;
  const mode = modeOf(trace);
  const sample = isBar(trace)
    ? `<rect x="${x + 6}" y="${middle - 6}" width="12" height="12" fill="${colour}" ` +
      `opacity="${trace.opacity ?? opacity}"/>`
    : [
        mode.includes('lines') &&
          `<path d="M${x} ${middle}h24" stroke="${colour}" stroke-width="2.2" ` +
            `fill="none"${dashOf(trace.line?.dash ?? dash)}/>`,
        mode.includes('markers') &&
          `<path d="${markerPath(trace.marker?.symbol ?? symbol, 8)}" transform="translate(${x + 12} ` +
            `${middle})" ${markPaint(trace.marker?.symbol, colour)}/>`,
      ]
        .filter(Boolean)
        .join('');
  return (
    `${sample}<text x="${n(x + 30)}" y="${middle + 4.5}" font-size="${theme.size.legend}" ` +
    `fill="${theme.ink}">${escapeText(name)}</text>`
  );
}

function drawPanel(panel: FigurePanel, figure: Figure, index: number): string {
  const { box, series } = panel;
  const [clip, inner] = [`p${index}`, `i${index}`];
  const heats = series.filter(({ trace }) => isHeat(trace));
  const bars = series.filter(({ trace }) => isBar(trace));
  const scatters = series.filter(({ trace }) => isScatter(trace));
  const bar = withColourBar(series);
  const shapes = figure.layout.shapes?.filter((shape) => belongs(shape.xref, panel)) ?? [];
  const notes = figure.layout.annotations?.filter((note) => belongs(note.xref, panel)) ?? [];
  return [
    `<clipPath id="${clip}"><rect x="${box.left - 6}" y="${box.top - 6}" width="${box.width + 12}" ` +
      `height="${box.height + 12}"/></clipPath><clipPath id="${inner}"><rect x="${box.left}" y="${box.top}" ` +
      `width="${box.width}" height="${box.height}"/></clipPath>`,
    heats.length === 0 && gridLines(panel),
    `<g clip-path="url(#${clip})">`,
    ...heats.map(({ trace }) => drawHeat(trace, panel)),
    bars.length > 0 && drawBars(bars, panel, inner, figure.layout.barmode),
    ...shapes.map((shape) => drawShape(shape, panel)),
    ...scatters.map((one, i) => drawScatter(one, panel, inner, scatters[i - 1])),
    '</g>',
    drawLabels(pointLabels(scatters, panel)),
    ...notes.map((note) => drawNote(note, panel)),
    axisText(panel),
    bar && drawColourBar(bar, { left: box.left + box.width + 14, top: box.top, width: 14, height: box.height }),
    series.length > 0 && heats.length + bars.length + scatters.length === 0 && apology(panel),
  ]
    .filter(Boolean)
    .join('');
}

const belongs = (ref: string | undefined, panel: FigurePanel): boolean =>
  ref === undefined || ref === 'paper' ? panel.suffix === '' : ref.split(' ')[0]!.slice(1) === panel.suffix;

const inside = (axis: Axis, at: number): boolean => {
  const [a, b] = axis.domain;
  const slack = Math.abs(b - a) * 1e-9;
  return at >= Math.min(a, b) - slack && at <= Math.max(a, b) + slack;
};

function gridLines({ box, x, y, atX, atY }: FigurePanel): string {
  const [left, right, top, bottom] = [box.left, box.left + box.width, box.top, box.top + box.height];
  const across = y.ticks.filter(({ at }) => inside(y, at)).map(({ at }) => `M${left} ${n(atY(at))}H${right}`);
  const up =
    x.type === 'category'
      ? []
      : x.ticks.filter(({ at }) => inside(x, at)).map(({ at }) => `M${n(atX(at))} ${top}V${bottom}`);
  const foot = y.type === 'linear' && inside(y, 0) ? atY(0) : bottom;
  return (
    `<path d="${[...across, ...up].join('')}" stroke="${theme.grid}" fill="none"/><path d="M${left} ` +
    `${n(foot)}H${right}" stroke="${theme.axis}" fill="none"/>`
  );
}

function axisText({ box, x, y, atX, atY, titles, slanted }: FigurePanel): string {
  const bottom = box.top + box.height;
  const { tick, axis } = theme.size;
  const under = x.ticks
    .filter(({ at }) => inside(x, at))
    .map(({ at, label }) => {
      const place = slanted
        ? `text-anchor="end" transform="translate(${n(atX(at) + 4)} ${bottom + 16}) rotate(-30)"`
        : `text-anchor="middle" x="${n(atX(at))}" y="${bottom + 18}"`;
      return `<text ${place}>${escapeText(label)}</text>`;
    });
  const beside = y.ticks
    .filter(({ at }) => inside(y, at))
    .map(
      ({ at, label }) =>
        `<text text-anchor="end" x="${box.left - 8}" y="${n(atY(at) + 4)}">${escapeText(label)}</text>`,
    );
  const widest = Math.max(0, ...x.ticks.map(({ label }) => label.length)) * 6.6;
  const xTitleAt = bottom + (slanted ? 14 + slantDrop(widest) + 22 : 42);
  const middle = box.top + box.height / 2;
  const names = [
    titles.x &&
      `<text text-anchor="middle" x="${n(box.left + box.width / 2)}" ` +
        `y="${n(xTitleAt)}">${escapeText(titles.x)}</text>`,
    titles.y &&
      `<text text-anchor="middle" transform="translate(${n(yTitleAt(box.left, y))} ${n(middle)}) ` +
        `rotate(-90)">${escapeText(titles.y)}</text>`,
  ].filter(Boolean);
  return (
    `<g font-size="${tick}" fill="${theme.soft}">${under.join('')}${beside.join('')}</g><g font-size="${axis}" ` +
    `fill="${theme.ink}">${names.join('')}</g>`
  );
}

const yTitleAt = (left: number, y: Axis): number =>
  left - 20 - Math.max(0, ...y.ticks.map(({ label }) => label.length)) * 6.9;

/** Pixel position of a data or paper coordinate. */
function place(ref: string | undefined, value: number | string, panel: FigurePanel, direction: 'x' | 'y'): number {
  const paper = ref === 'paper' || ref?.endsWith('domain');
  if (direction === 'x')
    return paper ? panel.box.left + Number(value) * panel.box.width : panel.atX(panel.x.value(value));
  return paper ? panel.box.top + (1 - Number(value)) * panel.box.height : panel.atY(panel.y.value(value));
}

function drawShape(shape: Shape, panel: FigurePanel): string {
  const [x0, x1] = [shape.x0, shape.x1].map((v) => place(shape.xref, v, panel, 'x')) as [number, number];
  const [y0, y1] = [shape.y0, shape.y1].map((v) => place(shape.yref, v, panel, 'y')) as [number, number];
  const stroke =
    `stroke="${shape.line?.color ?? theme.soft}" ` +
    `stroke-width="${shape.line?.width ?? 1.5}"${dashOf(shape.line?.dash)}`;
  if (shape.type === 'rect')
    return (
      `<rect x="${n(Math.min(x0, x1))}" y="${n(Math.min(y0, y1))}" width="${n(Math.abs(x1 - x0))}" ` +
      `height="${n(Math.abs(y1 - y0))}" fill="${shape.fillcolor ?? 'none'}" ${stroke}/>`
    );
  return `<path d="M${n(x0)} ${n(y0)}L${n(x1)} ${n(y1)}" fill="none" ${stroke}/>`;
}

/** Plotly counts annotation positions on log axes in exponents, as ranges. */
function drawNote(note: Annotation, panel: FigurePanel): string {
  const unlog = (axis: Axis, value: number | string, ref?: string) =>
    axis.type === 'log' && ref !== 'paper' ? 10 ** Number(value) : value;
  const x = place(note.xref, unlog(panel.x, note.x, note.xref), panel, 'x');
  const y = place(note.yref, unlog(panel.y, note.y, note.yref), panel, 'y');
  const anchor = note.xanchor === 'left' ? 'start' : note.xanchor === 'right' ? 'end' : 'middle';
  return (
    `<text x="${n(x)}" y="${n(y - 5)}" text-anchor="${anchor}" font-size="${theme.size.tick}" ` +
    `fill="${theme.soft}">${escapeText(note.text)}</text>`
  );
}

const apology = ({ box, series }: FigurePanel): string =>
  `<text x="${n(box.left + box.width / 2)}" y="${n(box.top + box.height / 2)}" text-anchor="middle" ` +
  `font-size="13" fill="${theme.soft}">a ${escapeText(String(series[0]!.trace.type))} chart: open the ` +
  'notebook with scripts allowed to see it</text>';
