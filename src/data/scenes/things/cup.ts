import type { Chance } from '../chance.js';
import { color, lighter, PAINTS, scaled, VIVID } from '../color.js';
import type { Part } from '../render.js';
import { box, ellipse, polygon, ring } from '../shapes.js';
import { stripes } from '../texture.js';

/** A cup with a handle and a drink in it, plain, banded or striped, often on a saucer. */
export function cup({ between, odds, pick, tint }: Chance): Part[] {
  const glaze = odds(0.35) ? lighter(tint(PAINTS), 0.75) : tint(pick([VIVID, PAINTS]));
  const [top, bottom] = [between(0.58, 0.68), between(0.38, 0.6)];
  const rim = between(-0.6, -0.45);
  const band = (_: number, y: number): number => (y > 0 && y < 0.35 ? 1 : 0);
  const pattern = pick([band, stripes(0.3, 0.4), () => 0]);
  const saucer: Part[] = [
    { shape: ellipse(0, 0.8, 0.95, 0.2), color: scaled(glaze, 0.9), round: 0.12, grain: 0.05, gloss: 0.2 },
    { shape: ellipse(0, 0.77, 0.6, 0.1), color: scaled(glaze, 0.55), round: 0.05, grain: 0.05 },
  ];
  return [
    ...(odds(0.5) ? saucer : []),
    { shape: ring(top + 0.08, 0.02, 0.27, 0.075), color: scaled(glaze, 0.9), round: 0.08, grain: 0.05, gloss: 0.3 },
    {
      shape: polygon([-top, rim, top, rim, bottom, 0.78, -bottom, 0.78], 0.04),
      color: glaze,
      second: tint(VIVID),
      pattern,
      bulge: box(0, 0, (top + bottom) / 2 + 0.06, 5),
      round: 0.6,
      grain: 0.08,
      gloss: 0.3,
    },
    { shape: ellipse(0, rim, top + 0.04, 0.17), color: lighter(glaze, 0.4), round: 0.05, grain: 0.05, gloss: 0.2 },
    { shape: ellipse(0, rim + 0.015, top - 0.05, 0.12), color: scaled(glaze, 0.35), round: 0, grain: 0.05 },
    {
      shape: ellipse(0, rim + 0.05, top - 0.11, 0.08),
      color: color(pick(['#3b2314', '#7a4a21', '#8c9a3a'])),
      round: 0,
      grain: 0.2,
    },
  ];
}
