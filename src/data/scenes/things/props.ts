import type { Chance } from '../chance.js';
import { FOLIAGE, GROUND, PAINTS, STONE, scaled, WOOD } from '../color.js';
import type { Part } from '../render.js';
import { box, circle, ellipse, type Point, polygon, stroke, union } from '../shapes.js';

/** Things that belong to no class; they stand behind the subject or in front of a part of it. */
export const PROPS = {
  bush: ({ between, tint }: Chance): Part[] => {
    const clumps = Array.from({ length: 5 }, (_, i) =>
      circle((i - 2) * 0.38 + between(-0.1, 0.1), 0.55 + between(-0.25, 0.15), between(0.35, 0.5)),
    );
    return [{ shape: union(...clumps), color: scaled(tint(FOLIAGE), 0.85), round: 0.35, grain: 0.9, fine: 7 }];
  },
  rock: ({ between, tint }: Chance): Part[] => {
    const corners = [
      -0.9,
      0.9,
      -0.75,
      between(0, 0.4),
      between(-0.4, 0),
      between(-0.4, 0.1),
      0.5,
      between(-0.2, 0.3),
      0.9,
      0.9,
    ];
    return [{ shape: polygon(corners, 0.1), color: tint(STONE), round: 0.5, grain: 0.7, fine: 6 }];
  },
  grass: ({ between, tint }: Chance): Part[] => {
    const green = tint(GROUND.slice(0, 3));
    return Array.from({ length: 9 }, (_, i): Part => {
      const x = (i - 4) * 0.22 + between(-0.08, 0.08);
      const tip: Point = [x + between(-0.25, 0.25), between(-0.6, 0.2)];
      return { shape: stroke([x, 1.2], tip, 0.07, 0.005), color: scaled(green, between(0.6, 1.2)), round: 0.06 };
    });
  },
  post: ({ between, tint }: Chance): Part[] => [
    { shape: box(0, 0.2, between(0.08, 0.14), 1.2, 0.03), color: tint(WOOD), round: 0.12, grain: 0.7, fine: 8 },
  ],
  ball: ({ tint }: Chance): Part[] => [
    { shape: circle(0, 0.4, 0.55), color: tint(PAINTS), round: 0.55, grain: 0.15, gloss: 0.3 },
  ],
  twig: ({ between, tint }: Chance): Part[] => {
    const green = tint(FOLIAGE);
    const leaves = Array.from(
      { length: 6 },
      (_, i): Part => ({
        shape: ellipse(
          -0.9 + i * 0.34,
          (i % 2 ? 0.16 : -0.16) + between(-0.06, 0.06),
          between(0.2, 0.28),
          between(0.1, 0.16),
        ),
        color: scaled(green, between(0.7, 1.2)),
        round: 0.12,
      }),
    );
    return [{ shape: stroke([-1.4, 0.1], [1, 0], 0.05, 0.02), color: tint(WOOD), round: 0.04 }, ...leaves];
  },
} as const;

export type PropName = keyof typeof PROPS;
