import { problem } from '../../core/errors.js';
import type { NdArray } from '../../core/types.js';
import type { Generator } from '../../models/generator-weights.js';

/** How labels of the attacked model become classes of the generator. */
export interface Meaning {
  /** What the labels mean, one name per class of the attacked model. */
  readonly classNames?: readonly string[];
  /** `labels` (default): labels are classes of the generator. `unknown`: they say nothing about the pictures. */
  readonly classes: 'labels' | 'unknown';
}

/**
 * The generator's class of every label of the attacked model: by name, else by number; undefined where classes are
 * `unknown`.
 * @throws a label that is none of the generator's classes
 */
export function classOf(
  { classNames: known }: Pick<Generator, 'classNames'>,
  { classNames, classes }: Meaning,
): (label: number) => number | undefined {
  if (classes === 'unknown') return () => undefined;
  return (label) => {
    const name = classNames?.[label];
    const found = classNames ? known.indexOf((name ?? '').toLowerCase()) : label < known.length ? label : -1;
    if (found < 0)
      throw problem(
        'rogs',
        `the generator knows the classes ${known.join(', ')}`,
        classNames ? (name ?? `label ${label} without a name`) : `label ${label}`,
        classNames ? "classes: 'unknown' searches without" : "give classNames, or classes: 'unknown'",
      );
    return found;
  };
}

/** One row per picture: its class, or an even mixture of all. */
export function classRows(found: readonly (number | undefined)[], classes: number): NdArray {
  const data = new Float32Array(found.length * classes);
  found.forEach((at, i) => {
    if (at === undefined) data.fill(1 / classes, i * classes, (i + 1) * classes);
    else data[i * classes + at] = 1;
  });
  return { shape: [found.length, classes], data };
}
