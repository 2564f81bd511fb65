import type { Color } from './color.js';
import { clamp, length, type Point, type Shape } from './shapes.js';
import type { Texture } from './texture.js';

/** A painted shape of a thing, in the thing's own coordinates: -1 to 1, y down. */
export interface Part {
  readonly shape: Shape;
  readonly color: Color;
  /** Where 1, `second` replaces the colour. */
  readonly pattern?: Texture;
  readonly second?: Color;
  /** The shape whose rim bends, when it is not the outline: a simpler one that has no creases. */
  readonly bulge?: Shape;
  /** Width of the rounded rim that catches the light. 0: flat. */
  readonly round: number;
  /** Strength of the surface texture. Default 0.25. */
  readonly grain?: number;
  /** Texture cells per unit. Default 5. */
  readonly fine?: number;
  /** Strength of the highlight. Default 0. */
  readonly gloss?: number;
}

/** A thing at its place: scale and turn are applied about its origin. */
export interface Placed {
  readonly parts: readonly Part[];
  readonly at: Point;
  readonly scale: number;
  /** Cosine and sine of its turn. */
  readonly turn: Point;
  readonly mirrored: boolean;
}

/** A soft dark ellipse on what lies behind. */
export interface Shadow {
  readonly at: Point;
  readonly radius: Point;
  readonly strength: number;
}

/** Everything that is rendered, from back to front. The picture is -1 to 1 in x and y. */
export interface Scene {
  /** Writes the linear colour of the background into the buffer. */
  readonly background: (x: number, y: number, out: Float64Array) => void;
  readonly shadows: readonly Shadow[];
  readonly things: readonly Placed[];
  /** Unit vector to the light, z towards the viewer. */
  readonly light: readonly [x: number, y: number, z: number];
  readonly ambient: number;
  readonly exposure: Color;
  readonly vignette: number;
  readonly texture: Texture;
}

const SAMPLES = 2;

/** Renders a scene to 8-bit sRGB-like pixels [size, size, 3]: 2x2 samples a pixel, gamma 2. */
export function render(scene: Scene, size: number): Uint8Array {
  const pixels = new Uint8Array(size * size * 3);
  const sample = new Float64Array(3);
  const step = 2 / (size * SAMPLES);
  const painters = scene.things.map((thing, i) => painterOf(scene, thing, step, i));
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let k = 0; k < SAMPLES * SAMPLES; k++) {
        const x = (column * SAMPLES + (k % SAMPLES) + 0.5) * step - 1;
        const y = (row * SAMPLES + (k >> 1) + 0.5) * step - 1;
        scene.background(x, y, sample);
        for (const shadow of scene.shadows) darken(shadow, x, y, sample);
        for (const paint of painters) paint(x, y, sample);
        const edge = 1 - scene.vignette * (x * x + y * y) * 0.5;
        red += sample[0]! * edge;
        green += sample[1]! * edge;
        blue += sample[2]! * edge;
      }
      const at = (row * size + column) * 3;
      const [r, g, b] = scene.exposure;
      pixels[at] = encode(red * r);
      pixels[at + 1] = encode(green * g);
      pixels[at + 2] = encode(blue * b);
    }
  return pixels;
}

const CONTRAST = 1.25;

/** Mean of the samples with more contrast, a soft shoulder above 0.8 in place of a hard clip, to 8 bits. */
function encode(sum: number): number {
  const value = Math.max(0, CONTRAST * (Math.sqrt(sum / (SAMPLES * SAMPLES)) - 0.5) + 0.5);
  const soft = value < 0.8 ? value : 0.8 + (0.2 * (value - 0.8)) / (value - 0.6);
  return Math.floor(soft * 255 + 0.5);
}

function darken({ at, radius, strength }: Shadow, x: number, y: number, out: Float64Array): void {
  const distance = length((x - at[0]) / radius[0], (y - at[1]) / radius[1]);
  if (distance >= 1) return;
  const fade = 1 - distance * distance;
  const factor = 1 - strength * fade * fade;
  for (let c = 0; c < 3; c++) out[c] = out[c]! * factor;
}

type Painter = (x: number, y: number, out: Float64Array) => void;

function painterOf(scene: Scene, thing: Placed, step: number, order: number): Painter {
  const { parts, at, scale, turn, mirrored } = thing;
  const side = mirrored ? -1 : 1;
  const [lx, ly, lz] = scene.light;
  // the light in the thing's own coordinates
  const light = [side * (turn[0] * lx + turn[1] * ly), turn[0] * ly - turn[1] * lx, lz] as const;
  const soft = (1.3 * step) / scale;
  return (x, y, out) => {
    const dx = (x - at[0]) / scale;
    const dy = (y - at[1]) / scale;
    const u = side * (turn[0] * dx + turn[1] * dy);
    const v = turn[0] * dy - turn[1] * dx;
    if (u < -1.6 || u > 1.6 || v < -1.6 || v > 1.6) return;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      const distance = part.shape(u, v);
      const cover = 0.5 - distance / soft;
      if (cover <= 0) continue;
      shade(part, distance, u, v, light, scene, order * 17 + i * 3, Math.min(cover, 1), out);
    }
  };
}

const EPSILON = 1e-3;

/** Lambert's law with ambient light on a surface that bends away within `round` of its rim, mixed over `out`. */
function shade(
  part: Part,
  distance: number,
  u: number,
  v: number,
  light: readonly [number, number, number],
  { ambient, texture }: Scene,
  offset: number,
  cover: number,
  out: Float64Array,
): void {
  const { shape, bulge = shape, color, pattern, second = color, round, grain = 0.25, fine = 5, gloss = 0 } = part;
  const depth = bulge === shape ? distance : bulge(u, v);
  const bend = round > 0 ? clamp(1 + depth / round) : 0;
  let facing = light[2];
  if (bend > 0) {
    const gx = (bulge(u + EPSILON, v) - depth) / EPSILON;
    const gy = (bulge(u, v + EPSILON) - depth) / EPSILON;
    facing = bend * (gx * light[0] + gy * light[1]) + Math.sqrt(1 - bend * bend) * light[2];
  }
  const diffuse = Math.max(0, facing);
  const surface = 1 + grain * 2 * (texture(u * fine + offset, v * fine + 2 * offset) - 0.5);
  const brightness = (ambient + (1 - ambient) * 1.35 * diffuse) * surface;
  const square = diffuse * diffuse;
  const fourth = square * square;
  const highlight = gloss * fourth * fourth * fourth;
  const share = pattern ? pattern(u, v) : 0;
  for (let c = 0; c < 3; c++) {
    const lit = (color[c]! + (second[c]! - color[c]!) * share) * brightness + highlight;
    out[c] = out[c]! + (lit - out[c]!) * cover;
  }
}
