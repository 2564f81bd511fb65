/**
 * Physical orders of values. tfjs images are [b, h, w, c], ONNX wants [b, c, h, w]: instead of transposing back and
 * forth, every value carries the order in which its axes lie in memory. order[k] is the logical axis that is the k-th
 * physical one.
 */
import type { Values } from '../ir/node.js';

export type Order = readonly number[];

export const plain = (rank: number): number[] => Array.from({ length: rank }, (_, i) => i);
export const sameOrder = (a: Order, b: Order): boolean => a.length === b.length && a.every((axis, i) => axis === b[i]);
export const physical = (shape: readonly number[], order: Order): number[] => order.map((axis) => shape[axis]!);

/** The permutation (ONNX Transpose's `perm`) from one order to another. */
export const permutation = (from: Order, to: Order): number[] => to.map((axis) => from.indexOf(axis));

/** One ONNX Transpose of a value seen under `shape`. */
export interface Move {
  readonly shape: readonly number[];
  readonly perm: readonly number[];
}

/**
 * A change of order as transposes that ONNX Runtime does fast: those that move one axis (a general permutation of a
 * kernel is up to ten times slower). Axes that stay together count as one.
 */
export function moves(shape: readonly number[], from: Order, to: Order): Move[] {
  const whole = { shape: physical(shape, from), perm: permutation(from, to) };
  if (movesOneAxis(whole.perm)) return [whole];
  const merged = coalesced(whole);
  if (movesOneAxis(merged.perm)) return [merged];
  for (const perm of singleMoves(merged.perm.length)) {
    const rest = {
      shape: perm.map((axis) => merged.shape[axis]!),
      perm: merged.perm.map((axis) => perm.indexOf(axis)),
    };
    if (movesOneAxis(rest.perm)) return [{ shape: merged.shape, perm }, coalesced(rest)];
  }
  return [whole];
}

/** The same transpose with axes that stay together merged, and those of length 1 gone. */
function coalesced({ shape, perm }: Move): Move {
  const groups = together(perm.filter((axis) => shape[axis] !== 1));
  const sources = [...groups].sort((a, b) => a[0]! - b[0]!);
  const lengths = sources.map((group) => group.reduce((product, axis) => product * shape[axis]!, 1));
  return { shape: lengths, perm: groups.map((group) => sources.indexOf(group)) };
}

/** Runs of axes that follow each other in the source and in the target. */
function together(perm: readonly number[]): number[][] {
  const rank = [...perm].sort((a, b) => a - b);
  const groups: number[][] = [];
  for (const axis of perm) {
    const last = groups.at(-1)?.at(-1);
    if (last !== undefined && rank.indexOf(axis) === rank.indexOf(last) + 1) groups.at(-1)!.push(axis);
    else groups.push([axis]);
  }
  return groups;
}

function movesOneAxis(perm: readonly number[]): boolean {
  return perm.some((_, k) => {
    const rest = perm.filter((_, i) => i !== k);
    return rest.every((axis, i) => i === 0 || axis > rest[i - 1]!);
  });
}

/** All permutations that move one axis, inner axes and short ways first. */
function singleMoves(rank: number): number[][] {
  const list: number[][] = [];
  for (let way = 1; way < rank; way++)
    for (let axis = rank - 1; axis >= way; axis--) {
      const perm = plain(rank).filter((a) => a !== axis);
      perm.splice(axis - way, 0, axis);
      list.push(perm);
    }
  return list;
}

/** Whether two orders lay out a tensor of this shape equally, because they differ in axes of length 1 only. */
export function sameMemory(shape: readonly number[], a: Order, b: Order): boolean {
  const long = (order: Order): number[] => order.filter((axis) => shape[axis] !== 1);
  return sameOrder(long(a), long(b));
}

/** The order after some axes are gone. */
export const dropAxes = (order: Order, axes: readonly number[]): number[] =>
  order.filter((axis) => !axes.includes(axis)).map((axis) => axis - axes.filter((a) => a < axis).length);

/** Entries of a row-major array moved to another order. */
export function permuted<T extends Values>(data: T, shape: readonly number[], order: Order): T {
  if (sameMemory(shape, plain(shape.length), order)) return data;
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1));
  const result = new (data.constructor as new (n: number) => T)(data.length);
  const dims = physical(shape, order);
  const steps = order.map((axis) => strides[axis]!);
  const last = dims.length - 1;
  let at = 0;
  const walk = (k: number, offset: number): void => {
    const [n, step] = [dims[k]!, steps[k]!];
    if (k === last) for (let i = 0, from = offset; i < n; i++, from += step) result[at++] = data[from]!;
    else for (let i = 0, from = offset; i < n; i++, from += step) walk(k + 1, from);
  };
  walk(0, 0);
  return result;
}

/** The order of a reshaped value when no entry moves: axes that lie together split or merge; else undefined. */
export function reshapedOrder(from: readonly number[], to: readonly number[], order: Order): number[] | undefined {
  const groups = commonGroups(from, to);
  if (!groups) return undefined;
  const long = order.filter((axis) => from[axis] !== 1);
  const result: number[] = [];
  let position = 0;
  while (position < long.length) {
    const group = groups.find(([axes]) => axes[0] === long[position]);
    if (!group?.[0].every((axis, i) => axis === long[position + i])) return undefined;
    result.push(...group[1]);
    position += group[0].length;
  }
  const missing = plain(to.length).filter((axis) => !result.includes(axis));
  return missing.reduce((list, axis) => insertNear(list, axis), result);
}

/** Puts an axis of length 1 directly before the next higher axis, which keeps plain orders plain. */
function insertNear(order: readonly number[], axis: number): number[] {
  const next = order.indexOf(axis + 1);
  const previous = order.indexOf(axis - 1);
  const at = next >= 0 ? next : previous >= 0 ? previous + 1 : axis === 0 ? 0 : order.length;
  return [...order.slice(0, at), axis, ...order.slice(at)];
}

/** Splits two shapes of equal size into the smallest runs of axes (longer than 1) with equal products. */
function commonGroups(from: readonly number[], to: readonly number[]): [number[], number[]][] | undefined {
  const a = plain(from.length).filter((axis) => from[axis] !== 1);
  const b = plain(to.length).filter((axis) => to[axis] !== 1);
  const groups: [number[], number[]][] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const group: [number[], number[]] = [[a[i]!], [b[j]!]];
    let [m, n] = [from[a[i++]!]!, to[b[j++]!]!];
    while (m !== n) {
      if (m < n ? i >= a.length : j >= b.length) return undefined;
      if (m < n) {
        group[0].push(a[i]!);
        m *= from[a[i++]!]!;
      } else {
        group[1].push(b[j]!);
        n *= to[b[j++]!]!;
      }
    }
    groups.push(group);
  }
  return groups;
}
