/** Checks of what a layer may say: kind and range of every option. */
import { problem } from '../../core/errors.js';
import { checkOptions, integer, number, oneOf } from '../../core/options.js';

type Check = (where: string, name: string, value: unknown) => void;

/** One option of a layer. */
export interface Option {
  readonly check: Check;
  readonly needed: boolean;
}

export const required = (check: Check): Option => ({ check, needed: true });
export const optional = (check: Check): Option => ({ check, needed: false });

const limitless = Number.POSITIVE_INFINITY;

/** A whole number of at least 1. */
export const count: Check = (where, name, value) => void integer(where, name, value as number, 1);
/** A whole number of at least 0. */
export const index: Check = (where, name, value) => void integer(where, name, value as number, 0);
/** Any finite number. */
export const real: Check = (where, name, value) => {
  if (!Number.isFinite(value)) throw problem(where, `${name} must be a finite number`, value);
};
/** A number of at least 0. */
export const notNegative: Check = (where, name, value) => void number(where, name, value as number, 0, limitless);
/** A number from 0 to 1. */
export const share: Check = (where, name, value) => void number(where, name, value as number, 0, 1);
/** A probability below 1. */
export const rate: Check = (where, name, value) => {
  if (!(Number.isFinite(value) && (value as number) >= 0 && (value as number) < 1))
    throw problem(where, `${name} must be a number from 0 to below 1`, value);
};
export const flag: Check = (where, name, value) => {
  if (typeof value !== 'boolean') throw problem(where, `${name} must be true or false`, value);
};
/** One of some words. */
export const word =
  (...allowed: readonly string[]): Check =>
  (where, name, value) =>
    void oneOf(where, name, value as string, allowed);

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

/** Refuses options that a layer does not have, lacks, or that are of the wrong kind or range. */
export function checkLayerOptions(where: string, layer: object, options: Readonly<Record<string, Option>>): void {
  checkOptions(where, layer, ['kind', ...Object.keys(options)]);
  for (const [name, { check, needed }] of Object.entries(options)) {
    const value = (layer as Record<string, unknown>)[name];
    if (needed || value !== undefined) check(where, name, value);
  }
}
