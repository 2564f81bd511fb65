import { widthsOf } from '../../core/evidence.js';
import type { DenseLayer } from './head.js';

/** A larger update is worked through part by part, which stay in the processor's cache; entries of a part. */
const WHOLE = 2 ** 21;
const PART = 2 ** 19;

/** Into how many parts of whole inputs a dense layer's update is divided; one where every entry has its bounds. */
export function partsOf({ weights: { rows, columns }, evidence }: DenseLayer): number {
  const perEntry = Object.values(widthsOf(evidence)).some(
    (width) => typeof width !== 'number' && width.length > columns,
  );
  return perEntry || rows * columns <= WHOLE ? 1 : Math.min(rows, Math.ceil((rows * columns) / PART));
}
