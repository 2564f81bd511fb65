import type { Chance } from '../chance.js';
import { color, lighter, PAINTS, scaled, VIVID } from '../color.js';
import type { Part } from '../render.js';
import { box, circle, ellipse, polygon, union } from '../shapes.js';

/** A car from the side: body, cabin with two windows, wheels with hubs, lights. */
export function car({ between, pick, tint }: Chance): Part[] {
  const paint = tint(pick([VIVID, PAINTS]));
  const [roof, rear, front] = [between(-0.5, -0.3), between(-0.75, -0.5), between(0.35, 0.6)];
  const [back, nose] = [rear + between(0.1, 0.25), front - between(0.25, 0.4)];
  const glass = color('#2b3a47');
  const dark = color('#1c1c20');
  const wheels = [-0.55, 0.56];
  return [
    {
      shape: polygon([rear, 0.05, back, roof, nose, roof, front, 0.05], 0.05),
      color: paint,
      round: 0.15,
      grain: 0.06,
      gloss: 0.35,
    },
    {
      shape: polygon([rear + 0.13, 0.02, back + 0.06, roof + 0.08, -0.06, roof + 0.08, -0.06, 0.02], 0.01),
      color: glass,
      round: 0.03,
      grain: 0.3,
      gloss: 0.2,
    },
    {
      shape: polygon([0.04, 0.02, 0.04, roof + 0.08, nose - 0.04, roof + 0.08, front - 0.1, 0.02], 0.01),
      color: lighter(glass, 0.05),
      round: 0.03,
      grain: 0.3,
      gloss: 0.2,
    },
    {
      shape: union(box(0, 0.24, 0.98, 0.24, 0.14), box(-0.1, 0.16, 0.8, 0.18, 0.1)),
      color: paint,
      round: 0.2,
      grain: 0.06,
      gloss: 0.4,
    },
    { shape: box(0, 0.42, 0.96, 0.06, 0.05), color: scaled(paint, 0.35), round: 0.04 },
    { shape: box(-0.01, 0.2, 0.012, 0.17), color: scaled(paint, 0.4), round: 0 },
    { shape: ellipse(0.92, 0.18, 0.07, 0.07), color: color('#fdf3c4'), round: 0.04, gloss: 0.3 },
    { shape: ellipse(-0.93, 0.18, 0.05, 0.08), color: color('#b31b1b'), round: 0.04, gloss: 0.2 },
    ...wheels.flatMap((x): Part[] => [
      { shape: circle(x, 0.46, 0.26), color: scaled(dark, 0.5), round: 0, grain: 0 },
      { shape: circle(x, 0.48, 0.22), color: dark, round: 0.06, grain: 0.1 },
      { shape: circle(x, 0.48, 0.12), color: color('#b9bcc2'), round: 0.05, gloss: 0.3, grain: 0.1 },
      { shape: circle(x, 0.48, 0.035), color: dark, round: 0 },
    ]),
  ];
}
