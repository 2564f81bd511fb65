import type { Chance } from './chance.js';
import type { Color } from './color.js';
import { color, DEEP, FOLIAGE, GROUND, lighter, mix, PAINTS, SKY, STONE, scaled, WALL, WOOD } from './color.js';
import type { Scene } from './render.js';
import { clamp, smoothstep } from './shapes.js';
import type { Texture } from './texture.js';

/** A place: its picture, and where things stand in it. */
export interface Place {
  readonly background: Scene['background'];
  /** y of the line where the ground begins. */
  readonly horizon: number;
}

/** Draws the parameters of a place. `texture` is the scene's noise. */
export type PlaceMaker = (chance: Chance, texture: Texture) => Place;

type Painted = (x: number, y: number) => Color;

const place = (horizon: number, paint: Painted): Place => ({
  horizon,
  background: (x, y, out) => {
    out.set(paint(x, y));
  },
});

/** Sky from zenith to horizon with clouds. */
function sky({ tint, between, odds }: Chance, texture: Texture, horizon: number): Painted {
  const top = tint(SKY);
  const low = lighter(mix(top, tint(SKY), 0.4), between(0.2, 0.6));
  const cover = odds(0.7) ? between(0.35, 0.6) : 1;
  const cloud = scaled([0.95, 0.95, 0.97], between(0.75, 1.05));
  const [shift, stretch] = [between(0, 50), between(1.5, 3)];
  return (x, y) => {
    const base = mix(top, low, clamp((y + 1) / (horizon + 1)));
    const density = smoothstep(cover, cover + 0.25, texture(x * 1.3 + shift, y * stretch + shift));
    return mix(base, cloud, density * 0.85);
  };
}

/** Ground whose texture shrinks towards the horizon. */
function ground(
  base: Color,
  second: Color,
  horizon: number,
  texture: Texture,
  shift: number,
  strength: number,
): Painted {
  return (x, y) => {
    const depth = 1 / (y - horizon + 0.18);
    const patch = texture(x * depth * 0.9 + shift, depth * 3 + shift);
    const blades = texture(x * 9 * Math.sqrt(depth) + shift, y * 14 * Math.sqrt(depth));
    const lit = 0.75 + 0.35 * clamp((y - horizon) / (1 - horizon));
    return scaled(mix(base, second, smoothstep(0.3, 0.7, patch)), lit * (1 + strength * (blades - 0.5)));
  };
}

const meadow: PlaceMaker = (chance, texture) => {
  const { between, tint, odds } = chance;
  const horizon = between(-0.15, 0.3);
  const above = sky(chance, texture, horizon);
  const below = ground(tint(GROUND), tint(GROUND), horizon, texture, between(0, 40), between(0.6, 1.2));
  const hills = odds(0.75) ? [0, 1].map((k) => ({ height: between(0.1, 0.5) / (k + 1), shift: between(0, 60) })) : [];
  const far = tint(odds(0.5) ? FOLIAGE : STONE);
  return place(horizon, (x, y) => {
    if (y > horizon) return below(x, y);
    const air = above(x, y);
    for (let k = hills.length - 1; k >= 0; k--) {
      const { height, shift } = hills[k]!;
      const crest = horizon - height * texture(x * 1.2 + shift, shift) * 1.6;
      const leaf = 0.7 + 0.6 * texture(x * 8 + shift, y * 8);
      if (y > crest) return mix(scaled(far, leaf), air, k === 0 ? 0.5 : 0.2);
    }
    return air;
  });
};

const sea: PlaceMaker = (chance, texture) => {
  const { between, tint } = chance;
  const horizon = between(-0.2, 0.2);
  const above = sky(chance, texture, horizon);
  const water = tint(DEEP);
  const crest = lighter(water, between(0.3, 0.6));
  const shift = between(0, 40);
  return place(horizon, (x, y) => {
    const air = above(x, Math.min(y, horizon));
    if (y < horizon) return air;
    const depth = 1 / (y - horizon + 0.12);
    const wave = texture(x * 2.2 * Math.sqrt(depth) + shift, depth * 5 + shift);
    const shade = mix(water, air, clamp(0.55 - 0.5 * (y - horizon)) * 0.8);
    return mix(scaled(shade, 0.65 + 0.6 * wave), crest, smoothstep(0.55, 0.8, wave) * 0.7);
  });
};

const street: PlaceMaker = (chance, texture) => {
  const { between, tint, odds } = chance;
  const horizon = between(0, 0.3);
  const above = sky(chance, texture, horizon);
  const road = ground(tint(STONE), tint(STONE), horizon, texture, between(0, 40), 0.5);
  const fronts = [0, 1, 2, 3].map(() => ({
    wall: scaled(tint(WALL), 0.8),
    height: between(0.3, 1.2),
    glass: odds(0.3) ? color('#f1d58a') : color('#35424e'),
    cell: between(0.16, 0.3),
  }));
  const [shift, width] = [between(0, 2), between(0.5, 0.9)];
  return place(horizon, (x, y) => {
    if (y > horizon) return road(x, y);
    const at = (x + 1 + shift) / width;
    const { wall, height, glass, cell } = fronts[Math.floor(at) % fronts.length]!;
    if (y < horizon - height) return above(x, y);
    const [u, v] = [(x + 9) / cell, (y + 9) / cell];
    const window = smoothstep(0.2, 0.3, u - Math.floor(u)) * smoothstep(0.25, 0.35, v - Math.floor(v));
    return scaled(mix(wall, glass, window * 0.7), 0.8 + 0.4 * texture(x * 6 + shift, y * 6));
  });
};

const room: PlaceMaker = ({ between, tint, odds, pick }, texture) => {
  const horizon = between(0.2, 0.55);
  const wall = tint(WALL);
  const trim = odds(0.5) ? scaled(wall, between(0.7, 0.9)) : wall;
  const table = tint(pick([WOOD, WALL, PAINTS]));
  const [period, shift, lamp] = [between(0.1, 0.3), between(0, 40), between(-1, 1)];
  const frame = odds(0.5) ? { x: between(-0.9, 0.5), y: between(-1, -0.5), color: tint(PAINTS) } : undefined;
  return place(horizon, (x, y) => {
    if (y > horizon) {
      const plank = texture(x * 1.5 + shift, (y - horizon) * 16 + shift);
      return scaled(table, (0.6 + 0.7 * plank) * (0.8 + 0.3 * (y - horizon)));
    }
    const falloff = 1.1 - 0.3 * ((x - lamp) * (x - lamp) * 0.5 + (y + 0.6) * (y + 0.6) * 0.4);
    const at = (x + 9) / period;
    const stripe = mix(wall, trim, smoothstep(0.45, 0.55, at - Math.floor(at)));
    const base = frame && x > frame.x && x < frame.x + 0.5 && y > frame.y && y < frame.y + 0.6 ? frame.color : stripe;
    return scaled(base, falloff * (0.88 + 0.24 * texture(x * 4 + shift, y * 4)));
  });
};

const forest: PlaceMaker = ({ between, tint }, texture) => {
  const horizon = between(0.1, 0.45);
  const [leaf, second, bark] = [tint(FOLIAGE.slice(0, 6)), tint(FOLIAGE), scaled(tint(WOOD), 0.6)];
  const floor = ground(tint(GROUND), tint(WOOD), horizon, texture, between(0, 40), 1);
  const shift = between(0, 60);
  return place(horizon, (x, y) => {
    if (y > horizon) return floor(x, y);
    const canopy = texture(x * 2.5 + shift, y * 2.5 + shift);
    const light = smoothstep(0.55, 0.8, texture(x * 4 + 2 * shift, y * 4));
    const trunk = smoothstep(0.62, 0.68, texture(x * 3.5 + shift, y * 0.15 + shift));
    const shade = mix(scaled(leaf, 0.35 + 0.9 * canopy), lighter(second, 0.3), light * 0.7);
    return mix(shade, bark, trunk * 0.8);
  });
};

const underwater: PlaceMaker = ({ between, tint, odds }, texture) => {
  const horizon = between(0.55, 0.9);
  const water = tint(DEEP);
  const [light, bottom] = [lighter(water, between(0.25, 0.5)), tint(GROUND)];
  const [shift, weed] = [between(0, 40), odds(0.6) ? tint(FOLIAGE) : undefined];
  return place(horizon, (x, y) => {
    const base = mix(light, scaled(water, 0.6), clamp((y + 1) / 2));
    const ray = smoothstep(0.5, 0.8, texture((x + y * 0.4) * 2.2 + shift, shift));
    const lit = scaled(mix(base, light, ray * (0.5 - 0.4 * y)), 0.8 + 0.4 * texture(x * 2 + shift, y * 2));
    const sand = horizon + 0.25 * (texture(x * 2 + shift, 3) - 0.5);
    if (y > sand) return mix(scaled(bottom, 0.6 + 0.7 * texture(x * 8, y * 14 + shift)), lit, 0.35);
    const stalk = weed && y > 0.7 - 1.2 * texture(x * 1.5 + shift, 9) && texture(x * 7 + y + shift, y * 0.7) > 0.58;
    return stalk ? mix(weed, lit, 0.4) : lit;
  });
};

/** Out of focus: large soft patches of colour and light spots. */
const blur: PlaceMaker = ({ between, tint, pick }, texture) => {
  const [dark, bright] = [scaled(tint(pick([FOLIAGE, WALL, PAINTS])), 0.6), tint(pick([FOLIAGE, SKY, WALL]))];
  const shift = between(0, 60);
  const spots = Array.from({ length: 7 }, () => ({
    x: between(-1, 1),
    y: between(-1, 1),
    size: between(0.1, 0.35),
    light: between(0.1, 0.4),
  }));
  return place(between(0.3, 0.7), (x, y) => {
    let base = mix(dark, bright, smoothstep(0.3, 0.7, texture(x * 0.9 + shift, y * 0.9 + shift)));
    for (const spot of spots) {
      const distance = ((x - spot.x) * (x - spot.x) + (y - spot.y) * (y - spot.y)) / (spot.size * spot.size);
      if (distance < 1) base = lighter(base, spot.light * (1 - distance * distance));
    }
    return base;
  });
};

/** Where a picture may be taken. */
export const PLACES = { meadow, sea, street, room, forest, underwater, blur } as const;

export type PlaceName = keyof typeof PLACES;
