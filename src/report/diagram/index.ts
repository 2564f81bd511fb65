import { problem } from '../../core/errors.js';
import { checkOptions } from '../../core/options.js';
import { escapeHtml, n, svgAddress } from '../chart/markup.js';
import { PALETTE, theme } from '../chart/theme.js';
import { display } from '../display.js';
import { type Drawn, layOut, type Placed, type Point, SIZE } from './lay-out.js';
import { runsOf, spansOf } from './subscripts.js';
import type { DiagramArrow, DiagramNode, DiagramOptions } from './types.js';

export type { DiagramArrow, DiagramNode, DiagramOptions } from './types.js';

/**
 * Shows boxes and the arrows between them, from a table of each: one static picture without a ground, in greys and two
 * colours that read on light and dark pages. Outside a kernel it prints them as lines.
 * @throws two boxes of one id, and an arrow to none
 * @example
 * diagram([{ id: 'client', at: [0, 0], title: 'client', lines: ['images x'], kind: 'private' },
 *   { id: 'server', at: [1, 0], title: 'server' }], [{ from: 'client', to: 'server', label: 'φ(Δ_k)' }])
 */
export function diagram(
  nodes: readonly DiagramNode[],
  arrows: readonly DiagramArrow[],
  options: DiagramOptions = {},
): void {
  const svg = diagramSvg(nodes, arrows, options);
  const words = inWords(nodes, arrows, options);
  const image = `<img alt="${escapeHtml(words)}" style="max-width:100%;height:auto" src="${svgAddress(svg)}">`;
  display({ 'text/plain': words, 'text/html': `<div class="roglab-diagram">${image}</div>` });
}

/** The picture of `diagram` as an SVG document. */
export function diagramSvg(
  nodes: readonly DiagramNode[],
  arrows: readonly DiagramArrow[],
  options: DiagramOptions = {},
): string {
  checkOptions('diagram', options, ['title', 'gap']);
  if (!Array.isArray(nodes) || nodes.length === 0)
    throw problem('diagram', 'give a list of boxes, one at least', nodes, "[{ id: 'a', at: [0, 0], title: 'a' }]");
  const twice = nodes.find(({ id }, i) => nodes.findIndex((other) => other.id === id) < i);
  if (twice) throw problem('diagram', 'each box needs an id of its own', twice.id);
  const { width, height, nodes: placed, arrows: drawn } = layOut(nodes, arrows, options);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="${escapeHtml(theme.font)}">`,
    options.title && writing(options.title, { x: 16, y: 26 }, 16, theme.ink, 'start', 600),
    ...drawn.map(arrowSvg),
    ...placed.map(boxSvg),
    '</svg>',
  ].join('');
}

/** Private things blue, the attacker's orange: the palette's first two. */
const COLOURS = { private: PALETTE[0]!, attacker: PALETTE[1]!, step: theme.soft } as const;

function boxSvg({ node, box }: Placed): string {
  const { title, lines = [], kind = 'step' } = node;
  const colour = COLOURS[kind];
  const x = box.left + box.width / 2;
  const text = [title, ...lines].map((line, i) => {
    const at = { x, y: box.top + 10 + 18 * i + 13 };
    return i === 0
      ? writing(line, at, SIZE.title, theme.ink, 'middle', 600)
      : writing(line, at, SIZE.line, theme.ink, 'middle');
  });
  return (
    `<rect x="${n(box.left)}" y="${n(box.top)}" width="${n(box.width)}" height="${n(box.height)}" rx="7" ` +
    `fill="${colour}" fill-opacity="0.08" stroke="${colour}" stroke-width="1.6"/>${text.join('')}`
  );
}

function arrowSvg({ arrow, start, end, label }: Drawn): string {
  const angle = (Math.atan2(end.y - start.y, end.x - start.x) * 180) / Math.PI;
  const dash = arrow.dashed ? ' stroke-dasharray="5 4"' : '';
  return (
    `<path d="M${n(start.x)} ${n(start.y)}L${n(end.x)} ${n(end.y)}" stroke="${theme.soft}" ` +
    `stroke-width="1.6"${dash}/><path d="M1 0L-8 -4.5L-8 4.5Z" fill="${theme.soft}" ` +
    `transform="translate(${n(end.x)} ${n(end.y)}) rotate(${n(angle)})"/>` +
    (arrow.label ? writing(arrow.label, { x: label.x, y: label.y + 4 }, SIZE.label, theme.ink, 'middle') : '')
  );
}

const writing = (text: string, at: Point, size: number, fill: string, anchor: string, weight = 400): string =>
  `<text x="${n(at.x)}" y="${n(at.y)}" font-size="${size}" font-weight="${weight}" fill="${fill}" ` +
  `text-anchor="${anchor}">${spansOf(runsOf(text), size)}</text>`;

/** The diagram as lines: the boxes with what they hold, then `a → b: label`. */
function inWords(
  nodes: readonly DiagramNode[],
  arrows: readonly DiagramArrow[],
  { title = 'diagram' }: DiagramOptions,
): string {
  const plain = (text: string): string =>
    runsOf(text)
      .map(({ text: part }) => part)
      .join('');
  const name = (id: string): string => plain(nodes.find((node) => node.id === id)?.title ?? id);
  return [
    `[diagram] ${plain(title)}`,
    ...nodes.map(({ title: own, lines = [] }) => `  ${[plain(own), ...lines.map(plain)].join('; ')}`),
    ...arrows.map(({ from, to, label }) => `  ${name(from)} → ${name(to)}${label ? `: ${plain(label)}` : ''}`),
  ].join('\n');
}
