import type { NamedArray } from '../core/types.js';

/** Over which entries a scale, threshold or norm is taken: each tensor alone, or the whole update. */
export type Scope = 'tensor' | 'update';
export const SCOPES: readonly Scope[] = ['tensor', 'update'];

/** Also each layer: kernel and bias together, tensors whose names are equal up to the last `/`. */
export type LayerScope = Scope | 'layer';
export const LAYER_SCOPES: readonly LayerScope[] = ['update', 'layer', 'tensor'];

const GROUP_OF: Readonly<Record<LayerScope, (tensor: NamedArray, index: number) => string>> = {
  update: () => '',
  layer: ({ name }, index) => (name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : String(index)),
  tensor: (_, index) => String(index),
};

/** How the size of a scope is measured: the largest absolute entry, or the Euclidean norm. */
export type Norm = 'max' | 'l2';
export const NORMS: readonly Norm[] = ['max', 'l2'];

/** One number of its scope for each tensor. */
export function perScope(
  tensors: readonly NamedArray[],
  scope: LayerScope,
  measure: (group: readonly Float32Array[]) => number,
): number[] {
  const keys = tensors.map(GROUP_OF[scope]);
  const groups = new Map<string, Float32Array[]>();
  tensors.forEach(({ data }, i) => {
    groups.set(keys[i]!, [...(groups.get(keys[i]!) ?? []), data]);
  });
  const numbers = new Map([...groups].map(([key, group]) => [key, measure(group)]));
  return keys.map((key) => numbers.get(key)!);
}

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
