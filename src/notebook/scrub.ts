import { homedir, tmpdir } from 'node:os';
import { resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A rule that takes this machine out of a text. */
export type Scrub = (text: string) => string;

/** Replaces the project's folder by `.`, and each other folder, the home and the temporary folder, by a short word. */
export function scrubber(root: string, others: Readonly<Record<string, string>> = {}): Scrub {
  const folders = { [root]: '.', ...others, [homedir()]: '~', [tmpdir()]: 'TMP' };
  const rules = Object.entries(folders)
    .filter(([folder]) => resolve(folder) !== resolve(sep))
    .sort(([a], [b]) => b.length - a.length)
    .flatMap(([folder, word]) => [rule(pathToFileURL(folder).href, word), rule(folder, word)]);
  return (text) => rules.reduce((clean, [pattern, word]) => clean.replace(pattern, word), text);
}

/** Whole path parts only: `/tmp` by chance inside a base64 picture has a letter, digit, + or / before it. */
const rule = (folder: string, word: string): [RegExp, string] => [
  new RegExp(`(?<![\\w+/=.-])${folder.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\w.-])`, 'g'),
  word,
];

/** The same in every text of a JSON value. */
export function scrubAll<T>(value: T, scrub: Scrub): T {
  if (typeof value === 'string') return scrub(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => scrubAll(item, scrub)) as T;
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrubAll(item, scrub)])) as T;
  return value;
}
