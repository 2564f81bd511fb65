/**
 * The one form of an error message: `where: rule, got value; fix`.
 * @example throw problem('uniformQuantizer', 'bits must be an integer from 2 to 16', 1, 'for one bit use sign()')
 */
export function problem(where: string, rule: string, got?: unknown, fix?: string): Error {
  const text = `${where}: ${rule}${got === undefined ? '' : `, got ${show(got)}`}${fix ? `; ${fix}` : ''}`;
  const error = Object.assign(new Error(text), { name: 'RoglabError' });
  return '__tslab__' in globalThis ? Object.defineProperty(error, inspected, { value: brief }) : error;
}

/** How node prints a value. */
const inspected = Symbol.for('nodejs.util.inspect.custom');

/** Under a cell a user's mistake is one line; with ROGLAB_DEBUG=1 (also set from a cell) it says where it came from. */
function brief(this: Error): string {
  return process.env.ROGLAB_DEBUG ? String(this.stack) : `${this.name}: ${this.message}`;
}

/** A short, readable form of any value for messages. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Float32Array).length})`;
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(show).join(', ')}${value.length > 8 ? ', ...' : ''}]`;
  if (typeof value === 'function') return 'a function';
  if (value && typeof value === 'object') return `{ ${Object.keys(value).slice(0, 6).join(', ')} }`;
  return String(value);
}

/** The candidate with the smallest edit distance, or undefined when nothing is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const scored = candidates
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best && best.distance <= Math.max(2, best.name.length / 2) ? best.name : undefined;
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
