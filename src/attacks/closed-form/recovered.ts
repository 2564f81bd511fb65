import type { Matrix } from '../../core/linear-algebra.js';
import type { Passed } from './chain.js';

/** What the update of the dense head says about every sample, before any picture is looked for. */
export interface Recovered extends Passed {
  /** [B, features] */
  readonly features: Matrix;
  /**
   * Where every image's errors were read off the update's row space, so that images of one class are told apart: their
   * labels.
   */
  readonly separated?: Int32Array;
}
