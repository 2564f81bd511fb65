import {
  type SymbolType,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond2,
  symbolSquare,
  symbolStar,
  symbolTriangle,
} from './drawing.js';

/** A form with these corners around the origin, whose area they enclose at size 1 is `area`. */
const cornered = (corners: readonly (readonly [number, number])[], area: number): SymbolType => ({
  draw: (context, size) => {
    const scale = Math.sqrt(size / area);
    corners.forEach(([x, y], i) => {
      if (i === 0) context.moveTo(x * scale, y * scale);
      else context.lineTo(x * scale, y * scale);
    });
    context.closePath();
  },
});

/** `count` corners on a circle, the first straight below. */
const around = (count: number): readonly (readonly [number, number])[] =>
  Array.from({ length: count }, (_, i) => {
    const angle = Math.PI / 2 + (2 * Math.PI * i) / count;
    return [Math.cos(angle), Math.sin(angle)];
  });

/** A quarter of a diagonal cross, and what four of them enclose. */
const ARM = [
  [0, 1],
  [1, 2],
  [2, 1],
] as const;
const TIMES = [0, 1, 2, 3].flatMap((turn) =>
  ARM.map(
    ([x, y]) =>
      [
        [x, y],
        [y, -x],
        [-x, -y],
        [-y, x],
      ][turn] as [number, number],
  ),
);

const forms = {
  circle: symbolCircle,
  square: symbolSquare,
  diamond: symbolDiamond2,
  'triangle-up': symbolTriangle,
  cross: symbolCross,
  star: symbolStar,
  'triangle-down': cornered(around(3), (3 * Math.sqrt(3)) / 4),
  hexagon: cornered(around(6), (3 * Math.sqrt(3)) / 2),
  x: cornered(TIMES, 10),
} as const;
export function markerPath(form: string, size: number, filled = 1): string {
  const kind = forms[form.replace('-open', '') as keyof typeof forms] ?? symbolCircle;
  return symbol(kind, (size / 2) ** 2 * Math.PI * (kind === symbolDiamond2 ? 0.8 : 1) * filled)() ?? '';
}

/** A mark is filled, or a ring where its symbol ends with `-open`. */
export const markPaint = (symbol = '', colour: string): string =>
  symbol.endsWith('-open') ? `fill="none" stroke="${colour}" stroke-width="1.5"` : `fill="${colour}"`;
