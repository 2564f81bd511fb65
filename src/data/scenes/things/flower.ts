import type { Chance } from '../chance.js';
import { color, FOLIAGE, lighter, scaled, VIVID } from '../color.js';
import type { Part } from '../render.js';
import { circle, ellipse, type Point, stroke, turned, union } from '../shapes.js';

// cosine and sine of one part of a full turn, as numbers: Math.cos differs between machines
const PARTS_OF_TURN: Readonly<Record<number, Point>> = {
  5: [0.30901699437494745, 0.9510565162951535],
  6: [0.5, 0.8660254037844386],
  7: [0.6234898018587336, 0.7818314824680298],
  8: [Math.SQRT1_2, Math.SQRT1_2],
};

/** A flower: five to eight petals about a disc, on a stem with two leaves. */
export function flower({ between, odds, tint, whole }: Chance): Part[] {
  const petal = odds(0.25) ? lighter(tint(VIVID), 0.8) : tint(VIVID);
  const disc = odds(0.6) ? color('#e3b021') : color('#4d3320');
  const green = tint(FOLIAGE.slice(0, 5));
  const count = whole(5, 8);
  const [long, wide] = [between(0.3, 0.36), between(0.95, 1.3) / count];
  const centre: Point = [0, -0.3];
  const [c, s] = PARTS_OF_TURN[count]!;
  const petals: Part[] = [];
  for (let k = 0, x = 1, y = 0; k < count; k++, [x, y] = [c * x - s * y, s * x + c * y])
    petals.push({
      shape: turned(ellipse(0, -0.3 - long, wide, long), centre, x, y),
      color: k % 2 ? petal : scaled(petal, 0.82),
      round: 0.14,
      grain: 0.2,
    });
  const leaf = (side: number): Part => ({
    shape: turned(ellipse(side * 0.3, 0.62, 0.3, 0.1), [0, 0.7], 0.92, side * -0.39),
    color: scaled(green, 0.9),
    round: 0.1,
  });
  return [
    {
      shape: union(stroke([0, -0.3], [0.04, 0.4], 0.045), stroke([0.04, 0.4], [0, 1.4], 0.045)),
      color: green,
      round: 0.05,
    },
    leaf(1),
    leaf(-1),
    ...petals,
    { shape: circle(0, -0.3, 0.2), color: disc, round: 0.15, grain: 0.7, fine: 14 },
  ];
}
