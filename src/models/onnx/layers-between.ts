import { type Dominators, dominators } from './dominators.js';
import type { Known } from './known.js';
import { graphOf, inRow, joined, type Point, rowTo } from './regions.js';
import { LONGEST, type Part, tooLong, type Value, valuesBetween } from './values.js';

/** Regions inside regions that become layers inside layers; what is deeper goes into the graph around it. */
const NESTED = 32;

/** What the decomposition of a network asks of its values. */
interface Network {
  readonly known: Known;
  readonly values: readonly Value[];
  /** For each the last one that all ways to it lead through. */
  readonly nearest: Dominators['nearest'];
  /** Whether all ways from that one lead to it, too: what lies between the two is no one else's. */
  readonly closes: (value: number) => boolean;
}

/**
 * The layers between two values of a graph. What lies between a value that joins others and the last one that all ways
 * to it lead through is a residual block or branches where no two branches share a value, else a graph of its own.
 * @throws a node that is the end of nothing known; it is named
 */
export function layersBetween(start: string, end: string, known: Known): Part {
  const values = valuesBetween(start, end, known);
  const last = values.length - 1;
  const takers: number[][] = values.map(() => []);
  values.forEach(({ from }, value) => {
    for (const one of from) takers[last - one]!.push(last - value);
  });
  const { nearest } = dominators(values.map(({ from }) => from));
  const back = dominators(takers);
  const closes = (value: number): boolean => back.leadThrough(last - value, last - nearest[value]!);
  const network: Network = { known, values, nearest, closes };
  const parts: Part[] = [];
  for (let at = last; at > 0; at = nearest[at]!) {
    if (parts.length > LONGEST) throw tooLong(known);
    parts.push(values[at]!.part ?? region(at, network, NESTED));
  }
  return inRow(parts.reverse());
}

/** The layers between a value that joins others and the nearest one that all ways to it lead through. */
function region(end: number, network: Network, depth: number): Part {
  const { known, nearest } = network;
  const made = within(end, network, depth);
  const first: Point = { at: nearest[end]!, uses: 0 };
  const points = new Map([[first.at, first]]);
  const order = [...made.keys()].sort((a, b) => a - b);
  for (const at of order) points.set(at, { at, uses: at === end ? 1 : 0 });
  for (const { from } of made.values()) for (const one of from) points.get(one)!.uses++;
  for (const at of order) {
    const { from, part, op = '' } = made.get(at)!;
    const inputs = from.map((one) => points.get(one)!);
    Object.assign(points.get(at)!, part ? { made: { from: inputs[0]!, part } } : joined(op, inputs, known));
  }
  const row = rowTo(points.get(end)!, known);
  return row.base === first ? row.part : graphOf([...points.values()], known);
}

/** The values of a region; a region inside it is one step, from its first value to its last. */
function within(end: number, network: Network, depth: number): ReadonlyMap<number, Value> {
  const { values, nearest, closes } = network;
  const found = new Map<number, Value>();
  const waiting = [end];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at === nearest[end] || found.has(at)) continue;
    const inner = at !== end && depth > 0 && !values[at]!.part && closes(at);
    const value = inner ? { from: [nearest[at]!], part: region(at, network, depth - 1) } : values[at]!;
    found.set(at, value);
    waiting.push(...value.from);
  }
  return found;
}
