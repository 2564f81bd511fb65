/**
 * What an observed tensor still says about the true one, entry by entry. `value` is the observed entry, `true` the
 * entry before obfuscation. The server derives it from the public parameters of phi and the observed numbers alone.
 */
export interface Evidence {
  /** |true - value| <= tolerance wherever value != 0. 0: exact. */
  readonly tolerance: number;
  /** |true| <= zeroTolerance wherever value == 0. 0: exact. Infinity: nothing is known. */
  readonly zeroTolerance: number;
  /** Standard deviation of zero-mean noise on each entry, in the units of the value. 0: none. */
  readonly noise: number;
  /** Only the sign of each entry is meaningful (magnitude unknown). */
  readonly signOnly: boolean;
  /** The tensor may have been scaled by an unknown positive factor (clipping). */
  readonly scaleUnknown: boolean;
  /** Where the two bounds differ within the tensor: `tolerance` and `zeroTolerance` are then the loosest of these. */
  readonly each?: EachBound;
  /** The noise lies on top of the bounds: an entry may be further off. Absent: both are the same rounding. */
  readonly blurred?: true;
  /** An observed entry may have another sign than the true one, within the bounds. */
  readonly crossesZero?: true;
  /** The tensor was not sent: zeros stand for it. */
  readonly unsent?: true;
  /** Only this projection of the tensor was sent: bounds and noise are of the projected entries. */
  readonly projection?: Projection;
}

/** Of a tensor as a matrix M [rows, columns], only M B B^T: `basis` B [columns, rank], orthonormal, row-major. */
export interface Projection {
  readonly basis: Float32Array;
  readonly rank: number;
}

/** Bounds of channels (one an index of the last axis) or entries (as many as the tensor has), row-major. */
export interface EachBound {
  readonly tolerance: Float32Array;
  readonly zeroTolerance: Float32Array;
}
