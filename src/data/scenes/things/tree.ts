import type { Chance } from '../chance.js';
import { FOLIAGE, lighter, scaled, WOOD } from '../color.js';
import type { Part } from '../render.js';
import { circle, type Point, polygon, stroke, union } from '../shapes.js';

/** A broad-leaved tree (clumps of leaves over a forked trunk) or a conifer (stacked skirts). */
export function tree(chance: Chance): Part[] {
  const bark = chance.tint(WOOD);
  return chance.odds(0.65) ? broadLeaved(chance, bark) : conifer(chance, bark);
}

function broadLeaved({ between, tint }: Chance, bark: Part['color']): Part[] {
  const leaf = tint(FOLIAGE);
  const clumps = Array.from({ length: 7 }, (_, i): [Point, number] => [
    [((i % 3) - 1) * 0.42 + between(-0.12, 0.12), -0.55 + Math.floor(i / 3) * 0.28 + between(-0.12, 0.1)],
    between(0.26, 0.4),
  ]);
  const layer = (shift: number, shrink: number, paint: Part['color']): Part => ({
    shape: union(...clumps.map(([[x, y], radius]) => circle(x + shift, y + shift, radius * shrink))),
    color: paint,
    round: 0.22,
    grain: 0.9,
    fine: 7,
  });
  const width = between(0.08, 0.13);
  return [
    {
      shape: union(
        stroke([0, 1], [0, 0], width * 1.4, width),
        stroke([0, 0.35], [0.38, -0.2], width * 0.7, 0.04),
        stroke([0, 0.3], [-0.36, -0.15], width * 0.7, 0.04),
      ),
      color: bark,
      round: 0.1,
      grain: 0.6,
      fine: 9,
    },
    layer(0.04, 1.05, scaled(leaf, 0.55)),
    layer(-0.02, 0.92, leaf),
    { ...layer(-0.1, 0.55, lighter(leaf, 0.12)), round: 0.2 },
  ];
}

function conifer({ between, tint, whole }: Chance, bark: Part['color']): Part[] {
  const leaf = scaled(tint(FOLIAGE.slice(0, 4)), 0.8);
  const layers = whole(3, 4);
  const skirts = Array.from({ length: layers }, (_, i): Part => {
    const top = -1 + (i * 1.15) / layers;
    const half = 0.28 + (0.42 * (i + 1)) / layers + between(-0.04, 0.04);
    const bottom = top + 1.7 / layers;
    return {
      shape: polygon(
        [0, top, half, bottom, half * 0.5, bottom - 0.06, 0, bottom + 0.02, -half * 0.5, bottom - 0.06, -half, bottom],
        0.02,
      ),
      color: scaled(leaf, 1.1 - 0.12 * (layers - i)),
      round: 0.3,
      grain: 0.8,
      fine: 8,
    };
  });
  return [{ shape: stroke([0, 1], [0, 0.3], 0.12, 0.1), color: bark, round: 0.1 }, ...skirts.reverse()];
}
