/** A value in [0, 1) for a point of the plane. */
export type Texture = (x: number, y: number) => number;

function lattice(ix: number, iy: number, seed: number): number {
  let hash = Math.imul(ix, 0x27d4eb2d) ^ Math.imul(iy, 0x165667b1) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

function valueNoise(x: number, y: number, seed: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = x - ix;
  const fy = y - iy;
  const sx = fx * fx * (3 - 2 * fx);
  const sy = fy * fy * (3 - 2 * fy);
  const top = lattice(ix, iy, seed) * (1 - sx) + lattice(ix + 1, iy, seed) * sx;
  const bottom = lattice(ix, iy + 1, seed) * (1 - sx) + lattice(ix + 1, iy + 1, seed) * sx;
  return top * (1 - sy) + bottom * sy;
}

/**
 * Fractal value noise: sum over octaves k of persistence^k noise(2^k p), divided by the sum of weights. Its mean is
 * 1/2; persistence 1/2 gives the 1/f amplitude spectrum of natural images.
 */
export function fractal(seed: number, octaves: number, persistence = 0.5): Texture {
  return (x, y) => {
    let sum = 0;
    let weights = 0;
    let weight = 1;
    let scale = 1;
    for (let k = 0; k < octaves; k++) {
      sum += weight * valueNoise(x * scale, y * scale, (seed + k * 0x9e3779b9) | 0);
      weights += weight;
      weight *= persistence;
      scale *= 2;
    }
    return sum / weights;
  };
}

/** Stripes along y of the given period: 0 or 1 with soft edges. */
export const stripes =
  (period: number, share = 0.5, offset = 0): Texture =>
  (_, y) => {
    const t = (y + offset) / period;
    return t - Math.floor(t) < share ? 1 : 0;
  };

/** A texture with x and y exchanged. */
export const sideways =
  (texture: Texture): Texture =>
  (x, y) =>
    texture(y, x);
