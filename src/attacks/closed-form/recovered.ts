import type { Matrix } from '../../core/linear-algebra.js';
import type { Passed } from './chain.js';
import type { Head } from './head.js';

/** What the update of the dense head says about every sample, before any picture is looked for. */
export interface Recovered extends Passed {
  /** As its updates were read: as they are, or as one gradient nearly. */
  readonly head: Head;
  /** [B, features] */
  readonly features: Matrix;
  /** Labels, where every image's errors were read off the row space, which tells images of one class apart. */
  readonly separated?: Int32Array;
}
