/** Checks of what a layer may say, by the rules of core/option-table and those of its own. */
import { problem } from '../../core/errors.js';
import type { Option as AnyOption } from '../../core/option-table.js';
import { real as atLeast, flag as truth, whole, word as wordOf } from '../../core/option-table.js';
import { oneOf } from '../../core/options.js';

export type Option = Pick<AnyOption, 'check' | 'needed'>;
type Check = Option['check'];

export const required = (check: Check): Option => ({ check, needed: true });
export const optional = (check: Check): Option => ({ check });

/** A whole number of at least 1. */
export const count: Check = whole('').check;
/** A whole number of at least 0. */
export const index: Check = whole('', undefined, { from: 0 }).check;
/** A number of at least 0. */
export const notNegative: Check = atLeast('').check;
/** A number from 0 to 1. */
export const share: Check = atLeast('', undefined, { to: 1 }).check;
/** A probability below 1. */
export const rate: Check = (where, name, value) => {
  if (!(Number.isFinite(value) && (value as number) >= 0 && (value as number) < 1))
    throw problem(where, `${name} must be a number from 0 to below 1`, value);
};
export const flag: Check = truth('').check;
/** One of some words. */
export const word = (...allowed: readonly string[]): Check => wordOf('', allowed).check;
/** Any finite number. */
export const real: Check = (where, name, value) => {
  if (!Number.isFinite(value)) throw problem(where, `${name} must be a finite number`, value);
};

/** A whole number of at least 1, or two of them. */
export const extent: Check = (where, name, value) => {
  const whole = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 1;
  if (whole(value) || (Array.isArray(value) && value.length === 2 && value.every(whole))) return;
  throw problem(where, `${name} must be an integer of at least 1, or [height, width] of such`, value);
};

/** 'same', 'valid', a whole number of at least 0, or four of them. */
export const padding: Check = (where, name, value) => {
  const whole = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 0;
  if (whole(value) || (Array.isArray(value) && value.length === 4 && value.every(whole))) return;
  if (typeof value === 'string' && Number.isNaN(Number(value))) oneOf(where, name, value, ['same', 'valid']);
  else
    throw problem(
      where,
      `${name} must be 'same', 'valid', an integer of at least 0, or [top, bottom, left, right]`,
      value,
    );
};

/** A whole number, or four of them. */
export const cells: Check = (where, name, value) => {
  if (Number.isInteger(value) || (Array.isArray(value) && value.length === 4 && value.every(Number.isInteger))) return;
  throw problem(where, `${name} must be a whole number or [top, bottom, left, right]`, value);
};

/** [height, width, channels] of a picture. */
export const picture: Check = (where, name, value) => {
  const whole = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 1;
  if (Array.isArray(value) && value.length === 3 && value.every(whole)) return;
  throw problem(where, `${name} must be [height, width, channels]`, value);
};

/** One finite number per channel. */
export const numbers: Check = (where, name, value) => {
  if (!Array.isArray(value) || !value.every(Number.isFinite))
    throw problem(where, `${name} must be a list of numbers, one per channel`, value);
};

/** A list; what is in it is looked at when it is walked. */
export const list: Check = (where, name, value) => {
  if (!Array.isArray(value)) throw problem(where, `${name} must be a list of layers`, value);
};

/** A list of lists. */
export const lists: Check = (where, name, value) => {
  if (!Array.isArray(value) || value.length < 2 || !value.every(Array.isArray))
    throw problem(where, `${name} must be a list of at least two lists of layers`, value);
};

/** A list of a graph's nodes; what each says is looked at one by one. */
export const nodes: Check = (where, name, value) => {
  if (!Array.isArray(value) || value.length === 0)
    throw problem(where, `${name} must be a list of at least one node`, value);
};

/** Numbers of values from 0 to `last`, at least one. */
export const earlier =
  (last: number): Check =>
  (where, name, value) => {
    const is = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 0 && (n as number) <= last;
    if (Array.isArray(value) && value.length > 0 && value.every(is)) return;
    const range = last === 0 ? '0 alone, the input' : `whole numbers from 0, the input, to ${last}, the node before`;
    throw problem(where, `${name} must be a list of ${range}`, value);
  };
