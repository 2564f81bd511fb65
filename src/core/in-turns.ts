/** Long loops and products of large matrices in blocks, with a turn for others between two; the same bits as in one. */
import { breath } from './breath.js';
import { type Entries, type Matrix, matrix, product, productTransposed, transposedProduct } from './linear-algebra.js';

/** Entries of a block. */
const PART = 2 ** 18;

/**
 * A sum over entries.
 * @param part the sum so far and that of the entries from..to: a loop of its own, for a function called entry by entry
 * from several places allocates every number
 */
export async function sumOfParts(
  length: number,
  part: (from: number, to: number, before: number) => number,
): Promise<number> {
  let total = 0;
  for (let from = 0; from < length; from += PART) {
    total = part(from, Math.min(length, from + PART), total);
    await breath();
  }
  return total;
}

/** Sum over entries of a function of each. */
export const sumInTurns = (values: Entries['data'], of: (value: number, at: number) => number): Promise<number> =>
  sumOfParts(values.length, (from, to, before) => {
    let total = before;
    for (let i = from; i < to; i++) total += of(values[i]!, i);
    return total;
  });

/** Sum of products, entry by entry. */
export const dotInTurns = (a: Entries['data'], b: Entries['data']): Promise<number> =>
  sumOfParts(a.length, (from, to, before) => {
    let total = before;
    for (let i = from; i < to; i++) total += a[i]! * b[i]!;
    return total;
  });

/** Sum of sizes, |a|. */
export const sizesInTurns = (a: Entries['data']): Promise<number> =>
  sumOfParts(a.length, (from, to, before) => {
    let total = before;
    for (let i = from; i < to; i++) total += Math.abs(a[i]!);
    return total;
  });

/** Multiplications of a block. */
const BLOCK = 2 ** 23;

/** Blocks of rows of a matrix. @param each multiplications of a row */
async function rowBlocks(
  a: Entries,
  each: number,
  pause: typeof breath,
  work: (block: Entries, from: number) => void,
): Promise<void> {
  const step = Math.max(1, Math.floor(BLOCK / Math.max(1, each)));
  for (let from = 0; from < a.rows; from += step) {
    const rows = Math.min(step, a.rows - from);
    const data = a.data.subarray(from * a.columns, (from + rows) * a.columns);
    work({ rows, columns: a.columns, data }, from);
    await pause();
  }
}

/** A B. */
export async function productInTurns(a: Entries, b: Entries, pause = breath): Promise<Matrix> {
  const out = matrix(a.rows, b.columns);
  const rows = (from: number, to: number): Matrix => ({
    rows: to - from,
    columns: b.columns,
    data: out.data.subarray(from * b.columns, to * b.columns),
  });
  const each = a.columns * b.columns;
  if (each <= BLOCK)
    await rowBlocks(a, each, pause, (block, from) => {
      product(block, b, rows(from, from + block.rows));
    });
  else
    for (let i = 0; i < a.rows; i++)
      await rowBlocks(b, b.columns, pause, (block, from) => {
        const at = i * a.columns + from;
        product({ rows: 1, columns: block.rows, data: a.data.subarray(at, at + block.rows) }, block, rows(i, i + 1));
      });
  return out;
}

/** A^T B. */
export async function transposedProductInTurns(a: Entries, b: Entries, pause = breath): Promise<Matrix> {
  const out = matrix(a.columns, b.columns);
  await rowBlocks(a, a.columns * b.columns, pause, (block, from) => {
    const data = b.data.subarray(from * b.columns, (from + block.rows) * b.columns);
    transposedProduct(block, { rows: block.rows, columns: b.columns, data }, out);
  });
  return out;
}

/** A B^T. */
export async function productTransposedInTurns(a: Entries, b: Entries, pause = breath): Promise<Matrix> {
  const out = matrix(a.rows, b.rows);
  await rowBlocks(b, a.rows * a.columns, pause, (block, from) => {
    const part = productTransposed(a, block).data;
    for (let i = 0; i < a.rows; i++)
      out.data.set(part.subarray(i * block.rows, (i + 1) * block.rows), i * b.rows + from);
  });
  return out;
}
