import type { NamedArray } from '../core/types.js';

/** Over which entries a scale, threshold or norm is taken: each tensor alone, or the whole update. */
export type Scope = 'tensor' | 'update';
export const SCOPES: readonly Scope[] = ['tensor', 'update'];

/** How the size of a scope is measured: the largest absolute entry, or the Euclidean norm. */
export type Norm = 'max' | 'l2';
export const NORMS: readonly Norm[] = ['max', 'l2'];

/** The groups of a scope, and one number of its group for each tensor. */
export function perScope(
  tensors: readonly NamedArray[],
  scope: Scope,
  measure: (group: readonly Float32Array[]) => number,
): number[] {
  const arrays = tensors.map(({ data }) => data);
  if (scope === 'tensor') return arrays.map((data) => measure([data]));
  const value = measure(arrays);
  return arrays.map(() => value);
}

/** Number of groups of a scope. */
export const groupCount = (tensors: readonly NamedArray[], scope: Scope): number =>
  scope === 'tensor' ? tensors.length : Math.min(1, tensors.length);

/** max |g| or ||g||_2 of the arrays together, in float64; 0 when empty. */
export const norms: Readonly<Record<Norm, (arrays: readonly Float32Array[]) => number>> = {
  max: (arrays) => {
    let largest = 0;
    for (const data of arrays) for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]!));
    return largest;
  },
  l2: (arrays) => Math.sqrt(squaredNorm(arrays)),
};

/** ||g||^2 of the arrays together, in float64. */
export function squaredNorm(arrays: readonly Float32Array[]): number {
  let sum = 0;
  for (const data of arrays) for (let i = 0; i < data.length; i++) sum += data[i]! * data[i]!;
  return sum;
}
