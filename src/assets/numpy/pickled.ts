import { problem } from '../../core/errors.js';
import type { NamedArray } from '../../core/types.js';
import { LIMITS } from '../limits.js';
import type { Builders, Held } from '../torch/pickle.js';
import { decodeEntries, decodeNpy, isNpy } from './npy.js';

const held =
  (kind: string) =>
  (args: readonly unknown[]): Held => ({ held: kind, args, state: undefined });

const both = (name: string): string[] => [`numpy.core.${name}`, `numpy._core.${name}`];

/** The parts of numpy's pickles: what is kept of each call. Numbers of numpy are of no use here. */
export const NUMPY_BUILDERS: Builders = {
  'numpy.dtype': held('dtype'),
  ...Object.fromEntries([
    ...both('multiarray._reconstruct').map((name) => [name, held('array')]),
    ...both('numeric._frombuffer').map((name) => [name, held('buffer')]),
    ...both('multiarray.scalar').map((name) => [name, () => null]),
  ]),
  // bytes, as protocol 2 writes them
  '_codecs.encode': ([text, coding]) =>
    typeof text === 'string' && coding === 'latin1' ? Uint8Array.from(text, (letter) => letter.charCodeAt(0)) : null,
};

export const NUMPY_MENTIONS: readonly string[] = ['numpy.ndarray'];

const isHeld = (value: unknown): value is Held => typeof value === 'object' && value !== null && 'held' in value;
const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= LIMITS.dimensions && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/**
 * An array of numpy inside a pickle, or a byte string that is a .npy file (a blob of Flower's Parameters); undefined
 * for anything else.
 * @throws arrays of objects and other types, by name; sizes that do not fit
 */
export function pickledArray(value: unknown, where: string, name: string): NamedArray | undefined {
  if (value instanceof Uint8Array) return isNpy(value) ? withoutEnd(decodeNpy(value, where, name)) : undefined;
  if (!isHeld(value) || value.held === 'dtype') return undefined;
  const [shape, type, fortran, bytes] =
    value.held === 'array'
      ? (Array.isArray(value.state) ? value.state : []).slice(1)
      : [value.args[2], value.args[1], value.args[3] === 'F', value.args[0]];
  if (!isShape(shape) || !isHeld(type) || !(bytes instanceof Uint8Array))
    throw problem(where, `${name} must be a plain array of numbers`, 'an array of objects', NEVER_RUN);
  const order = Array.isArray(type.state) ? String(type.state[1]) : '=';
  const code = `${/^[<>=|]$/.test(order) ? order : '?'}${type.args[0]}`;
  return { name, shape, data: decodeEntries(where, name, { code, fortran: fortran === true, shape }, bytes) };
}

const NEVER_RUN = 'nothing of a pickle is ever run; save plain arrays';

const withoutEnd = ({ name, shape, data }: NamedArray): NamedArray => ({ name, shape, data });
