import { rounded } from '../core/evidence.js';
import { type FloatFormat, halfStepsAbout, nearestIn } from '../core/float-format.js';
import type { Obfuscation } from '../core/types.js';
import { operator } from './operator.js';

/** Every entry as the nearest number of a format, ties to the even one; beyond its range the largest it has. */
export const reducedFloat = (verb: string, format: FloatFormat, largest: number): Obfuscation =>
  operator(verb, {}, [], (tensors, { before, message }) => {
    const values = tensors.map(({ data }) =>
      nearestIn(data, format).map((value) => Math.max(-largest, Math.min(largest, value))),
    );
    return {
      values,
      evidence: before.map((e, t) => {
        const half = halfStepsAbout(values[t]!, format);
        values[t]!.forEach((value, i) => {
          if (Math.abs(value) >= largest) half[i] = Number.POSITIVE_INFINITY;
        });
        return rounded(e, half, half);
      }),
      message: { ...message, valueBits: Math.min(16, message.valueBits) },
    };
  });
