import type { Chance } from '../chance.js';
import { color, lighter, PAINTS, scaled, VIVID, WOOD } from '../color.js';
import type { Part } from '../render.js';
import { ellipse, polygon, stroke } from '../shapes.js';
import { stripes } from '../texture.js';

/** A sailing boat: hull with a stripe, mast, a main sail and a jib. */
export function sailboat({ between, odds, pick, tint }: Chance): Part[] {
  const hull = tint(pick([VIVID, WOOD, PAINTS]));
  const sail = odds(0.6) ? lighter(tint(PAINTS), 0.75) : tint(VIVID);
  const jib = odds(0.5) ? sail : tint(VIVID);
  const [mast, boom] = [between(-0.05, 0.15), between(0.4, 0.48)];
  const bands = stripes(between(0.3, 0.5), odds(0.4) ? 0.35 : 0);
  return [
    { shape: stroke([mast, -0.98], [mast, 0.55], 0.025), color: color('#5a4632'), round: 0.02 },
    {
      shape: polygon([mast - 0.05, -0.92, mast - 0.05, boom, -0.82, boom - 0.03, -0.35, -0.25], 0.01),
      color: sail,
      second: tint(VIVID),
      pattern: bands,
      bulge: ellipse(mast, -0.1, 0.95, 1.4),
      round: 0.9,
      grain: 0.08,
    },
    {
      shape: polygon([mast + 0.05, -0.75, mast + 0.06, boom - 0.05, 0.78, boom], 0.01),
      color: jib,
      bulge: ellipse(mast, 0, 0.9, 1.2),
      round: 0.8,
      grain: 0.08,
    },
    { shape: stroke([mast, boom + 0.03], [-0.8, boom + 0.02], 0.025), color: color('#5a4632'), round: 0.02 },
    {
      shape: polygon([-0.88, 0.56, 0.98, 0.53, 0.66, 0.94, -0.7, 0.94], 0.03),
      color: hull,
      second: lighter(hull, 0.75),
      pattern: (_, y) => (y > 0.62 && y < 0.7 ? 1 : 0),
      round: 0.2,
      grain: 0.15,
      gloss: 0.15,
    },
    { shape: polygon([-0.8, 0.9, 0.74, 0.9, 0.66, 1, -0.7, 1]), color: scaled(hull, 0.35), round: 0.1 },
  ];
}
