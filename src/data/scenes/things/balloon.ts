import type { Chance } from '../chance.js';
import { color, scaled, VIVID, WOOD } from '../color.js';
import type { Part } from '../render.js';
import { box, circle, clamp, ellipse, polygon, stroke, union } from '../shapes.js';

/** A hot-air balloon: an envelope of coloured gores, ropes and a basket. */
export function balloon({ between, odds, tint, whole }: Chance): Part[] {
  const [first, second] = [tint(VIVID), tint(VIVID)];
  const gores = whole(4, 7);
  const radius = between(0.6, 0.68);
  const banded = odds(0.25);
  const pattern = (x: number, y: number): number => {
    const height = (y + 0.35) / radius;
    if (banded) return height > -0.2 && height < 0.3 ? 1 : 0;
    // meridians of a sphere: the same share of the width at every height
    const width = Math.sqrt(Math.max(0.05, 1 - clamp(height, -1, 0.75) * clamp(height, -1, 0.75)));
    const gore = ((x / (radius * width)) * 0.5 + 0.5) * gores;
    return Math.floor(gore + 16) % 2;
  };
  const envelope = union(
    circle(0, -0.35, radius),
    polygon([-radius * 0.86, -0.02, radius * 0.86, -0.02, 0.17, 0.5, -0.17, 0.5], 0.02),
  );
  const rope = (side: number): Part => ({
    shape: stroke([side * 0.16, 0.48], [side * 0.12, 0.78], 0.018),
    color: color('#4a3a2a'),
    round: 0,
  });
  return [
    rope(-1),
    rope(1),
    {
      shape: envelope,
      color: first,
      second,
      pattern,
      bulge: ellipse(0, -0.25, radius * 1.02, radius * 1.25),
      round: 0.6,
      grain: 0.1,
      gloss: 0.15,
    },
    { shape: polygon([-0.18, 0.46, 0.18, 0.46, 0.14, 0.54, -0.14, 0.54]), color: scaled(second, 0.5), round: 0 },
    { shape: box(0, 0.88, 0.17, 0.13, 0.03), color: tint(WOOD), round: 0.08, grain: 0.6, fine: 12 },
    { shape: box(0, 0.77, 0.19, 0.03, 0.02), color: color('#3a2a1c'), round: 0.02 },
  ];
}
