import type { NdArray, Progress } from '../../core/types.js';
import type { ClosureOptions } from './closure.js';
import type { Group } from './group.js';
import type { Search } from './minimise.js';

/** Options that every attack takes. */
export interface RunOptions {
  /** Seed of the starting point; default 1. */
  readonly seed?: number;
  /** Called after every closure. */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Stops the attack after the running closure; the best so far is returned with `stopped: 'cancelled'`.
   * A notebook's interrupt does the same. Where it comes while the labels of a batch are counted, they are read by a
   * quicker rule; rog() where it chooses then returns an even gray.
   */
  readonly signal?: AbortSignal;
  /** A file that lets a killed run resume to the same result. One run holds it at a time. */
  readonly checkpoint?: string;
  /** Seconds between two checkpoints; default 2; 0: after every closure. */
  readonly checkpointSeconds?: number;
  /**
   * Starting points, each with all closures; the best by the objective is kept. Default 1. One after the other, or
   * closure by closure together where the session stacks steps, see start(), and no checkpoint is kept.
   */
  readonly restarts?: number;
}

/** What a paper's recipe adds to the shared parts. */
export interface Recipe
  extends Omit<ClosureOptions, 'labels'>,
    Pick<Search, 'stages' | 'box' | 'signed' | 'optimizer'> {
  readonly attack: string;
  /** The first stage's latent, from a seed. */
  readonly start: (seed: number) => NdArray;
  /** `joint`: soft labels from N(0, 1) logits are searched together with the pictures. Default: given, or inferred. */
  readonly labels?: 'joint';
  /** Several searches that pull each other towards their mean (Yin et al. 2021). Default: one alone. */
  readonly group?: Group;
  /** Whether the objective knows phi; written into the settings. */
  readonly defenseAware: boolean;
}
