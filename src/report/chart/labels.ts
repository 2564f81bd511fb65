import { textWidth, typeface, type Weight, wrapText } from '../lettering.js';
import { escapeText, n, plainText } from './markup.js';
import { theme } from './theme.js';
import type { Box } from './types.js';

/** A text that belongs to a point, in pixels. */
export interface Wish {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** Half the size of the mark that stands on the point; 0: none does. */
  readonly reach: number;
  /** Where it would stand: plotly's `textposition`. */
  readonly at?: string;
}

/** A text at its place. `led`: so far from its point that a line leads there. */
export interface PlacedLabel {
  readonly wish: Wish;
  readonly box: Box;
  readonly led: boolean;
}

/** Width of a text in CSS pixels, measured on our own letters; common sans-serif fonts are no wider. */
export function measure(): (text: string, size: number) => number {
  const face = typeface('regular');
  return (text, size) => (textWidth(face, plainText(text)) * size) / EM.regular;
}

/** The text as lines of at most `limit` CSS pixels, at most `most` of them, measured as in {@link measure}. */
export function breaker(
  weight: Weight = 'regular',
): (text: string, size: number, limit: number, most?: number) => string[] {
  const face = typeface(weight);
  return (text, size, limit, most = 1) => wrapText(face, plainText(text), (limit * EM[weight]) / size, most);
}

/** Pixels of our letters' own size. */
const EM = { regular: 23, bold: 26 } as const;

type Direction = readonly [across: number, down: number];

const HEIGHT = theme.size.tick * 1.2;
const GAP = 3;
const RINGS = [0, 12, 26, 42, 60, 80, 105];
/** Beside the point, then at its corners. */
const AROUND: readonly Direction[] = [
  [0, -1],
  [1, 0],
  [-1, 0],
  [0, 1],
  [1, -1],
  [-1, -1],
  [1, 1],
  [-1, 1],
];

const WORDS: Readonly<Record<string, number>> = { top: -1, bottom: 1, left: -1, right: 1 };

/** The wished place first, then the others around the point, then the same farther away. */
function candidates({ x, y, reach, at = 'top center' }: Wish, width: number): { box: Box; led: boolean }[] {
  const [vertical = '', side = ''] = at.split(' ');
  const wished: Direction = [WORDS[side] ?? 0, WORDS[vertical] ?? 0];
  return RINGS.flatMap((ring) =>
    [wished, ...AROUND].map(([across, down]) => {
      const away = reach + GAP + ring;
      return {
        box: {
          left: x + across * (away + width / 2) - width / 2,
          top: y + down * (away + HEIGHT / 2) - HEIGHT / 2,
          width,
          height: HEIGHT,
        },
        led: ring > 0,
      };
    }),
  );
}

export const overlap = (a: Box, b: Box): boolean =>
  a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;

const within = (box: Box, frame: Box): boolean =>
  box.left >= frame.left &&
  box.top >= frame.top &&
  box.left + box.width <= frame.left + frame.width &&
  box.top + box.height <= frame.top + frame.height;

/**
 * Places for texts inside a frame, none over another; beside the marks too where there is room. A text that finds no
 * place is left out: hovering still says it.
 */
export function placeLabels(
  wishes: readonly Wish[],
  marks: readonly Box[],
  frame: Box,
  wide: ReturnType<typeof measure>,
): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  for (const wish of wishes) {
    const free = candidates(wish, wide(wish.text, theme.size.tick)).filter(
      ({ box }) => within(box, frame) && !placed.some((other) => overlap(box, other.box)),
    );
    const found = free.find(({ box }) => !marks.some((mark) => overlap(box, mark))) ?? free[0];
    if (found) placed.push({ wish, ...found });
  }
  return placed;
}

const centre = ({ left, top, width, height }: Box) => ({ x: left + width / 2, y: top + height / 2 });

export const drawLabels = (placed: readonly PlacedLabel[]): string =>
  placed
    .map(({ wish, box, led }) => {
      const { x, y } = centre(box);
      const [nearX, nearY] = [
        Math.min(box.left + box.width, Math.max(box.left, wish.x)),
        Math.min(box.top + box.height, Math.max(box.top, wish.y)),
      ];
      const leader = led
        ? `<path d="M${n(wish.x)} ${n(wish.y)}L${n(nearX)} ${n(nearY)}" stroke="${theme.axis}" fill="none"/>`
        : '';
      return (
        `${leader}<text x="${n(x)}" y="${n(y + theme.size.tick * 0.35)}" text-anchor="middle" ` +
        `font-size="${theme.size.tick}" fill="${theme.ink}">${escapeText(wish.text)}</text>`
      );
    })
    .join('');

/** A label as plotly's annotation: it moves with its point when the reader zooms. */
export const labelNote = ({ wish, box, led }: PlacedLabel): object => {
  const { x, y } = centre(box);
  return {
    text: escapeText(wish.text),
    ax: x - wish.x,
    ay: y - wish.y,
    xanchor: 'center',
    yanchor: 'middle',
    borderpad: 0,
    arrowhead: 0,
    arrowwidth: 1,
    arrowcolor: led ? theme.axis : theme.paper,
    font: { size: theme.size.tick, color: theme.ink },
  };
};
