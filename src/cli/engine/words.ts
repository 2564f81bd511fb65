import { problem } from '../../core/errors.js';
import { oneOf } from '../../core/options.js';
import { WHERE } from './steps.js';

/** The one word that names something. @throws with the nearest known name */
export function nameOf(what: string, said: string | readonly string[], known: readonly string[]): string {
  const [word, ...more] = [said].flat();
  if (word === undefined || more.length)
    throw problem(WHERE, `takes one ${what}, of ${known.join(', ')}`, [said].flat().join(' ') || 'nothing');
  return oneOf(WHERE, what, word, known);
}
