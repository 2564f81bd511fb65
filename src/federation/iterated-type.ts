import type { NdArray } from '../core/types.js';
import type { Tensor } from '../engine/index.js';

/** Shown the pictures and the weights of every local step before it is done. */
export type Visit = (t: number, images: NdArray, weights: readonly NdArray[]) => Promise<void>;

/** A client's local steps as one compiled step that runs again and again. Dispose it when done. */
export interface Iterated {
  /** Of a way `forward` only. */
  readonly forward: (
    images: NdArray,
    targets: NdArray,
    visit?: Visit,
  ) => Promise<{ delta: readonly NdArray[]; loss: number }>;
  /** What the steps come to, and the way back: from the derivatives in its parts to those in images and targets. */
  readonly sweep: (images: NdArray, targets: NdArray) => Promise<Sweep>;
  /** Arrays of the shapes of a sweep's parts. */
  readonly parts: readonly NdArray[];
  /** delta, one tensor per parameter, as a differentiable function of the parts. */
  readonly delta: (parts: readonly Tensor[]) => Tensor[];
  /** What a sweep there and back will take, by a trial of the first step. */
  readonly cost: (images: NdArray, targets: NdArray) => Promise<Cost>;
  readonly engine: string;
  /** What was done so far. */
  readonly work: () => Work;
  readonly dispose: () => void;
}

/** Runs of a compiled step, forward and back, and the bytes that were held for the way back at a time, at most. */
export interface Work {
  readonly forward: number;
  readonly back: number;
  readonly held: number;
}

/** Seconds, and bytes beside those of the compiled steps. */
export interface Cost {
  readonly seconds: number;
  readonly bytes: number;
}

/** A sweep forward through the local steps that can be gone back once or more often. */
export interface Sweep {
  readonly parts: readonly NdArray[];
  readonly back: (adjoint: readonly NdArray[]) => Promise<{ images: NdArray; targets: NdArray }>;
}
