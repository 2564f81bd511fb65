/**
 * The one form of an error message: `where: rule, got value; fix`.
 * @example
 * const error = problem('uniformQuantizer', 'bits must be an integer from 2 to 16', 1, 'for one bit use sign()')
 */
export function problem(where: string, rule: string, got?: unknown, fix?: string): Error {
  const text = cut(`${where}: ${rule}${got === undefined ? '' : `, got ${show(got)}`}${fix ? `; ${fix}` : ''}`);
  return short(Object.assign(new Error(text), { name: 'RoglabError' }));
}

const short = (error: Error): Error =>
  '__tslab__' in globalThis ? Object.defineProperty(error, inspected, { value: brief }) : error;

/** An error as plain data, for another thread. */
export interface PlainError {
  readonly failed: true;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
}

/** Anything that was thrown, as plain data. */
export function plainError(thrown: unknown): PlainError {
  const { name, message, stack, code } = (thrown instanceof Error ? thrown : new Error(show(thrown))) as Error & {
    code?: string;
  };
  return { failed: true, name, message, ...(stack && { stack }), ...(typeof code === 'string' && { code }) };
}

/** The error again, of the type that it had. */
export function revivedError({ name, message, stack, code }: PlainError): Error {
  const type = (globalThis as Record<string, unknown>)[name];
  const known = typeof type === 'function' && (type === Error || type.prototype instanceof Error);
  const error = known ? new (type as ErrorConstructor)(message) : Object.assign(new Error(message), { name });
  Object.assign(error, code && { code });
  Object.defineProperty(error, 'stack', { value: stack ?? error.stack, configurable: true, writable: true });
  return name === 'RoglabError' ? short(error) : error;
}

/** How node prints a value. */
const inspected = Symbol.for('nodejs.util.inspect.custom');

/** Under a cell a user's mistake is one line; with ROGLAB_DEBUG=1 (also set from a cell) it says where it came from. */
function brief(this: Error): string {
  return process.env.ROGLAB_DEBUG ? String(this.stack) : `${this.name}: ${this.message}`;
}

/** Characters of a text in a message, and of the message. */
const LONGEST = 300;
const LONGEST_MESSAGE = 8000;

/** A message in which no name goes on for pages: the middle of each is left out. */
const cut = (text: string): string => {
  const short = text.replace(/\S{600,}/g, (name) => `${name.slice(0, LONGEST)} ... ${name.slice(-LONGEST / 3)}`);
  return short.length > LONGEST_MESSAGE ? `${short.slice(0, LONGEST_MESSAGE)} ...` : short;
};

/** A short, readable form of any value for messages. */
export function show(value: unknown, depth = 3): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)} ...` : value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Float32Array).length})`;
  if (Array.isArray(value) && depth === 0) return '[...]';
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map((inner) => show(inner, depth - 1));
    return `[${shown.join(', ')}${value.length > 8 ? ', ...' : ''}]`;
  }
  if (typeof value === 'function') return 'a function';
  if (value && typeof value === 'object') return `{ ${Object.keys(value).slice(0, 6).join(', ')} }`;
  return String(value);
}

/** A longer word is no slip of a name. */
const LONGEST_NAME = 200;

/** A beginning of so many letters is as near to a name as a name with one slip. */
const BEGINNING = 3;

/** The candidate with the smallest edit distance, or undefined when nothing is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (typeof word !== 'string' || word.length > LONGEST_NAME) return undefined;
  const scored = candidates
    .filter((name) => name.length <= LONGEST_NAME)
    .map((name) => ({ name, distance: distanceOf(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best && best.distance <= Math.max(2, best.name.length / 2) ? best.name : undefined;
}

function distanceOf(word: string, name: string): number {
  const distance = editDistance(word, name);
  return word.length >= BEGINNING && name.startsWith(word) ? Math.min(1, distance) : distance;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    previous = row;
  }
  return previous[b.length]!;
}

/** The object of a JSON text. @throws text that is none, as a cut or edited file holds it */
export function parsedJson(where: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {}
  if (typeof value === 'object' && value !== null) return value;
  throw problem(where, 'must hold JSON', text.slice(0, 40), 'it is damaged: delete it and start again');
}
