/** Linear light, red, green, blue. */
export type Color = readonly [r: number, g: number, b: number];

/** A colour written as in a style sheet (#rrggbb), in linear light with a gamma of 2 (the square root is exact). */
export function color(hex: string): Color {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value * value;
  };
  return [channel(1), channel(3), channel(5)];
}

const list = (text: string): readonly Color[] => text.split(' ').map(color);

/** What things are painted with; shared by all classes so that colour alone does not tell them apart. */
export const PAINTS = list(
  '#c0392b #d35445 #e67e22 #f0a830 #f4d35e #3f7d4e #6aa84f #2e6f9e #4a90d9 #274060 #7d4f9e #b5578e #e8e4da ' +
    '#f5f0e6 #9aa0a6 #6b4a33 #a9744f #3b3b44 #d9b38c #86c5c8',
);
export const VIVID = list('#d62f2f #e8602c #f2a71b #f6d743 #3d9b4f #2579c7 #1d3f8f #8e3fb0 #d84c92 #f3efe6 #1fa6a0');
export const FOLIAGE = list('#3d6b2f #4f8a3a #6f9f3c #2f5a3c #88a04a #b88a2e #c4682b #a63d2a');
export const WOOD = list('#5b3d28 #6f4b30 #84603f #4a3526 #9a7650');
export const GROUND = list('#5d8a3c #7a9a4a #8f8a4a #a58f63 #6f7f3f #b59f78 #8b8f92');
export const STONE = list('#7d7a74 #948f86 #a9a39a #67655f #b8b0a2');
export const WALL = list('#e9dcc3 #d8c3a5 #c9d3d6 #b7c4b1 #dfb9a0 #b98f72 #8fa3b5 #efe9df #a84f3f #7f8c6d');
export const SKY = list('#4f8fcf #6fa8dc #8fb8dd #b9cbd8 #d9d4cf #e8b98a #5d7fa8 #9ec4e0');
export const FUR = list('#d98c3f #8a8580 #4a4440 #c9a27c #e9e2d6 #6b5444 #b5651d');
export const DEEP = list('#1f6f8b #145374 #2a9d8f #1d4e6b #3a8fb0');

const WHITE: Color = [1, 1, 1];

/** (1 - share) a + share b */
export const mix = (a: Color, b: Color, share: number): Color => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
];

export const scaled = ([r, g, b]: Color, factor: number): Color => [r * factor, g * factor, b * factor];

export const lighter = (base: Color, share: number): Color => mix(base, WHITE, share);
