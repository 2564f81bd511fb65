/**
 * Several runs of one graph as one graph: what depends on an input gets a leading axis of runs, what does not (the
 * weights of the model) stays as it is and is shared. One rule for each kind of node.
 */
import { binary, cast, expand, select, unary } from './elementwise.js';
import { binaryTable, unaryTable } from './functions.js';
import { matmul } from './linear.js';
import { inOrder, type Node, node } from './node.js';
import { sum } from './reduce.js';
import { concat, gather, pad, reshape, slice, swap, tile, transpose } from './shape.js';

/** A node has no form with an axis of runs. */
export class Unstackable extends Error {}

/** An operand of a node in the new graph, with or without the axis of runs. */
interface Operand {
  readonly value: Node;
  readonly each: boolean;
}

/** How a node is written for `count` runs, of which at least one operand depends on. */
type Rule = (n: Node, operands: readonly Operand[], count: number) => Node;

const list = (n: Node, name: string): readonly number[] => n.attributes[name] as readonly number[];
const behind = (axes: readonly number[]): number[] => axes.map((axis) => axis + 1);
const axesOf = (n: Node): number[] => behind(list(n, 'axes'));

/** The operand with its axis of runs. */
const whole = ({ value, each }: Operand, count: number): Node =>
  each ? value : expand(value, [count, ...value.shape]);

/** Operands that broadcast as they did: between the runs and the axes of a smaller one come axes of length 1. */
const aligned = (operands: readonly Operand[], rank: number): Node[] =>
  operands.map(({ value, each }) => {
    const [runs, ...shape] = value.shape;
    return each ? reshape(value, [runs!, ...Array(rank - shape.length).fill(1), ...shape]) : value;
  });

/** The first axis split into runs and what it was. */
const split = (x: Node, count: number): Node => reshape(x, [count, x.shape[0]! / count, ...x.shape.slice(1)]);

function merged(operand: Operand, count: number): Node {
  const { shape } = whole(operand, count);
  return reshape(whole(operand, count), [shape[0]! * shape[1]!, ...shape.slice(2)]);
}

const elementwise =
  (f: (n: Node, operands: readonly Node[]) => Node): Rule =>
  (n, operands) =>
    f(n, aligned(operands, n.shape.length));

/** Runs are more images: for what treats every image alike. */
const perImage: Rule = (n, [x, ...shared], count) => {
  const shape = [count * n.shape[0]!, ...n.shape.slice(1)];
  const inputs = [merged(x!, count), ...shared.map(({ value }) => value)];
  return split(node(n.graph, n.op, inputs, shape, n.dtype, n.attributes), count);
};

/** The runs beside each other in the last axis. */
function beside(operand: Operand, count: number): Node {
  const x = whole(operand, count);
  const [, a, b, c, last] = x.shape as [number, number, number, number, number];
  return reshape(transpose(x, [1, 2, 3, 0, 4]), [a, b, c, count * last]);
}

/** Runs are groups of channels: for kernels that differ from run to run. */
const perGroup: Rule = (n, operands, count) => {
  const [a, b, c, last] = n.shape as [number, number, number, number];
  const inputs = operands.map((operand) => beside(operand, count));
  const all = node(n.graph, n.op, inputs, [a, b, c, count * last], n.dtype, n.attributes);
  return transpose(reshape(all, [a, b, c, count, last]), [3, 0, 1, 2, 4]);
};

const convolution: Rule = (n, operands, count) => (operands[1]!.each ? perGroup : perImage)(n, operands, count);

/** Products with a shared matrix are one product of all rows. */
function product(n: Node, operands: readonly Operand[], count: number): Node {
  const [a, b] = operands as [Operand, Operand];
  const [rows, columns] = n.shape.slice(-2) as [number, number];
  const isFlat = n.shape.length === 2;
  if (!b.each && b.value.shape.length === 2) {
    const flat = reshape(a.value, [a.value.size / b.value.shape[0]!, b.value.shape[0]!]);
    return reshape(matmul(flat, b.value), [count, ...n.shape]);
  }
  if (!a.each && isFlat) {
    const flat = reshape(swap(b.value), [count * columns, b.value.shape[1]!]);
    return swap(reshape(matmul(flat, swap(a.value)), [count, columns, rows]));
  }
  const [x, y] = aligned(operands, n.shape.length) as [Node, Node];
  return matmul(x, y);
}

/** From this many entries on a total is a sum of sums, as float32 loses digits. */
const LONG_SUM = 4096;

function total(n: Node, [x]: readonly Operand[]): Node {
  const axes = axesOf(n);
  const [last] = axes.slice(-1);
  if (n.shape.length > 0 || axes.length < 2 || x!.value.size / n.size < LONG_SUM) return sum(x!.value, axes);
  return sum(sum(x!.value, [last!]), axes.slice(0, -1));
}

const double = (x: Node): Node => cast(x, 'float64');
const wide = (op: string, inputs: readonly Node[], shape: readonly number[], axes?: readonly number[]): Node =>
  node(inputs[0]!.graph, op, inputs, shape, 'float64', axes && { axes });

/** Up to this many entries a product is summed in float64 throughout, as for one run. */
const FEW_ENTRIES = 2 ** 18;

/** sum(x * y) of every run. */
const dot: Rule = (n, operands, count) => {
  const [x, y] = operands.map((operand) => whole(operand, count)) as [Node, Node];
  const few = x.size / count <= FEW_ENTRIES;
  if (few) return wide('sum', [wide('mul', [double(x), double(y)], x.shape)], [count], [1, 2]);
  const rows = node(n.graph, 'sum', [binary('mul', x, y)], x.shape.slice(0, 2), 'float32', { axes: [2] });
  return wide('sum', [double(rows)], [count], [1]);
};

/** sum((P^T R) * (Q S^T)) of every run. */
const gramDot: Rule = (_, operands, count) => {
  const [p, q, r, s] = operands.map((operand) => double(whole(operand, count))) as [Node, Node, Node, Node];
  const shape = [count, p.shape[2]!, r.shape[2]!];
  const grams = [wide('matmul', [swap(p), r], shape), wide('matmul', [q, swap(s)], shape)];
  return wide('sum', [wide('mul', grams, shape)], [count], [1, 2]);
};

const over: Rule = (n, [x], count) =>
  node(n.graph, n.op, [x!.value], [count, ...n.shape], n.dtype, { axes: axesOf(n) });
const along: Rule = (n, [x], count) =>
  node(n.graph, n.op, [x!.value], [count, ...n.shape], n.dtype, {
    ...n.attributes,
    axis: Number(n.attributes.axis) + 1,
  });

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    Object.keys(unaryTable).map((op) => [op, elementwise((n, [x]) => unary(op, x!, n.attributes))]),
  ),
  ...Object.fromEntries(Object.keys(binaryTable).map((op) => [op, elementwise((_, [x, y]) => binary(op, x!, y!))])),
  select: elementwise((_, [mask, x, y]) => select(mask!, x!, y!)),
  cast: elementwise((n, [x]) => cast(x!, n.dtype)),
  expand: (n, operands, count) => expand(aligned(operands, n.shape.length)[0]!, [count, ...n.shape]),
  reshape: (n, [x], count) => reshape(x!.value, [count, ...n.shape]),
  transpose: (n, [x]) => transpose(x!.value, [0, ...behind(list(n, 'permutation'))]),
  concat: (n, operands, count) =>
    concat(
      operands.map((part) => whole(part, count)),
      Number(n.attributes.axis) + 1,
    ),
  slice: (n, [x], count) => slice(x!.value, [0, ...list(n, 'begin')], [count, ...n.shape], [1, ...list(n, 'steps')]),
  pad: (n, [x]) =>
    pad(x!.value, [0, ...list(n, 'before')], [0, ...list(n, 'after')], n.attributes.fill as number | 'reflect'),
  tile: (n, [x]) => tile(x!.value, [1, ...list(n, 'repeats')]),
  gather: (n, [x, indices]) => {
    const axis = Number(n.attributes.axis);
    if (!indices!.each) return gather(x!.value, indices!.value, axis + 1);
    if (x!.each) throw new Unstackable('gather of values and places that differ');
    const all = gather(x!.value, indices!.value, axis);
    const others = all.shape.map((_, i) => i).filter((i) => i !== axis);
    return transpose(all, [axis, ...others]);
  },
  sum: total,
  reduceMax: over,
  reduceMin: over,
  reduceProd: over,
  argMax: along,
  argMin: along,
  cumsum: along,
  matmul: product,
  dot,
  gramDot,
  conv: convolution,
  convInput: convolution,
  convFilter: perGroup,
  maxPool: perImage,
  averagePool: perImage,
  averagePoolGradient: perImage,
  upsample: perImage,
};

/**
 * The same outputs for `count` runs at once, each with a leading axis of runs, from inputs that have one.
 * @throws `Unstackable`, with the name of a node that has no rule
 */
export function stacked(outputs: readonly Node[], count: number): Node[] {
  const fresh = new Map<Node, Operand>();
  for (const n of inOrder(outputs)) fresh.set(n, written(n, count, fresh));
  return outputs.map((n) => whole(fresh.get(n)!, count));
}

function written(n: Node, count: number, fresh: ReadonlyMap<Node, Operand>): Operand {
  if (n.op === 'input')
    return { value: node(n.graph, 'input', [], [count, ...n.shape], n.dtype, n.attributes), each: true };
  const operands = n.inputs.map((x) => fresh.get(x)!);
  if (!operands.some(({ each }) => each)) return { value: n, each: false };
  const rule = rules[n.op];
  if (!rule) throw new Unstackable(n.op);
  return { value: rule(n, operands, count), each: true };
}
