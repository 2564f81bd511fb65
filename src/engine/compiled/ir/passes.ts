/** A graph in two passes: what the second one needs of the first is kept between them, not computed again. */
import { add, cast, sub } from './elementwise.js';
import { binaryTable, unaryTable } from './functions.js';
import { type Dtype, inOrder, type Node, node } from './node.js';

/** Computed again: it costs little beside reading what it is made of, which is often kept anyway. */
const MOVES = ['reshape', 'transpose', 'expand', 'cast', 'select', 'slice', 'pad', 'concat', 'upsample'];
const ENTRYWISE = new Set([...Object.keys(unaryTable), ...Object.keys(binaryTable)]);
const CHEAP = new Set([...MOVES, ...ENTRYWISE]);

/** From here on reading a value beats computing it entry by entry, where it is read in hundreds of runs. */
const LARGE = 2 ** 12;
const isGiven = (n: Node): boolean => n.op === 'input' || n.op === 'const' || n.op === 'splat';

/** A large value whose entries are computed one by one, not only moved. */
export const isLargeEntrywise = ({ op, size, inputs }: Node): boolean =>
  size >= LARGE && (ENTRYWISE.has(op) || op === 'select' || (op === 'cast' && isLargeEntrywise(inputs[0]!)));

/**
 * Values of the outputs that are known without the late inputs: to be computed before these come, and kept.
 * @param dear which of those that cost little are kept all the same; default none
 */
export function keptFor(
  outputs: readonly Node[],
  isLate: (input: number) => boolean,
  dtypes: readonly Dtype[] = ['float32'],
  dear = (_: Node): boolean => false,
): Node[] {
  const order = inOrder(outputs);
  const late = new Set<Node>();
  for (const n of order)
    if ((n.op === 'input' && isLate(Number(n.attributes.index))) || n.inputs.some((x) => late.has(x))) late.add(n);
  const kept = new Set<Node>();
  const open = [...outputs, ...order.filter((n) => late.has(n)).flatMap(({ inputs }) => inputs)];
  const seen = new Set<Node>();
  for (let n = open.pop(); n; n = open.pop()) {
    if (seen.has(n) || late.has(n) || isGiven(n)) continue;
    seen.add(n);
    if (dtypes.includes(n.dtype) && (!CHEAP.has(n.op) || dear(n))) kept.add(n);
    else open.push(...n.inputs);
  }
  return order.filter((n) => kept.has(n));
}

/** A value as input number `index`, whose axes come in an order. */
export const asInput = ({ graph, shape, dtype }: Node, index: number, order: readonly number[]): Node =>
  node(graph, 'input', [], shape, dtype, { index, order });

/** A number in double precision as the sum of two in single precision, 48 of its 53 bits. */
export function halves(n: Node): [high: Node, low: Node] {
  const high = cast(n, 'float32');
  return [high, cast(sub(n, cast(high, 'float64')), 'float32')];
}

/** What {@link halves} took apart. */
export const whole = (high: Node, low: Node): Node => add(cast(high, 'float64'), cast(low, 'float64'));

/** The same outputs with other nodes in the place of some. */
export function replaced(outputs: readonly Node[], others: ReadonlyMap<Node, Node>): Node[] {
  const fresh = new Map(others);
  for (const n of inOrder(outputs)) {
    if (fresh.has(n)) continue;
    const inputs = n.inputs.map((x) => fresh.get(x)!);
    const same = n.inputs.every((x, i) => x === inputs[i]);
    fresh.set(n, same ? n : node(n.graph, n.op, inputs, n.shape, n.dtype, n.attributes));
  }
  return outputs.map((n) => fresh.get(n)!);
}
