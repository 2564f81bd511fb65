/** Values that join rows of layers, as layers: residual blocks, branches, graphs. */
import { problem } from '../../core/errors.js';
import type { Join, Layer } from '../../core/types.js';
import type { Known } from './known.js';
import { sharedRow } from './shared-rows.js';
import { LONGEST, type Part, tooLong } from './values.js';

/** A value of a region: it comes from one other by layers, or joins rows of layers that begin at others. */
export interface Point {
  /** Its place among all. */
  readonly at: number;
  /** By how many it is taken. */
  uses: number;
  made?: { readonly from: Point; readonly part: Part };
  joins?: { readonly op: string; readonly rows: readonly Row[] };
}

/** Layers, and the value that they begin at: one that others take, too, or that joins others. */
export interface Row {
  readonly base: Point;
  readonly part: Part;
}

/** Parts one after the other. */
export const inRow = (parts: readonly Part[]): Part => ({
  layers: parts.flatMap(({ layers }) => layers),
  tensors: parts.flatMap(({ tensors }) => tensors),
  depth: parts.reduce((most, { depth }) => Math.max(most, depth), 0),
});

/** The row that ends at a value; none if others take the value, too, and it is not `own`. */
export function rowTo(point: Point, known: Known, own = point.uses === 1): Row {
  const parts: Part[] = [];
  let base = point;
  for (let step = own ? point.made : undefined; step; step = base.uses === 1 ? base.made : undefined) {
    if (parts.push(step.part) > LONGEST) throw tooLong(known);
    base = step.from;
  }
  return { base, part: inRow(parts.reverse()) };
}

/** How deep branches lie in branches; a graph holds what is deeper. */
const DEEPEST = 32;

/** A value that joins others: a layer from the one where all its rows begin; several begin at different ones. */
export function joined(op: string, inputs: readonly Point[], known: Known): Pick<Point, 'made' | 'joins'> {
  const rows = inputs.map((input) => rowTo(input, known));
  while (rows.length > 1) {
    const [from, to] = groupIn(rows);
    const { base } = rows[from]!;
    const part = joinOf(
      op,
      rows.slice(from, to).map((row) => row.part),
    );
    if (to - from < 2 || part.depth > DEEPEST) break;
    base.uses -= to - from - 1;
    const made = { from: base, part };
    if (to - from === rows.length) return { made };
    rows.splice(from, to - from, rowTo({ at: base.at, uses: 1, made }, known));
  }
  return { joins: { op, rows } };
}

/** Where more are joined no groups are looked for: their number grows with the square. */
const MOST_GROUPED = 32;

/** The rows, from one to before another, that begin at one value: all of them; else side by side, if no others do. */
function groupIn(rows: readonly Row[]): readonly [from: number, to: number] {
  if (rows.every(({ base }) => base === rows[0]!.base)) return [0, rows.length];
  let best: readonly [number, number] = [0, 0];
  for (let from = 0, to = 0; rows.length <= MOST_GROUPED && from < rows.length; from = to) {
    const { base } = rows[from]!;
    while (rows[to]?.base === base) to++;
    const alone = to - from > 1 && base.uses === to - from;
    if (alone && (best[1] === 0 || base.at > rows[best[0]]!.base.at)) best = [from, to];
  }
  return best;
}

const JOINS: Readonly<Record<string, Join>> = { Add: 'add', Sum: 'add', Mul: 'multiply', Max: 'max', Concat: 'concat' };

/** Branches as one layer. */
function joinOf(op: string, parts: readonly Part[]): Part {
  const { tensors, depth } = inRow(parts);
  const branches = parts.map(({ layers }) => layers);
  const join = JOINS[op]!;
  if (join === 'add' && parts.length === 2) {
    const shared = sharedRow(...(parts as unknown as [Part, Part]));
    if (shared) return shared;
    const [body, shortcut] = ordered(parts as unknown as [Part, Part]);
    const layer: Layer = { kind: 'residual', body: body.layers, shortcut: shortcut.layers };
    return { tensors: [...body.tensors, ...shortcut.tensors], layers: [layer], depth: depth + 1 };
  }
  return { tensors, layers: [{ kind: 'branches', branches, ...(join !== 'concat' && { join }) }], depth: depth + 1 };
}

/** The longer branch is the body. */
const ordered = ([a, b]: [Part, Part]): [Part, Part] => (b.layers.length > a.layers.length ? [b, a] : [a, b]);

/** In a graph values are taken at most so often, all together. */
const MOST_TAKEN = 2 ** 14;

/** A region as one layer: in their order the values that join others or that several take; the first is its input. */
export function graphOf([first, ...others]: readonly Point[], known: Known): Part {
  const nodes: { readonly from: readonly number[]; readonly join?: Join; part: Part }[] = [];
  const numbers = new Map([[first, 0]]);
  const numberOf = ({ base, part }: Row): number => {
    const at = numbers.get(base)!;
    if (part.layers.length === 0) return at;
    if (!base.joins || base.uses > 1) return nodes.push({ from: [at], part });
    nodes[at - 1]!.part = part;
    return at;
  };
  for (const point of others) {
    const { op, rows } = point.joins ?? {};
    if (op && rows) {
      const from = rows.map(numberOf);
      numbers.set(point, nodes.push({ from, join: JOINS[op]!, part: inRow([]) }));
    } else if (point.uses > 1) numbers.set(point, numberOf(rowTo(point, known, true)));
  }
  const { tensors, depth } = inRow(nodes.map(({ part }) => part));
  const taken = nodes.reduce((sum, { from }) => sum + from.length, 0);
  if (nodes.length > LONGEST || taken > MOST_TAKEN)
    throw problem(
      known.where,
      `values that cross are read up to ${LONGEST} that are joined or shared, taken ${MOST_TAKEN} times`,
      `${nodes.length}, ${taken} times`,
    );
  if (depth >= DEEPEST) throw problem(known.where, `branches inside branches are read ${DEEPEST} deep`);
  const layer: Layer = {
    kind: 'graph',
    nodes: nodes.map(({ from, join, part: { layers } }) => ({ from, ...(join && { join }), layers })),
  };
  return { layers: [layer], tensors, depth: depth + 1 };
}
