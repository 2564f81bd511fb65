/** The arithmetic of sliding windows. */
import type { Extent, ImageShape, Padding } from '../../core/types.js';

export type Pair = readonly [height: number, width: number];
export type Sides = readonly [top: number, bottom: number, left: number, right: number];

export const pair = (n: Extent): Pair => (typeof n === 'number' ? [n, n] : n);

/** Cells added on each side. */
export function sidesOf(padding: Padding, size: Pair, dilation: Pair = [1, 1]): Sides {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (typeof padding === 'number') return [padding, padding, padding, padding];
  if (padding !== 'same') return padding;
  const [rows, columns] = size.map((n, d) => dilation[d]! * (n - 1)) as [number, number];
  const before = (n: number): number => Math.floor(n / 2);
  return [before(rows), rows - before(rows), before(columns), columns - before(columns)];
}

/** Cells of the output: floor((n + padding - dilation (size - 1) - 1) / stride) + 1 in both directions. */
export function places([height, width]: ImageShape, sides: Sides, size: Pair, stride: Pair, dilation: Pair = [1, 1]) {
  const along = (n: number, d: 0 | 1): number => Math.floor((n - dilation[d] * (size[d] - 1) - 1) / stride[d]) + 1;
  return [along(height + sides[0] + sides[1], 0), along(width + sides[2] + sides[3], 1)] as const;
}
