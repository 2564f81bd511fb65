import type { Chance } from '../chance.js';
import { color, lighter, PAINTS, scaled, VIVID } from '../color.js';
import type { Part } from '../render.js';
import { circle, ellipse, polygon, stroke } from '../shapes.js';
import { sideways, stripes } from '../texture.js';

/** A fish from the side: body with bars or a pale belly, forked tail, fins, eye and gill. */
export function fish({ between, odds, pick, tint }: Chance): Part[] {
  const body = tint(pick([VIVID, PAINTS]));
  const marks = tint(VIVID);
  const [height, tail] = [between(0.34, 0.52), between(0.3, 0.48)];
  const fin = scaled(odds(0.5) ? marks : body, 0.75);
  const bars = sideways(stripes(between(0.28, 0.45), 0.35, between(0, 1)));
  const belly = (_: number, y: number): number => (y > 0.08 ? 0.8 : 0);
  const barred = odds(0.55);
  const flat = { round: 0.08, grain: 0.4, fine: 8 };
  return [
    { shape: polygon([-0.5, 0, -0.98, -tail, -0.84, 0, -0.98, tail], 0.03), color: fin, ...flat },
    { shape: polygon([-0.35, -height * 0.75, 0, -height - 0.26, 0.28, -height * 0.8], 0.03), color: fin, ...flat },
    { shape: polygon([-0.3, height * 0.7, -0.2, height + 0.2, 0.05, height * 0.85], 0.03), color: fin, ...flat },
    {
      shape: ellipse(0.15, 0, 0.74, height),
      color: body,
      second: barred ? marks : lighter(body, 0.6),
      pattern: barred ? bars : belly,
      round: height * 0.9,
      grain: 0.35,
      fine: 10,
      gloss: 0.25,
    },
    { shape: polygon([0.02, 0.06, -0.25, 0.2, -0.06, 0.28], 0.03), color: scaled(fin, 0.8), ...flat },
    { shape: stroke([0.42, -height * 0.55], [0.38, height * 0.5], 0.015), color: scaled(body, 0.4), round: 0 },
    { shape: stroke([0.88, 0.1], [0.7, 0.12], 0.018), color: scaled(body, 0.25), round: 0 },
    { shape: circle(0.6, -0.1, 0.1), color: color('#f7f4e8'), round: 0.05, grain: 0 },
    { shape: circle(0.62, -0.1, 0.055), color: color('#101014'), round: 0.02, grain: 0, gloss: 0.2 },
  ];
}
