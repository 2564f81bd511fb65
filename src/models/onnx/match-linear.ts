import type { OnnxNode, OnnxTensor } from '../../assets/index.js';
import type { Layer } from '../../core/types.js';
import { type Known, type Learned, numberOf } from './known.js';

/** Layers recognised at a value, with their parameters in PyTorch's layout and order, and the value they start from. */
export interface Match {
  readonly layers: readonly Layer[];
  readonly tensors: readonly Learned[];
  readonly from: string;
}

/** What a node may be the end of; `name`: which of its outputs, default the first. */
export type Matcher = (node: OnnxNode, known: Known, name?: string) => Match | undefined;

export const found = (from: string, layers: readonly Layer[], tensors: readonly Learned[] = []): Match => ({
  layers,
  tensors,
  from,
});

/** The number that a constant of one entry is, else NaN. */
export const scalar = (tensor: OnnxTensor | undefined): number =>
  tensor?.data.length === 1 ? tensor.data[0]! : Number.NaN;

/** The input of a node with two that is no constant, and the one that is. */
export function sides({ inputs }: OnnxNode, { constant }: Known): { data: string; fixed: OnnxTensor } | undefined {
  const [a, b] = inputs as [string, string];
  const [left, right] = [constant(a), constant(b)];
  if (left && !right) return { data: b, fixed: left };
  return right && !left ? { data: a, fixed: right } : undefined;
}

/** The node that makes a value, if it is of this operation. */
export const makerIs = (name: string, op: string, known: Known): OnnxNode | undefined => {
  const node = known.maker(name);
  return node?.op === op ? node : undefined;
};

/** Nodes that a way back between two layers may have. */
const LONGEST_WAY = 64;

/** The value from which a way back, a node at a time, leads to this one; it ends where `step` gives none. */
export function backFrom(name: string, known: Known, step: (node: OnnxNode, at: string) => string | undefined): string {
  let at = name;
  for (let k = 0; k < LONGEST_WAY; k++) {
    const node = known.maker(at);
    const next = node && step(node, at);
    if (next === undefined) break;
    at = next;
  }
  return at;
}

/** x W^T + b of the last axis: Gemm, or MatMul with a constant and perhaps an addition. */
export interface Linear {
  readonly from: string;
  readonly weight: Learned;
  readonly bias?: Learned;
}

export function linearAt(name: string, known: Known): Linear | undefined {
  const node = known.maker(name);
  if (node?.op === 'Gemm') {
    const [from, w, b] = node.inputs as [string, string, string | undefined];
    const [weight, bias] = [known.constant(w), known.constant(b)];
    const plain = numberOf(node.attributes.alpha, 1) === 1 && numberOf(node.attributes.beta, 1) === 1;
    if (!weight || !plain || numberOf(node.attributes.transA, 0)) return undefined;
    return { from, weight: numberOf(node.attributes.transB, 0) ? weight : turned(weight), ...(bias && { bias }) };
  }
  if (node?.op === 'MatMul') {
    const weight = known.constant(node.inputs[1]);
    return weight?.shape.length === 2 ? { from: node.inputs[0]!, weight: turned(weight) } : undefined;
  }
  const added = node?.op === 'Add' ? sides(node, known) : undefined;
  const inner = added && makerIs(added.data, 'MatMul', known) ? linearAt(added.data, known) : undefined;
  const { fixed } = added ?? {};
  if (!inner || inner.bias || !fixed || fixed.data.length !== inner.weight.shape[0]) return undefined;
  const beside = fixed.shape.length === 1 || known.maker(added!.data)?.attributes.last === 1;
  return beside ? { ...inner, bias: { ...fixed, shape: [fixed.data.length] } } : undefined;
}

function turned({ name, names, shape, data }: OnnxTensor): Learned {
  const [rows, columns] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return { name, ...(names && { names }), shape: [columns, rows], data: out };
}
