import { problem } from '../core/errors.js';

/**
 * The assignment row -> column that minimises the sum of cost[row][match[row]]; every column at most once.
 *
 * The Hungarian algorithm with row and column prices (shortest augmenting paths), O(n^2 m) for n rows and m >= n
 * columns. Of equally good assignments which one is returned is fixed, but not specified.
 * Source: Kuhn 1955; Jonker and Volgenant 1987.
 * @throws rows of different length, fewer columns than rows, costs that are not finite
 * @example rog.metrics.match([[4, 1], [2, 9]]) // [1, 0]
 */
export function match(cost: readonly (readonly number[])[]): number[] {
  const columns = cost[0]?.length ?? 0;
  if (cost.some((row) => row.length !== columns || !row.every(Number.isFinite)))
    throw problem('match', 'cost must be a matrix of finite numbers');
  if (columns < cost.length) throw problem('match', `${cost.length} rows need at least as many columns`, columns);
  const rowPrice = new Float64Array(cost.length);
  const columnPrice = new Float64Array(columns);
  const rowOf = new Int32Array(columns).fill(-1);
  for (let row = 0; row < cost.length; row++) assign(row, cost, rowPrice, columnPrice, rowOf);
  const result = cost.map(() => -1);
  rowOf.forEach((row, column) => {
    if (row >= 0) result[row] = column;
  });
  return result;
}

/** Gives one more row a column: the cheapest alternating path from it to a free column (updates prices and rowOf). */
function assign(
  start: number,
  cost: readonly (readonly number[])[],
  rowPrice: Float64Array,
  columnPrice: Float64Array,
  rowOf: Int32Array,
): void {
  const columns = columnPrice.length;
  const distance = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const previous = new Int32Array(columns).fill(-1);
  const visited: number[] = [];
  const open = new Set(columnPrice.keys());
  let row = start;
  let column = -1;
  let reached = 0;
  for (;;) {
    let next = -1;
    for (const c of open) {
      const through = reached + cost[row]![c]! - rowPrice[row]! - columnPrice[c]!;
      if (through < distance[c]!) {
        distance[c] = through;
        previous[c] = column;
      }
      if (next < 0 || distance[c]! < distance[next]!) next = c;
    }
    column = next;
    reached = distance[column]!;
    if (rowOf[column]! < 0) break;
    open.delete(column);
    visited.push(column);
    row = rowOf[column]!;
  }
  rowPrice[start]! += reached;
  for (const c of visited) {
    const slack = reached - distance[c]!;
    rowPrice[rowOf[c]!]! += slack;
    columnPrice[c]! -= slack;
  }
  for (let c = column; c >= 0; c = previous[c]!) rowOf[c] = previous[c]! < 0 ? start : rowOf[previous[c]!]!;
}
