import type { Chance } from '../chance.js';
import { type Color, color, FUR, lighter, scaled } from '../color.js';
import type { Part } from '../render.js';
import { circle, ellipse, polygon, stroke, union } from '../shapes.js';

/** A cat looking at the viewer: ears, eyes with slit pupils, muzzle, nose, whiskers, chest; plain or tabby. */
export function cat({ between, odds, pick, tint }: Chance): Part[] {
  const fur = tint(FUR);
  const mark = scaled(fur, 0.45);
  const pale = lighter(fur, between(0.3, 0.7));
  const iris = color(pick(['#9bbf3b', '#d9a62e', '#5fa8a0', '#6aa0d0']));
  const [wide, ear, apart] = [between(0.66, 0.76), between(-1, -0.85), between(0.28, 0.33)];
  const coat = { round: 0.3, grain: 0.5, fine: 9 };
  const both = (make: (side: number) => Part): Part[] => [make(-1), make(1)];
  const triangle = (side: number, inset: number, paint: Color): Part => ({
    shape: polygon(
      [
        side * (wide - inset * 0.6),
        -0.3 - inset,
        side * (wide - 0.14),
        ear + inset * 1.8,
        side * (0.14 + inset * 0.8),
        -0.52 - inset * 0.3,
      ],
      0.03,
    ),
    color: paint,
    round: 0.08,
    grain: 0.4,
  });
  const stripe = odds(0.6)
    ? [-0.2, 0, 0.2].map(
        (x): Part => ({ shape: stroke([x, -0.58], [x * 0.7, -0.36], 0.04, 0.015), color: mark, round: 0, grain: 0.3 }),
      )
    : [];
  return [
    { shape: ellipse(0, 1.1, 0.75, 0.75), color: scaled(fur, 0.8), ...coat },
    { shape: ellipse(0, 0.9, 0.32, 0.45), color: pale, ...coat },
    ...both((side) => triangle(side, 0, fur)),
    ...both((side) => triangle(side, 0.1, color('#c98f86'))),
    { shape: union(ellipse(0, -0.1, wide, 0.54), ellipse(0, 0.08, wide * 0.9, 0.44)), color: fur, ...coat },
    ...stripe,
    ...both((side) => ({
      shape: ellipse(side * apart, -0.12, 0.16, 0.13),
      color: color('#15130f'),
      round: 0,
      grain: 0,
    })),
    ...both((side) => ({
      shape: ellipse(side * apart, -0.12, 0.135, 0.11),
      color: iris,
      round: 0.05,
      grain: 0.1,
      gloss: 0.3,
    })),
    ...both((side) => ({
      shape: ellipse(side * apart, -0.12, 0.05, 0.1),
      color: color('#0c0c0c'),
      round: 0,
      grain: 0,
    })),
    {
      shape: union(circle(-0.12, 0.2, 0.17), circle(0.12, 0.2, 0.17), ellipse(0, 0.33, 0.14, 0.1)),
      color: pale,
      round: 0.12,
      grain: 0.3,
    },
    { shape: polygon([-0.08, 0.08, 0.08, 0.08, 0, 0.17], 0.02), color: color('#b5685f'), round: 0.03 },
    { shape: stroke([0, 0.17], [0, 0.27], 0.015), color: mark, round: 0, grain: 0 },
    ...both((side) => ({
      shape: union(
        stroke([side * 0.2, 0.2], [side * 0.78, 0.12], 0.012),
        stroke([side * 0.2, 0.24], [side * 0.76, 0.3], 0.012),
      ),
      color: lighter(fur, 0.85),
      round: 0,
      grain: 0,
    })),
  ];
}
