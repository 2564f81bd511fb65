import type { OnnxNode } from '../../assets/index.js';
import type { Layer } from '../../core/types.js';
import type { Known, Learned } from './known.js';
import { backFrom, type Linear, linearAt, type Match, sides } from './match-linear.js';

/** Operations that move numbers about, and change none. */
const LAYOUT = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Cast', 'Dropout']);
/** Besides, on the way from a dense layer to queries, keys and values: parts, and fixed factors. */
const PARTS = new Set([...LAYOUT, 'Slice', 'Split', 'Gather', 'Div', 'Mul']);

/** The value from which operations of a set led to this one. */
const through = (name: string, ops: ReadonlySet<string>, known: Known): string =>
  backFrom(name, known, (node) => {
    if (!ops.has(node.op)) return undefined;
    return node.op === 'Div' || node.op === 'Mul' ? sides(node, known)?.data : node.inputs[0];
  });

/**
 * Self-attention as PyTorch exports it: a dense layer to queries, keys and values (or three), softmax(Q K^T /
 * sqrt(width)) V for each head, a dense layer. How the numbers are moved about in between is left to the check of the
 * whole network's answers.
 */
export function attention(node: OnnxNode, known: Known): Match | undefined {
  const out = linearAt(through(node.outputs[0]!, LAYOUT, known), known);
  if (!out) return undefined;
  const mixed = known.maker(through(out.from, LAYOUT, known));
  if (mixed?.op !== 'MatMul' || known.constant(mixed.inputs[1])) return undefined;
  const softmax = known.maker(through(mixed.inputs[0]!, LAYOUT, known));
  if (softmax?.op !== 'Softmax') return undefined;
  const scores = known.maker(through(softmax.inputs[0]!, PARTS, known));
  if (scores?.op !== 'MatMul') return undefined;
  const ends = [scores.inputs[0]!, scores.inputs[1]!, mixed.inputs[1]!].map((name) => through(name, PARTS, known));
  const sources = ends.map((name) => linearAt(name, known));
  const joint = ends.every((name) => name === ends[0]);
  if (sources.some((source) => !source)) return undefined;
  const parts = (joint ? sources.slice(0, 1) : sources) as Linear[];
  const shape = known.shape(scores.outputs[0]!);
  const tokens = shape.at(-1)!;
  const heads = shape.reduce((product, n) => product * n, 1) / (tokens * tokens * known.batch);
  const wanted = [known.batch, tokens, parts[0]!.weight.shape[1]!];
  const [start, ...others] = parts.map(({ from }) => sequenceBefore(from, wanted, known));
  if (start === undefined || others.some((name) => name !== start)) return undefined;
  // exporters drop a bias of zeros, of one part or the last layer; none of all parts have one where they learn none
  const inBias = parts.some((one) => one.bias !== undefined);
  const bias = inBias || out.bias !== undefined;
  const tensors = [
    stacked(parts.map(({ weight }) => weight)),
    ...(inBias ? [stacked(parts.map(biasOf))] : []),
    out.weight,
    ...(bias ? [biasOf(out)] : []),
  ];
  const layer: Layer = { kind: 'attention', heads, bias, ...(bias && !inBias && { inBias }) };
  return { from: start, layers: [layer], tensors };
}

const biasOf = ({ weight, bias }: Linear): Learned => {
  const [units] = weight.shape as [number];
  const names = weight.names?.map((name) => name.replace(/weight$/, 'bias')) ?? [];
  return bias ?? { name: weight.name, names, absent: true, shape: [units], data: new Float32Array(units) };
};

/** The value [batch, tokens, width] that was moved about to become this one. */
function sequenceBefore(name: string, wanted: readonly number[], known: Known): string | undefined {
  const fits = (one: string): boolean => String(known.shape(one)) === String(wanted);
  const start = backFrom(name, known, ({ op, inputs }, at) => (LAYOUT.has(op) && !fits(at) ? inputs[0] : undefined));
  return fits(start) ? start : undefined;
}

/** Arrays one below the other. */
function stacked(arrays: readonly Learned[]): Learned {
  const [first] = arrays;
  const [, ...rest] = first!.shape;
  const data = new Float32Array(arrays.reduce((sum, one) => sum + one.data.length, 0));
  let at = 0;
  for (const one of arrays) {
    data.set(one.data, at);
    at += one.data.length;
  }
  const rows = arrays.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return { name: first!.name, shape: [rows, ...rest], data, parts: arrays };
}
