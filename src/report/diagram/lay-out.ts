import { nearest, problem } from '../../core/errors.js';
import type { Box } from '../chart/types.js';
import { textWidth, typeface } from '../lettering.js';
import { runsOf, SMALL } from './subscripts.js';
import type { DiagramArrow, DiagramNode, DiagramOptions } from './types.js';

export const SIZE = { title: 13.5, line: 12.5, label: 12 } as const;
const PAD = [12, 10] as const;
const LEADING = 18;
const MARGIN = 16;

/** A box with its place in pixels. */
export interface Placed {
  readonly node: DiagramNode;
  readonly box: Box;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An arrow from border to border, and the middle of its label. */
export interface Drawn {
  readonly arrow: DiagramArrow;
  readonly start: Point;
  readonly end: Point;
  readonly label: Point;
}

export interface LaidOut {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly Placed[];
  readonly arrows: readonly Drawn[];
}

/** Places boxes in columns and rows, and arrows between their borders; two opposite arrows run side by side. */
export function layOut(
  nodes: readonly DiagramNode[],
  arrows: readonly DiagramArrow[],
  { title, gap = [110, 46] }: DiagramOptions,
): LaidOut {
  const [regular, bold] = [typeface('regular'), typeface('bold')];
  const widthOf = (text: string, size: number, heavy = false): number =>
    runsOf(text).reduce((sum, { text: part, shift }) => {
      const em = heavy ? textWidth(bold, part) / 26 : textWidth(regular, part) / 23;
      return sum + em * size * (shift === 'line' ? 1 : SMALL);
    }, 0);
  const sizes = nodes.map(({ title: name, lines = [] }) => ({
    width: Math.ceil(
      Math.max(widthOf(name, SIZE.title, true), ...lines.map((line) => widthOf(line, SIZE.line))) * 1.06,
    ),
    height: LEADING * (1 + lines.length),
  }));
  const outer = sizes.map(({ width, height }) => [width + 2 * PAD[0], height + 2 * PAD[1]] as const);
  const top = MARGIN + (title ? 28 : 0);
  const columns = middles(
    nodes.map(({ at }, i) => [at[0], outer[i]![0]]),
    gap[0],
    MARGIN,
  );
  const rows = middles(
    nodes.map(({ at }, i) => [at[1], outer[i]![1]]),
    gap[1],
    top,
  );
  const placed = nodes.map((node, i) => {
    const [width, height] = outer[i]!;
    return { node, box: { left: columns(node.at[0]) - width / 2, top: rows(node.at[1]) - height / 2, width, height } };
  });
  const find = (id: string): Box => {
    const found = placed.find(({ node }) => node.id === id);
    if (found) return found.box;
    const ids = nodes.map((node) => node.id);
    const near = nearest(id, ids);
    const fix = near ? `did you mean ${near}?` : ids.join();
    throw problem('diagram', 'an arrow needs two boxes; there is none', id, fix);
  };
  const drawn = arrows.map((arrow) => {
    const back = arrows.some(({ from, to }) => from === arrow.to && to === arrow.from);
    return between(arrow, find(arrow.from), find(arrow.to), back ? 9 : 0, widthOf(arrow.label ?? '', SIZE.label));
  });
  const right = Math.max(...placed.map(({ box }) => box.left + box.width), widthOf(title ?? '', 16, true) + MARGIN);
  return {
    width: Math.ceil(right + MARGIN),
    height: Math.ceil(Math.max(...placed.map(({ box }) => box.top + box.height)) + MARGIN),
    nodes: placed,
    arrows: drawn,
  };
}

/** The middle of each whole place, by the widest thing there; halves lie between. */
function middles(things: readonly (readonly [number, number])[], gap: number, start: number): (at: number) => number {
  const last = Math.max(...things.map(([at]) => Math.ceil(at)));
  const centres: number[] = [];
  let from = start;
  for (let place = 0; place <= last; place++) {
    const width = Math.max(0, ...things.filter(([at]) => at === place).map(([, size]) => size));
    centres.push(from + width / 2);
    from += width + gap;
  }
  return (at) => {
    const below = centres[Math.floor(at)]!;
    return below + (at % 1) * ((centres[Math.floor(at) + 1] ?? below) - below);
  };
}

const middleOf = ({ left, top, width, height }: Box): Point => ({ x: left + width / 2, y: top + height / 2 });

function between(arrow: DiagramArrow, from: Box, to: Box, aside: number, labelWidth: number): Drawn {
  const [a, b] = [middleOf(from), middleOf(to)];
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const across = { x: -(b.y - a.y) / length, y: (b.x - a.x) / length };
  const move = ({ x, y }: Point, by: number): Point => ({ x: x + across.x * by, y: y + across.y * by });
  const [start, end] = [border(from, move(a, aside), move(b, aside)), border(to, move(b, aside), move(a, aside))];
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
  // upright or level: the label stands beside the line, never on it
  const level = Math.abs(across.y) >= Math.abs(across.x);
  const side = aside ? Math.sign(level ? across.y : across.x) : level ? -1 : 1;
  // where the line climbs, the label's near end must clear it too
  const climb = level ? Math.min(2, Math.abs((end.y - start.y) / (end.x - start.x || 1))) : 0;
  const off = 11 + (climb * labelWidth) / 2;
  const label = level
    ? { x: middle.x, y: middle.y + side * off }
    : { x: middle.x + side * (labelWidth / 2 + 8), y: middle.y };
  return { arrow, start, end, label };
}

/** Where the line from a point in a box leaves it, and a little beyond. */
function border({ left, top, width, height }: Box, from: Point, to: Point): Point {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const reach = (d: number, at: number, low: number, size: number): number =>
    d === 0 ? Number.POSITIVE_INFINITY : ((d > 0 ? low + size : low) - at) / d;
  const t = Math.min(reach(dx, from.x, left, width), reach(dy, from.y, top, height));
  const beyond = t + 3 / (Math.hypot(dx, dy) || 1);
  return { x: from.x + dx * beyond, y: from.y + dy * beyond };
}
