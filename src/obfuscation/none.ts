import type { Obfuscation } from '../core/types.js';
import { operator } from './operator.js';

/**
 * q(g) = g: the server sees the update itself, 32 bits per entry. The arrays are the update's own, not copies.
 * @example rog.phi.none().apply(update.tensors, 1)
 */
export const none = (): Obfuscation =>
  operator('none', {}, [], (tensors, { before, message }) => ({
    values: tensors.map(({ data }) => data),
    evidence: before,
    message,
  }));
