import { n, svgAddress } from './markup.js';
import { PALETTE, theme } from './theme.js';

const WIDTH = 220;
const HEIGHT = 64;
const MOST_POINTS = 110;

/** The objective so far on a log scale as a small picture without axes. */
export function sparkline(values: readonly number[]): string {
  const known = values.map((value, i) => [i, Math.log10(value)] as const).filter(([, y]) => Number.isFinite(y));
  const every = Math.max(1, Math.ceil(known.length / MOST_POINTS));
  const points = known.filter((_, i) => i % every === 0 || i === known.length - 1);
  const ys = points.map(([, y]) => y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const across = values.length - 1 || 1;
  const at = ([i, y]: readonly [number, number]) =>
    `${n(4 + (i / across) * (WIDTH - 8))} ${n(8 + ((high - y) / (high - low || 1)) * (HEIGHT - 16))}`;
  const path = points.length > 0 ? `M${points.map(at).join('L')}` : '';
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">` +
    `<path d="M4 ${HEIGHT - 4}H${WIDTH - 4}" ` +
    `stroke="${theme.grid}"/><path d="${path}" fill="none" stroke="${PALETTE[0]}" stroke-width="1.8" ` +
    'stroke-linejoin="round"/></svg>';
  return (
    `<img alt="objective, log scale" width="${WIDTH}" height="${HEIGHT}" ` +
    `style="display:inline-block;vertical-align:top;margin:0 10px 0 0" src="${svgAddress(svg)}">`
  );
}
