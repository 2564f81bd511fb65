/** A graph in two passes: what the second one needs of the first is kept between them, not computed again. */
import { binaryTable, unaryTable } from './functions.js';
import { inOrder, type Node, node } from './node.js';

/** Computed again: it costs little beside reading what it is made of, which is often kept anyway. */
const MOVES = ['reshape', 'transpose', 'expand', 'cast', 'select', 'slice', 'pad', 'concat', 'upsample'];
const CHEAP = new Set([...MOVES, ...Object.keys(unaryTable), ...Object.keys(binaryTable)]);
const isGiven = (n: Node): boolean => n.op === 'input' || n.op === 'const' || n.op === 'splat';
const isKept = (n: Node): boolean => n.dtype === 'float32' && !CHEAP.has(n.op);

/** Values of the second pass that are known without the inputs from index `from` on: to be kept by the first. */
export function keptFor(second: readonly Node[], from: number): Node[] {
  const order = inOrder(second);
  const late = new Set<Node>();
  for (const n of order)
    if ((n.op === 'input' && Number(n.attributes.index) >= from) || n.inputs.some((x) => late.has(x))) late.add(n);
  const kept = new Set<Node>();
  const open = [...second, ...order.filter((n) => late.has(n)).flatMap(({ inputs }) => inputs)];
  const seen = new Set<Node>();
  for (let n = open.pop(); n; n = open.pop()) {
    if (seen.has(n) || late.has(n) || isGiven(n)) continue;
    seen.add(n);
    if (isKept(n)) kept.add(n);
    else open.push(...n.inputs);
  }
  return order.filter((n) => kept.has(n));
}

/** The same outputs from inputs that hold what was kept: number `from` + i in the order orders[i]. */
export function withInputs(
  second: readonly Node[],
  kept: readonly Node[],
  from: number,
  orders: readonly (readonly number[])[],
): Node[] {
  const fresh = new Map(
    kept.map((n, i) => [n, node(n.graph, 'input', [], n.shape, n.dtype, { index: from + i, order: orders[i]! })]),
  );
  for (const n of inOrder(second)) {
    if (fresh.has(n)) continue;
    const inputs = n.inputs.map((x) => fresh.get(x)!);
    const same = n.inputs.every((x, i) => x === inputs[i]);
    fresh.set(n, same ? n : node(n.graph, n.op, inputs, n.shape, n.dtype, n.attributes));
  }
  return second.map((n) => fresh.get(n)!);
}
