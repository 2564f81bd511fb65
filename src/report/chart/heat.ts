import { encodePng } from '../png.js';
import { cellEdges, defaults } from './axis.js';
import type { Panel } from './marks.js';
import { escapeText, n, titleText } from './markup.js';
import { ticks as evenTicks, scaleLinear } from './scales.js';
import { colourAt, colourStops, theme } from './theme.js';
import type { Box, Trace } from './types.js';

/** Ends of the colour scale: given, or those of the finite values. */
function heatRange({ z = [], zmin, zmax }: Trace): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of z)
    for (let i = 0; i < row.length; i++) {
      const value = row[i]!;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  if (low > high) [low, high] = [0, 1];
  return [zmin ?? low, zmax ?? high];
}

/** Values between the bands of a contour chart. */
export const contourLevels = (trace: Trace): number[] => evenTicks(...heatRange(trace), 14);

/** A heatmap as one embedded picture, 200 x 200 cells in a few kB; a contour chart is it in bands, bilinear. */
export function drawHeat(trace: Trace, panel: Panel): string {
  const z = trace.z ?? [];
  if (z.length === 0 || !z[0]?.length) return '';
  const contour = trace.type === 'contour';
  const xs = Array.from((trace.x as ArrayLike<number | string>) ?? defaults(trace, 'x'), panel.x.value);
  const ys = Array.from((trace.y as ArrayLike<number | string>) ?? defaults(trace, 'y'), panel.y.value);
  const width = Math.round(panel.box.width);
  const height = Math.round(panel.box.height);
  const find = contour ? between : cell;
  const columns = find(
    xs.map((x) => panel.atX(x) - panel.box.left),
    width,
  );
  const rows = find(
    ys.map((y) => panel.atY(y) - panel.box.top),
    height,
  );
  const colour = shader(trace);
  // without a value, without a colour: the page shows through
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = sample(z, columns[x]!, rows[y]!);
      if (Number.isFinite(value)) data.set([...colour(value), 255], (y * width + x) * 4);
    }
  const png = Buffer.from(encodePng({ width, height, data, channels: 4 })).toString('base64');
  const { left, top } = panel.box;
  return (
    `<image x="${n(left)}" y="${n(top)}" width="${width}" height="${height}" ` +
    `href="data:image/png;base64,${png}"/>${cellText(trace, xs, ys, panel)}`
  );
}

type Place = readonly [index: number, fraction: number];
const NOWHERE: Place = [-1, 0];

/** For each pixel the cell it lies in. */
function cell(centres: readonly number[], length: number): Place[] {
  const edges = cellEdges(centres, false);
  return Array.from({ length }, (_, pixel) => {
    const index = centres.findIndex((_, i) => (pixel + 0.5 - edges[i]!) * (pixel + 0.5 - edges[i + 1]!) <= 0);
    return index < 0 ? NOWHERE : [index, 0];
  });
}

/** For each pixel the two grid points it lies between. */
function between(at: readonly number[], length: number): Place[] {
  return Array.from({ length }, (_, pixel) => {
    const index = at.findIndex((v, i) => i + 1 < at.length && (pixel + 0.5 - v) * (pixel + 0.5 - at[i + 1]!) <= 0);
    return index < 0 ? NOWHERE : [index, (pixel + 0.5 - at[index]!) / (at[index + 1]! - at[index]!)];
  });
}

function sample(z: readonly ArrayLike<number>[], [i, u]: Place, [j, v]: Place): number {
  if (i < 0 || j < 0) return Number.NaN;
  const row = z[j]!;
  if (u === 0 && v === 0) return row[i]!;
  const next = z[j + 1] ?? row;
  const low = row[i]! * (1 - u) + (row[i + 1] ?? row[i]!) * u;
  const high = next[i]! * (1 - u) + (next[i + 1] ?? next[i]!) * u;
  return low * (1 - v) + high * v;
}

function shader(trace: Trace): (value: number) => readonly number[] {
  const [low, high] = heatRange(trace);
  const stops = colourStops(trace.colorscale);
  const table = Array.from({ length: 256 }, (_, i) => colourAt(stops, i / 255));
  const levels = trace.type === 'contour' ? contourLevels(trace) : undefined;
  return (value) => {
    const band = levels ? (levels.findLast((level) => level <= value) ?? low) : value;
    return table[Math.round(Math.min(1, Math.max(0, (band - low) / (high - low || 1))) * 255)]!;
  };
}

function cellText(trace: Trace, xs: readonly number[], ys: readonly number[], panel: Panel): string {
  const rows = trace.text as readonly (readonly string[])[] | undefined;
  if (!rows || !Array.isArray(rows[0])) return '';
  const [low, high] = heatRange(trace);
  const stops = colourStops(trace.colorscale);
  return rows
    .flatMap((row, j) =>
      row.map((text, i) => {
        const [r, g, b] = colourAt(stops, (trace.z![j]![i]! - low) / (high - low || 1));
        const ink = theme.onColour[r * 0.299 + g * 0.587 + b * 0.114 > 140 ? 'dark' : 'light'];
        return (
          `<text x="${n(panel.atX(xs[i]!))}" y="${n(panel.atY(ys[j]!) + 4)}" text-anchor="middle" ` +
          `font-size="${theme.size.tick}" fill="${ink}">${escapeText(text)}</text>`
        );
      }),
    )
    .join('');
}

/** The scale of colours at the right of a panel, with its title above. */
export function drawColourBar(trace: Trace, box: Box): string {
  const [low, high] = heatRange(trace);
  const stops = colourStops(trace.colorscale);
  const id = `c${stops[0]!.slice(1)}`;
  const scale = scaleLinear()
    .domain([low, high])
    .range([box.top + box.height, box.top]);
  const marks = scale
    .ticks(5)
    .map(
      (at) =>
        `<text x="${n(box.left + box.width + 6)}" y="${n(scale(at) + 4)}" font-size="${theme.size.tick}" ` +
        `fill="${theme.soft}">${scale.tickFormat(5)(at)}</text>`,
    );
  const fade = stops.map((stop, i) => `<stop offset="${n(i / (stops.length - 1))}" stop-color="${stop}"/>`).join('');
  const title = titleText(trace.colorbar?.title);
  const heading = title
    ? `<text x="${n(box.left)}" y="${n(box.top - 9)}" font-size="${theme.size.tick}" ` +
      `fill="${theme.ink}">${escapeText(title)}</text>`
    : '';
  return (
    `<defs><linearGradient id="${id}" x1="0" y1="1" x2="0" y2="0">${fade}</linearGradient></defs>` +
    `<rect x="${n(box.left)}" y="${n(box.top)}" width="${n(box.width)}" height="${n(box.height)}" ` +
    `fill="url(#${id})"/>${marks.join('')}${heading}`
  );
}
