import { sizeOf } from './arrays.js';
import { problem } from './errors.js';
import { EXACT, rounded, widthsOf } from './evidence.js';
import { checkOptions, number } from './options.js';
import type { Evidence, NamedArray } from './types.js';

/** One bound for a whole tensor, one for each channel (the last axis), or one for each entry. */
export type Bound = number | ArrayLike<number>;

/** What somebody's own phi leaves of a tensor; see {@link Evidence}. What is not said is exact. */
export interface OwnEvidence {
  /** Default 0. */
  readonly tolerance?: Bound;
  /** Default: `tolerance`. */
  readonly zeroTolerance?: Bound;
  /** Default 0. */
  readonly noise?: number;
  readonly signOnly?: boolean;
  readonly scaleUnknown?: boolean;
}

const FIELDS = ['tolerance', 'zeroTolerance', 'noise', 'signOnly', 'scaleUnknown'];

/**
 * Evidence from what somebody says of their own phi, about a tensor that came out of it.
 * @throws unknown fields, bounds below 0 or of a length that is neither that of the channels nor that of the entries
 */
export function evidenceFrom(where: string, own: OwnEvidence, tensor: NamedArray): Evidence {
  if (typeof own !== 'object' || own === null)
    throw problem(where, `the evidence of ${tensor.name} must be { tolerance, ... }`, own);
  checkOptions(`${where} evidence`, own, FIELDS);
  const { tolerance = 0, zeroTolerance = tolerance, noise = 0, signOnly = false, scaleUnknown = false } = own;
  const [kept, zero] = [
    bound(where, 'tolerance', tolerance, tensor),
    bound(where, 'zeroTolerance', zeroTolerance, tensor),
  ];
  if (noise !== Number.POSITIVE_INFINITY) number(where, 'noise', noise, 0, Number.POSITIVE_INFINITY);
  const length = Math.max(kept.length, zero.length);
  const spread = (values: Float32Array): Float32Array =>
    Float32Array.from({ length }, (_, i) => values[i % values.length]!);
  return {
    ...EXACT,
    tolerance: loosest(kept),
    zeroTolerance: loosest(zero),
    noise,
    signOnly,
    scaleUnknown,
    ...(length > 1 && { each: { tolerance: spread(kept), zeroTolerance: spread(zero) } }),
  };
}

/** What is known after an operator with evidence of its own, where some was lost before. */
export function after(before: Evidence, own: Evidence): Evidence {
  const { kept, zero } = widthsOf(own);
  return {
    ...rounded(before, kept, zero, own.noise),
    signOnly: before.signOnly || own.signOnly,
    scaleUnknown: before.scaleUnknown || own.scaleUnknown,
  };
}

const loosest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, value), 0);

function bound(where: string, what: string, value: Bound, { name, shape }: NamedArray): Float32Array {
  const values = typeof value === 'number' ? Float32Array.of(value) : Float32Array.from(value ?? []);
  const lengths = [1, shape.at(-1) ?? 1, sizeOf(shape)];
  if (!lengths.includes(values.length))
    throw problem(
      where,
      `${what} of ${name} [${shape}] must be one number, ${lengths[1]} (one for each channel) or ` +
        `${lengths[2]} (one for each entry)`,
      `${values.length} numbers`,
    );
  const wrong = values.find((entry) => !(entry >= 0));
  if (wrong !== undefined) throw problem(where, `${what} of ${name} must be at least 0`, wrong);
  return values;
}
