import { createHash } from 'node:crypto';
import type { Axis } from './axis.js';
import { type Figure, type FigurePanel, TITLE_LINE } from './figure.js';
import { contourLevels } from './heat.js';
import { labelNote } from './labels.js';
import { isBar, isHeat, isScatter, modeOf, pointLabels, type Series } from './marks.js';
import { escapeHtml, escapeText, svgAddress, titleText } from './markup.js';
import { colourStops, theme } from './theme.js';
import type { AxisLayout, Box } from './types.js';

/** The same chart as plotly's JSON: our colours, lengths and axis ends, then whatever the caller asked for. */
export function plotlyFigure(figure: Figure): { data: object[]; layout: object } {
  const frame = union(figure.panels.map(({ box }) => box));
  const { width, height, title, layout, legendTop } = figure;
  const axes = figure.panels.flatMap((panel) => [
    [`xaxis${panel.suffix}`, plotlyAxis(panel, 'x', frame)],
    [`yaxis${panel.suffix}`, plotlyAxis(panel, 'y', frame)],
  ]);
  const { grid: _, ...rest } = layout;
  const twice = layout.barmode !== 'stack' && figure.series.some(({ trace }) => isBar(trace) && trace.error_y);
  const full = {
    ...rest,
    width,
    height,
    title: title.length > 0 && {
      text: title.map(escapeText).join('<br>'),
      x: 18 / width,
      y: 1 - (25 + (TITLE_LINE * (title.length - 1)) / 2) / height,
      xref: 'container',
      yref: 'container',
      xanchor: 'left',
      yanchor: 'middle',
      font: { size: theme.size.title, weight: 600, color: theme.ink },
    },
    font: { family: theme.font, size: theme.size.tick, color: theme.soft },
    paper_bgcolor: theme.paper,
    plot_bgcolor: theme.paper,
    margin: {
      l: frame.left,
      r: width - frame.left - frame.width,
      t: frame.top,
      b: height - frame.top - frame.height,
      autoexpand: false,
    },
    showlegend: legendTop > 0,
    legend: {
      orientation: 'h',
      xref: 'container',
      yref: 'container',
      x: 14 / width,
      y: 1 - (legendTop - 4) / height,
      xanchor: 'left',
      yanchor: 'top',
      font: { size: theme.size.legend, color: theme.ink },
    },
    hoverlabel: { font: { family: theme.font } },
    barmode: layout.barmode ?? 'group',
    bargap: 0.2,
    annotations: [
      ...(layout.annotations ?? []).map((note) => ({ showarrow: false, yanchor: 'bottom', ...note })),
      ...figure.panels.flatMap(labelNotes),
    ],
    shapes: layout.shapes?.map((shape) => ({ ...shape, line: { color: theme.soft, width: 1.5, ...shape.line } })),
    ...Object.fromEntries(axes),
  };
  const data = figure.series.flatMap((series, k) => {
    const panel = figure.panels.find((one) => one.series.includes(series))!;
    const name = figure.legend.find((item) => item.series === series)?.name;
    const trace = plotlyTrace(series, panel, frame, name);
    return twice && isBar(series.trace) ? edged(trace, `bar ${k}`) : [trace];
  });
  return JSON.parse(JSON.stringify({ data, layout: full }, plain)) as { data: object[]; layout: object };
}

/** The texts of points as annotations at the places of the picture; they move with their points when a reader zooms. */
function labelNotes({ box, x, y, series, suffix, ...panel }: FigurePanel): object[] {
  const scatters = series.filter(({ trace }) => isScatter(trace));
  return pointLabels(scatters, { box, x, y, ...panel }).map((label) => ({
    ...labelNote(label),
    xref: `x${suffix}`,
    yref: `y${suffix}`,
    x: along(x, (label.wish.x - box.left) / box.width),
    y: along(y, 1 - (label.wish.y - box.top) / box.height),
  }));
}

const endsOf = ({ type, domain }: Axis): readonly number[] => (type === 'log' ? domain.map(Math.log10) : domain);

/** A place on an axis as plotly counts it: log axes in exponents of ten, categories by their index. */
function along(axis: Axis, share: number): number {
  const [from, to] = endsOf(axis) as [number, number];
  return from + share * (to - from);
}

/** Typed arrays as lists, single-precision numbers without the digits they do not have. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Float32Array)
    return Array.from(value, (v) => (Number.isFinite(v) ? Number(v.toPrecision(7)) : null));
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
}

function union(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  return {
    left,
    top,
    width: Math.max(...boxes.map((box) => box.left + box.width)) - left,
    height: Math.max(...boxes.map((box) => box.top + box.height)) - top,
  };
}

function plotlyAxis(panel: FigurePanel, direction: 'x' | 'y', frame: Box): object {
  const axis = panel[direction];
  const { title: _, ...given } = panel.layout[direction] as AxisLayout;
  const { box } = panel;
  const from =
    direction === 'x' ? (box.left - frame.left) / frame.width : 1 - (box.top + box.height - frame.top) / frame.height;
  const length = direction === 'x' ? box.width / frame.width : box.height / frame.height;
  const heat = panel.series.some(({ trace }) => isHeat(trace));
  const marks =
    axis.type === 'log'
      ? { tickvals: axis.ticks.map(({ at }) => at), ticktext: axis.ticks.map(({ label }) => label) }
      : axis.ticks.some(({ label }) => label.endsWith('…'))
        ? { tickvals: axis.categories, ticktext: axis.ticks.map(({ label }) => label) }
        : {};
  return {
    type: axis.type,
    range: endsOf(axis),
    domain: [from, from + length],
    anchor: `${direction === 'x' ? 'y' : 'x'}${panel.suffix}`,
    title: { text: panel.titles[direction], font: { size: theme.size.axis, color: theme.ink }, standoff: 12 },
    gridcolor: theme.grid,
    showgrid: !heat && !(direction === 'x' && axis.type === 'category'),
    zeroline: direction === 'y' && !heat && axis.type === 'linear',
    zerolinecolor: theme.axis,
    zerolinewidth: 1,
    automargin: false,
    nticks: axis.ticks.length + 2,
    ...(axis.whole && { dtick: 1 }),
    ticks: '',
    ...(axis.type === 'category' && { categoryorder: 'array', categoryarray: axis.categories }),
    ...(direction === 'x' && axis.type === 'category' && { tickangle: panel.slanted ? -30 : 0 }),
    ...marks,
    ...given,
  };
}

/** Error bars that read on every colour and on the page: a dark line, and its light edge. */
const CORE = { color: theme.onColour.dark, thickness: 1.5, width: 4 };
const EDGE = { color: theme.onColour.light, thickness: 3.5, width: 5 };

/** A bar in its place, and where it has error bars twice: with their edges, and, without a colour, with their lines. */
function edged(bar: PlotlyBar, place: string): object[] {
  const own = { ...bar, offsetgroup: place, legendgroup: place };
  if (!bar.error_y) return [own];
  const lines = { ...own, text: undefined, showlegend: false, hoverinfo: 'skip', marker: { color: theme.paper } };
  return [{ ...own, error_y: { ...bar.error_y, ...EDGE } }, lines];
}

interface PlotlyBar {
  readonly error_y?: object;
}

/** Marks of several sizes: plotly would draw a line around each and let the page through. */
const rimless = (marker: Required<Pick<Marker, 'size' | 'symbol'>>): object =>
  typeof marker.size === 'number' || marker.symbol.endsWith('-open')
    ? marker
    : { line: { width: 0 }, opacity: 1, ...marker };

type Marker = NonNullable<Series['trace']['marker']>;

function plotlyTrace(series: Series, panel: FigurePanel, frame: Box, name?: string): object {
  const { trace: given, colour, symbol, dash, opacity } = series;
  const trace = name === undefined ? given : { ...given, name };
  const axes = { xaxis: `x${panel.suffix}`, yaxis: `y${panel.suffix}` };
  if (isHeat(trace)) return { ...plotlyHeat(trace, panel, frame), ...axes };
  if (isBar(trace))
    return {
      ...trace,
      ...axes,
      opacity: undefined, // the error bars keep theirs
      marker: { color: colour, opacity: trace.opacity ?? opacity, ...trace.marker },
      textposition: trace.textposition ?? 'outside',
      ...(trace.error_y && { error_y: { type: 'data', ...CORE, ...trace.error_y } }),
    };
  if (trace.type && trace.type !== 'scatter') return { ...trace, ...axes };
  const sizes = panel.sizes?.get(series);
  return {
    ...trace,
    ...axes,
    mode: modeOf(trace).replace(/\+?text/, '') || 'none',
    line: { color: colour, width: 2.2, dash, ...trace.line },
    marker: rimless({ color: colour, size: 8, symbol, ...trace.marker, ...(sizes && { size: sizes }) }),
    ...(trace.fill && !trace.fillcolor && { fillcolor: `${colour}22` }),
    ...(trace.error_y && { error_y: { type: 'data', thickness: 1.5, width: 4, ...trace.error_y } }),
  };
}

function plotlyHeat(trace: Series['trace'], { box }: FigurePanel, frame: Box): object {
  const stops = colourStops(trace.colorscale);
  const levels = trace.type === 'contour' ? contourLevels(trace) : [];
  return {
    ...trace,
    colorscale: stops.map((stop, i) => [i / (stops.length - 1), stop]),
    ...(Array.isArray(trace.text?.[0]) && { texttemplate: '%{text}' }),
    ...(levels.length > 1 && {
      autocontour: false,
      contours: { start: levels[0], end: levels.at(-1), size: levels[1]! - levels[0]!, coloring: 'fill' },
      line: { width: 0 },
    }),
    colorbar: {
      x: (box.left + box.width + 14 - frame.left) / frame.width,
      y: 1 - (box.top + box.height / 2 - frame.top) / frame.height,
      xanchor: 'left',
      yanchor: 'middle',
      thickness: 14,
      lenmode: 'pixels',
      len: box.height,
      xpad: 0,
      ypad: 0,
      outlinewidth: 0,
      ...trace.colorbar,
      title: { text: titleText(trace.colorbar?.title), side: 'top', font: { size: theme.size.tick, color: theme.ink } },
    },
  };
}

/** The version that the loader asks a content network for, if none is nearer; a test holds it to the installed. */
export const PLOTLY_VERSION = '4.1.1';

const ADDRESSES = [
  '../node_modules/plotly.js-dist/plotly.js',
  '/files/node_modules/plotly.js-dist/plotly.js',
  `https://cdn.plot.ly/plotly-${PLOTLY_VERSION}.min.js`,
];

/**
 * Runs in the reader's browser: finds plotly (already there, beside the notebook, or on the network), then puts the
 * live chart in place of the picture. Figures wait in one queue while it loads. A page marked `data-roglab` loads it
 * only when the pointer first enters a chart. Without plotly, and wherever scripts are stripped, the picture stays.
 */
const loader = `(function(id,f,u){var w=window,D=document;
function all(){return D.querySelectorAll('.'+id+':not([data-live])')}
function draw(){all().forEach(function(e){e.dataset.live=1;var b=D.createElement('div');b.style.display='none';
e.appendChild(b);
w.Plotly.newPlot(b,JSON.parse(JSON.stringify(f.data)),JSON.parse(JSON.stringify(f.layout)),{displaylogo:false,
displayModeBar:"hover"}).then(function(){b.style.display='';e.querySelector('img').remove();
var s=e.parentElement.clientWidth/f.layout.width;if(s<1){b.style.transformOrigin='0 0';b.style.transform='scale('+s+')';
b.style.height=f.layout.height*s+'px';
e.style.width=f.layout.width*s+'px'}})})}
function base(){try{return JSON.parse(D.getElementById('jupyter-config-data').textContent).baseUrl}catch(e){return '/'}}
function start(){if(w.Plotly&&w.Plotly.newPlot)return draw();if(w.roglabCharts)return w.roglabCharts.push(draw);
var q=w.roglabCharts=[draw];
(function next(){var s=u.shift();if(!s)return;var t=D.createElement('script');t.src=s.replace(/^\\//,base());
t.onerror=next;
t.onload=function(){if(!w.Plotly)return next();q.forEach(function(d){d()});q.push=function(d){d()}};
D.head.appendChild(t)})()}
if(D.documentElement.dataset.roglab===undefined)start();else all().forEach(function(e){
e.addEventListener('pointerenter',start,{once:true})})})`;

export function chartHtml(figure: Figure, picture: string, summary: string, live = true): string {
  const plotly = JSON.stringify(plotlyFigure(figure)).replace(/</g, '\\u003c');
  const id = `roglab-${createHash('sha1').update(plotly).digest('hex').slice(0, 10)}`;
  const image =
    `<img alt="${escapeHtml(summary)}" width="${figure.width}" height="${figure.height}" ` +
    `style="max-width:100%;height:auto;border-radius:6px" src="${svgAddress(picture)}">`;
  const script = live ? `<script>${loader}("${id}",${plotly},${JSON.stringify(ADDRESSES)})</script>` : '';
  return `<div class="roglab-chart ${id}" style="max-width:${figure.width}px">${image}</div>${script}`;
}
