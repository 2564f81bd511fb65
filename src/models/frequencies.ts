import type { NdArray } from '../core/types.js';

/** Orthonormal opponent colours: brightness, red against blue, green against both. */
const COLOURS = [
  [1 / Math.sqrt(3), 1 / Math.sqrt(3), 1 / Math.sqrt(3)],
  [1 / Math.sqrt(2), 0, -1 / Math.sqrt(2)],
  [1 / Math.sqrt(6), -2 / Math.sqrt(6), 1 / Math.sqrt(6)],
] as const;

/** Low frequencies that {@link lowFrequencies} keeps: n^2 of brightness, (n / 2)^2 of each opponent colour. */
export const frequencyCount = (bands: number): number => bands ** 2 + 2 * Math.floor(bands / 2) ** 2;

/**
 * The orthonormal basis [count, side * side * 3] of a picture's low frequencies: the cosine transform (DCT-II) of
 * brightness up to `bands` per axis, of two opponent colours up to half as many, as the eye and JPEG weigh them.
 * c = basis (x - 0.5) are the coefficients, basis^T c + 0.5 is the nearest picture of that kind.
 */
export function lowFrequencies(side: number, bands: number): NdArray {
  const wave = (k: number, at: number): number =>
    Math.sqrt((k === 0 ? 1 : 2) / side) * Math.cos((Math.PI * (at + 0.5) * k) / side);
  const rows = COLOURS.flatMap((colour, c) => {
    const n = c === 0 ? bands : Math.floor(bands / 2);
    return Array.from({ length: n * n }, (_, k) => ({ colour, u: Math.floor(k / n), v: k % n }));
  });
  const data = new Float32Array(rows.length * side * side * 3);
  rows.forEach(({ colour, u, v }, row) => {
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let c = 0; c < 3; c++) data[((row * side + y) * side + x) * 3 + c] = wave(u, y) * wave(v, x) * colour[c]!;
  });
  return { shape: [rows.length, side * side * 3], data };
}
