import { sizeOf } from '../core/arrays.js';
import type { NdArray } from '../core/types.js';
import type { LocalStep } from './client-settings.js';

export const zeros = (shape: readonly number[]): NdArray => ({ shape, data: new Float32Array(sizeOf(shape)) });

/** Rows of an array [n, ...]; the array itself where none are named. */
export function pick(array: NdArray, rows: LocalStep['rows']): NdArray {
  if (!rows) return array;
  const [, ...shape] = array.shape;
  const size = sizeOf(shape);
  const picked = zeros([rows.length, ...shape]);
  rows.forEach((row, i) => {
    picked.data.set(array.data.subarray(row * size, (row + 1) * size), i * size);
  });
  return picked;
}

/** Rows from..to of an array; shares memory with it. */
export function slice({ shape: [, ...shape], data }: NdArray, from: number, to: number): NdArray {
  const size = sizeOf(shape);
  return { shape: [to - from, ...shape], data: data.subarray(from * size, to * size) };
}

/** Adds rows to the rows of `into` that a step had picked. */
export function scatter(into: NdArray, { data }: NdArray, { rows }: LocalStep): void {
  if (!rows) {
    for (let i = 0; i < data.length; i++) into.data[i]! += data[i]!;
    return;
  }
  const size = data.length / rows.length;
  rows.forEach((row, k) => {
    for (let i = 0; i < size; i++) into.data[row * size + i]! += data[k * size + i]!;
  });
}

export const scaled = (arrays: readonly NdArray[], by: number): NdArray[] =>
  arrays.map(({ shape, data }) => ({ shape, data: data.map((value) => value * by) }));
