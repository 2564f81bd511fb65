import type { Chance } from '../chance.js';
import { color, lighter, PAINTS, scaled, VIVID, WOOD } from '../color.js';
import type { Part } from '../render.js';
import { box, ellipse, intersection, polygon } from '../shapes.js';

/** A mushroom: a domed cap, often with spots, light gills below it, and a thick pale stem. */
export function mushroom({ between, odds, pick, tint, whole }: Chance): Part[] {
  const cap = tint(pick([VIVID.slice(0, 3), WOOD, PAINTS]));
  const flesh = lighter(color('#d9c6a0'), between(0, 0.5));
  const [rim, half, top] = [between(-0.05, 0.15), between(0.72, 0.92), between(-0.95, -0.75)];
  const [stem, foot] = [between(0.16, 0.22), between(0.22, 0.34)];
  const dome = intersection(ellipse(0, rim, half, rim - top), box(0, rim - 1, 2, 1.02));
  const spots = Array.from({ length: odds(0.75) ? whole(6, 10) : 0 }, (_, i): Part => {
    const x = ((i % 4) - 1.5) * 0.42 * half + between(-0.1, 0.1);
    const y = rim - 0.12 - Math.floor(i / 4) * 0.27 + between(-0.05, 0.05);
    return {
      shape: intersection(ellipse(x, y, between(0.07, 0.14), between(0.06, 0.1)), dome),
      color: lighter(flesh, 0.6),
      round: 0.05,
      grain: 0.1,
    };
  });
  return [
    {
      shape: polygon([-stem, rim, stem, rim, foot, 0.95, -foot, 0.95], 0.05),
      color: flesh,
      bulge: box(0, 0, foot, 5),
      round: 0.25,
      grain: 0.3,
    },
    {
      shape: ellipse(0, rim, half * 0.97, 0.15),
      color: scaled(flesh, 0.6),
      pattern: (x) => (x * 12 - Math.floor(x * 12) < 0.4 ? 1 : 0),
      second: scaled(flesh, 0.45),
      round: 0.05,
    },
    {
      shape: polygon([-stem * 1.5, rim + 0.3, stem * 1.5, rim + 0.3, stem, rim + 0.16, -stem, rim + 0.16], 0.03),
      color: lighter(flesh, 0.3),
      round: 0.06,
    },
    { shape: dome, color: cap, round: 0.5, grain: 0.2, gloss: 0.25 },
    ...spots,
  ];
}
