import { nearest, problem } from './errors.js';

/** Refuses what is no object, and unknown keys: it names the nearest valid one. */
export function checkOptions(where: string, options: object, allowed: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw problem(where, 'the options must be an object', options, `options: ${allowed.join(', ')}`);
  for (const key of Object.keys(options)) {
    if (allowed.includes(key)) continue;
    const near = nearest(key, allowed);
    throw problem(
      where,
      `unknown option ${JSON.stringify(key)}`,
      undefined,
      near
        ? `did you mean ${JSON.stringify(near)}? (options: ${allowed.join(', ')})`
        : `options: ${allowed.join(', ')}`,
    );
  }
}

/** One of a fixed set of words. */
export function oneOf<T extends string>(where: string, name: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T;
  const near = typeof value === 'string' ? nearest(value, allowed) : undefined;
  const fix = near && `did you mean ${JSON.stringify(near)}?`;
  throw problem(where, `${name} must be one of ${allowed.join(', ')}`, value, fix);
}

/** An integer within [low, high]. */
export function integer(
  where: string,
  name: string,
  value: number,
  low: number,
  high = Number.MAX_SAFE_INTEGER,
  fix?: string,
): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
  throw problem(where, `${name} must be an integer ${range}`, value, fix);
}

/** A finite number within [low, high]; `open` excludes the ends. */
export function number(where: string, name: string, value: number, low: number, high: number, open = false): number {
  if (Number.isFinite(value) && (open ? value > low && value < high : value >= low && value <= high)) return value;
  const range =
    high === Number.POSITIVE_INFINITY
      ? open
        ? `above ${low}`
        : `of at least ${low}`
      : `${open ? 'strictly between' : 'from'} ${low} ${open ? 'and' : 'to'} ${high}`;
  throw problem(where, `${name} must be a number ${range}`, value);
}

/** A number as somebody wrote it; a text that is none stays one, so that a check refuses it by its name. */
export const numeric = (text: string): number =>
  text.trim() === '' || Number.isNaN(Number(text)) ? (text as unknown as number) : Number(text);
