import type { OnnxGraph, OnnxTensor } from '../../assets/index.js';
import type { NetworkFile, WeightPiece, WeightSource } from '../../core/types.js';
import { byModule } from '../module-order.js';
import type { Learned } from './known.js';

/** Whole numbers below it are exact in float32. */
const CODES = 2 ** 24;
/** A constant that is no parameter is kept up to so many numbers. */
const MOST = 2 ** 16;

/**
 * Which stored tensors the parameters are made of, entry by entry: the graph is read again with every stored tensor
 * that becomes a parameter counting its own entries, so that whatever the reading turns, cuts or flattens shows.
 * @param read the tensors of a graph, e.g. of one with the same nodes and other constants
 * @param taken what each parameter and running statistic was made of, by its name
 */
export function fileOf(
  graph: OnnxGraph,
  read: (graph: OnnxGraph) => readonly Learned[],
  tensors: readonly Learned[],
  taken: ReadonlyMap<string, Learned>,
): NetworkFile {
  const all = tensors.flatMap(leaves);
  const roots = new Set(all.flatMap(({ names = [], absent }) => (absent ? [] : (names.at(-1) ?? []))));
  const coded = (tensor: OnnxTensor): OnnxTensor => ({ ...tensor, data: tensor.data.map((_, i) => i % CODES) });
  const constants = [...graph.constants].map(([name, tensor]) => [name, roots.has(name) ? coded(tensor) : tensor]);
  const traced = tracedBy(() => read({ ...graph, constants: new Map(constants as [string, OnnxTensor][]) }));
  const of = new Map(all.map((leaf, k) => [leaf, traced[k]]));
  const piece = (leaf: Learned): WeightPiece => pieceOf(leaf, of.get(leaf), graph);
  const sources: Record<string, WeightSource> = {};
  for (const [name, tensor] of taken) {
    const pieces = merged(leaves(tensor).map(piece));
    if (pieces.every(({ names }) => names.length > 0)) sources[name] = { shape: tensor.shape, pieces };
  }
  const kept = [...graph.constants.values()].filter(({ name, data }) => !roots.has(name) && data.length <= MOST);
  return { sources, stored: inOrder(graph, roots), constants: kept, folded: foldedIn(graph) };
}

/** What PyTorch's older exporter calls a kernel that it computed. */
const COMPUTED = /^onnx::Conv_\d+$/;

/** Nodes that are a layer and the batch normalisation behind it in one, as optimising exporters write it. */
const foldedIn = ({ nodes, constants }: OnnxGraph): string[] =>
  nodes
    .filter(
      ({ op, inputs, rule = '' }) =>
        /BatchNorm/.test(rule) || (op === 'Conv' && COMPUTED.test(inputs[1] ?? '') && constants.has(inputs[1]!)),
    )
    .map(({ name, op, outputs }) => name || `${op} ${outputs[0]}`);

/** The pieces of a tensor that stand one below the other; itself where it is one. */
export const leaves = (tensor: Learned): readonly Learned[] => tensor.parts?.flatMap(leaves) ?? [tensor];

/** A graph that reads otherwise with other numbers has no tensors that could be followed. */
function tracedBy(read: () => readonly Learned[]): readonly Learned[] {
  try {
    return read().flatMap(leaves);
  } catch {
    return [];
  }
}

function pieceOf({ names = [], absent, shape }: Learned, traced: Learned | undefined, graph: OnnxGraph): WeightPiece {
  if (absent) return { names, shape };
  const root = graph.constants.get(names.at(-1) ?? '');
  if (!root || !traced || String(traced.names) !== String(names)) return { names: [], shape };
  const { data } = traced;
  if (data.length === root.data.length && data.every((code, i) => code === i % CODES))
    return { names, shape: root.shape };
  return root.data.length < CODES ? { names, shape: root.shape, order: Int32Array.from(data) } : { names: [], shape };
}

/** Parts of one stored tensor that follow each other are that tensor. */
function merged(pieces: readonly WeightPiece[]): readonly WeightPiece[] {
  const [first] = pieces;
  if (pieces.length < 2 || !pieces.every(({ names, order }) => order && String(names) === String(first!.names)))
    return pieces;
  const order = Int32Array.from(pieces.flatMap((one) => [...one.order!]));
  const { names, shape } = first!;
  return [order.every((at, i) => at === i) ? { names, shape } : { names, shape, order }];
}

/** Names of the stored parameters module by module, as a state dict has them. */
const inOrder = ({ constants }: OnnxGraph, roots: ReadonlySet<string>): readonly string[] =>
  byModule([...constants.keys()].filter((name) => roots.has(name)).map((name) => ({ name })))
    .flat()
    .map(({ name }) => name);
