import type { Chance } from '../chance.js';
import { color, lighter, PAINTS, STONE, scaled, WALL, WOOD } from '../color.js';
import type { Part } from '../render.js';
import { box, polygon } from '../shapes.js';
import { stripes } from '../texture.js';

/** A house seen from a corner: a gabled front, a side wall in the shade, door, windows and often a chimney. */
export function house({ between, odds, pick, tint }: Chance): Part[] {
  const wall = tint(WALL);
  const roof = tint(pick([PAINTS, STONE, WOOD]));
  const [eave, peak, corner] = [between(-0.2, 0), between(-0.95, -0.75), between(0.05, 0.3)];
  const [middle, edge] = [(corner - 0.8) / 2, eave + 0.06];
  const glass = odds(0.25) ? color('#f3d27a') : color('#3a4a58');
  const frame = lighter(wall, 0.7);
  const courses = stripes(between(0.09, 0.16), 0.25);
  const window = (x: number, y: number, half: number): Part[] => [
    { shape: box(x, y, half + 0.035, 0.155), color: frame, round: 0.03, grain: 0.05 },
    { shape: box(x, y, half, 0.12), color: glass, round: 0, grain: 0.3, gloss: 0.1 },
  ];
  const chimney: Part[] = [{ shape: box(between(0.2, 0.6), peak + 0.2, 0.09, 0.28), color: tint(STONE), round: 0.05 }];
  return [
    ...(odds(0.6) ? chimney : []),
    {
      shape: box((0.9 + corner) / 2, (1 + eave) / 2, (0.9 - corner) / 2, (1 - eave) / 2),
      color: scaled(wall, 0.6),
      round: 0,
      pattern: courses,
      second: scaled(wall, 0.5),
    },
    {
      shape: polygon([-0.8, 1, -0.8, eave, middle, peak + 0.05, corner, eave, corner, 1]),
      color: wall,
      pattern: courses,
      second: scaled(wall, 0.88),
      round: 0,
    },
    {
      shape: polygon([middle, peak, corner + 0.08, edge, 0.98, edge, 0.98 - (corner - middle) * 0.6, peak]),
      color: roof,
      pattern: stripes(0.13, 0.3),
      second: scaled(roof, 0.65),
      round: 0,
      grain: 0.5,
      fine: 9,
    },
    {
      shape: polygon([-0.92, eave + 0.1, middle, peak - 0.06, middle, peak + 0.08, -0.84, eave + 0.16]),
      color: scaled(roof, 0.85),
      round: 0.03,
    },
    {
      shape: polygon([corner + 0.1, eave + 0.1, middle, peak - 0.06, middle, peak + 0.08, corner + 0.02, eave + 0.16]),
      color: scaled(roof, 0.7),
      round: 0.03,
    },
    { shape: box(middle, 0.68, 0.15, 0.33), color: tint(PAINTS), round: 0.05, grain: 0.15 },
    ...window(-0.56, 0.35, 0.12),
    ...window(2 * middle + 0.56, 0.35, 0.1),
    ...window((0.9 + corner) / 2, 0.42, 0.13),
  ];
}
