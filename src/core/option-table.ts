import { problem } from './errors.js';
import { checkOptions, integer, number, numeric, oneOf } from './options.js';

/** What one option may be, told once: for the check of its kind and range, for its default, and for the shell. */
export interface Option<T = unknown> {
  /** Refuses a value of another kind, or out of range. */
  readonly check: (where: string, name: string, value: unknown) => void;
  /** What it means, in half a line. */
  readonly about: string;
  readonly initial?: T;
  readonly needed?: true;
  /** How the shell writes its value; absent: it cannot be written there. */
  readonly form?: string;
  /** The value of a text from the shell. */
  readonly read?: (text: string) => unknown;
  /** Its JSON schema; absent: any value. */
  readonly schema?: object;
}

/** The options of a function: one that its type has and the table lacks is no program. */
export type OptionTable<O> = { readonly [K in keyof Required<O>]: Option<Required<O>[K]> };

/** A table by name, where the type of its options does not matter. */
export type AnyTable = Readonly<Record<string, Option>>;

type Initials<T> = {
  readonly [K in keyof T as T[K] extends { readonly initial: unknown } ? K : never]: T[K] extends {
    readonly initial: infer I;
  }
    ? I
    : never;
};

/**
 * Checks options by their table; `also` are names that something else looks at.
 * @throws naming the nearest option there is, or the rule that a value breaks
 */
export function checkAll(
  where: string,
  options: object,
  table: Readonly<Record<string, Pick<Option, 'check' | 'needed'>>>,
  also: readonly string[] = [],
): void {
  checkOptions(where, options, [...also, ...Object.keys(table)]);
  for (const [name, { check, needed }] of Object.entries(table)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined || needed) check(where, name, value);
  }
}

/** Options with the defaults of their table. */
export type Checked<O, T> = O & Initials<T>;

/** Options as a function takes them, checked by {@link checkAll}, with the defaults. @throws what it does */
export function checked<O extends object, T extends OptionTable<O>>(
  where: string,
  options: O,
  table: T,
): Checked<O, T> {
  checkAll(where, options, table as AnyTable);
  const given = options as Readonly<Record<string, unknown>>;
  const all = Object.entries<Option>(table as AnyTable).map(([name, { initial }]) => [name, given[name] ?? initial]);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Checked<O, T>;
}

interface Range {
  readonly from?: number;
  readonly to?: number;
  /** `from` and `to` themselves are out. */
  readonly open?: true;
  /** Only this end is out. */
  readonly below?: number;
  readonly fix?: (value: unknown) => string | undefined;
}

type With<T, I> = Option<T> & (I extends undefined ? unknown : { readonly initial: T });

const withInitial = <T, I extends T | undefined>(option: Option<T>, initial: I): With<T, I> =>
  (initial === undefined ? option : { ...option, initial }) as With<T, I>;

/** A whole number from 1, or from `from`, to `to`. */
export const whole = <I extends number | undefined = undefined>(
  about: string,
  initial?: I,
  { from = 1, to, fix }: Range = {},
): With<number, I> =>
  withInitial(
    {
      about,
      form: 'N',
      read: numeric,
      schema: { type: 'integer', minimum: from, maximum: to },
      check: (where, name, value) => void integer(where, name, value as number, from, to, fix?.(value)),
    },
    initial as I,
  );

/** A finite number of at least 0, or in the range. */
export const real = <I extends number | undefined = undefined>(
  about: string,
  initial?: I,
  { from = 0, to = Number.POSITIVE_INFINITY, open, below = Number.POSITIVE_INFINITY }: Range = {},
): With<number, I> =>
  withInitial(
    {
      about,
      form: 'X',
      read: numeric,
      schema: {
        type: 'number',
        [open ? 'exclusiveMinimum' : 'minimum']: from,
        ...(to < Number.POSITIVE_INFINITY && { [open ? 'exclusiveMaximum' : 'maximum']: to }),
        ...(below < Number.POSITIVE_INFINITY && { exclusiveMaximum: below }),
      },
      check: (where, name, value) => {
        if (below < Number.POSITIVE_INFINITY && !((value as number) >= from && (value as number) < below))
          throw problem(where, `${name} must be a number of at least ${from} and below ${below}`, value);
        number(where, name, value as number, from, to, open);
      },
    },
    initial as I,
  );

/** One of some words. */
export const word = <const W extends string, const I extends W | undefined = undefined>(
  about: string,
  words: readonly W[],
  initial?: I,
): With<W, I> =>
  withInitial<W, I>(
    {
      about,
      form: words.join('|'),
      read: String,
      schema: { type: 'string', enum: words },
      check: (where, name, value) => void oneOf(where, name, value as W, words),
    },
    initial as I,
  );

const TRUTH: Readonly<Record<string, boolean>> = { yes: true, true: true, no: false, false: false };

/** True or false; in the shell yes or no. */
export const flag = <I extends boolean | undefined = undefined>(about: string, initial?: I): With<boolean, I> =>
  withInitial<boolean, I>(
    {
      about,
      form: 'yes|no',
      schema: { type: 'boolean' },
      read: (text) => TRUTH[text] ?? text,
      check: (where, name, value) => {
        if (typeof value !== 'boolean') throw problem(where, `${name} must be true or false`, value);
      },
    },
    initial as I,
  );

/** Said or not; in the shell a flag without a value. */
export const alone = (about: string): Option<boolean> => ({ ...flag(about), form: '' });

/** A list of at least one, each by the rule of `one`. */
export const listOf = <T, const I extends readonly T[] | undefined = undefined>(
  about: string,
  one: Option<T>,
  initial?: I,
): With<readonly T[], I> =>
  withInitial<readonly T[], I>(
    {
      about,
      schema: { type: 'array', minItems: 1, items: one.schema },
      check: (where, name, value) => {
        if (!Array.isArray(value) || value.length === 0)
          throw problem(where, `${name} must be a list of at least one`, value);
        for (const each of value) one.check(where, name, each);
      },
    },
    initial as I,
  );

/** Some of the words; in the shell with `between` between them. */
export const words = <const W extends string, const I extends readonly W[] | undefined = undefined>(
  about: string,
  allowed: readonly W[],
  between = ',',
  initial?: I,
): With<readonly W[], I> => ({
  ...listOf(about, word('', allowed), initial),
  form: 'LIST',
  read: (text) => text.split(between).map((one) => one.trim()),
});

/** An object with options of its own. */
export const group = <T>(about: string, table: AnyTable): Option<T> => ({
  about,
  schema: schemaOf(table),
  check: (where, name, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw problem(where, `${name} must be an object`, value, `with ${Object.keys(table).join(', ')}`);
    checkAll(`${where} ${name}`, value, table);
  },
});

/** Text that is not empty. */
export const text = (about: string, form: string): Option<string> => ({
  about,
  form,
  read: String,
  schema: { type: 'string', minLength: 1 },
  check: (where, name, value) => {
    if (typeof value !== 'string' || value === '') throw problem(where, `${name} must be text`, value);
  },
});

/** Something that exists in memory only: a function, a signal, pictures. */
export const memory = <T>(about: string, what: string, is: (value: unknown) => boolean): Option<T> => ({
  about,
  check: (where, name, value) => {
    if (!is(value)) throw problem(where, `${name} must be ${what}`, value);
  },
});

/** A function that is called. */
export const called = <T>(about: string): Option<T> =>
  memory(about, 'a function', (value) => typeof value === 'function');

/** A signal that ends the work. */
export const stopping = (about: string): Option<AbortSignal> =>
  memory(about, 'an AbortSignal', (value) => typeof (value as AbortSignal)?.aborted === 'boolean');

/** An option that must be given. */
export const needed = <T>(option: Option<T>): Option<T> & { readonly needed: true } => ({ ...option, needed: true });

export const schemaOf = (table: AnyTable): object => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    Object.entries(table).map(([name, { about, schema, initial }]) => [
      name,
      { description: about, default: initial, ...schema },
    ]),
  ),
  required: Object.keys(table).filter((name) => table[name]!.needed),
});

/** `localSteps` as a flag of the shell: `local-steps`. */
export const flagOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
