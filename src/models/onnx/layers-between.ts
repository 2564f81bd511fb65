import type { OnnxNode } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import type { Layer } from '../../core/types.js';
import { type Known, type Learned, numberOf } from './known.js';
import { matchAt } from './match-layer.js';

/** A part of a network: its layers and their parameters in PyTorch's layout, in one order. */
export interface Part {
  readonly layers: readonly Layer[];
  readonly tensors: readonly Learned[];
}

/** A walk is at most so deep: a network of more layers in a row is none of pictures. */
const DEEPEST = 2_000;
const NESTED = 32;

/**
 * The layers between two values of a graph, from the end back to the start. Where two branches meet, the last value
 * that all of them come from is where they part: a residual block, or branches side by side.
 * @throws a node that is the end of nothing known; it is named
 */
export function layersBetween(start: string, end: string, known: Known): Part {
  return walk(start, end, known, new Set(), NESTED);
}

/** @param met nodes whose layers hold weights: each may be met once, since a list of layers cannot share weights */
function walk(start: string, end: string, known: Known, met: Set<string>, depth: number): Part {
  if (depth === 0) throw problem(known.where, `branches inside branches are read ${NESTED} deep`);
  const parts: Part[] = [];
  for (let at = end; at !== start; ) {
    if (parts.length > DEEPEST) throw problem(known.where, `more than ${DEEPEST} layers in a row are not read`);
    const match = matchAt(at, known);
    if (match && match.tensors.length > 0) {
      if (met.has(at))
        throw problem(
          known.where,
          `the node ${known.maker(at)?.name || at} with its weights is used in two branches`,
          undefined,
          'a list of layers cannot share weights',
        );
      met.add(at);
    }
    const step = match ?? meeting(at, known, met, depth);
    parts.unshift(step);
    at = step.from;
  }
  return { layers: parts.flatMap(({ layers }) => layers), tensors: parts.flatMap(({ tensors }) => tensors) };
}

function meeting(name: string, known: Known, met: Set<string>, depth: number): Part & { readonly from: string } {
  const node = known.maker(name);
  const given = node?.inputs.filter((one) => !known.constant(one)) ?? [];
  const joins = node && JOINS.has(node.op) && onChannels(node, known) && given.length === node.inputs.length;
  const inputs = joins && node.op === 'Concat' ? regrouped(given, known) : given;
  if (joins && inputs.length === 1) return { from: inputs[0]!, layers: [], tensors: [] };
  if (!joins || inputs.length < 2)
    throw problem(
      known.where,
      node
        ? `the node ${node.name || name} (${node.op}) is no layer that is known in this place`
        : `nothing makes ${name}`,
      undefined,
      'see loadNetwork() for what is read',
    );
  const from = parting(inputs, known);
  return { from, ...joinOf(node.op, partsFrom(from, inputs, node.op, known, met, depth - 1)) };
}

/** Inputs in a row that part later than all do have their first layers in common: those, then branches. */
function partsFrom(
  from: string,
  inputs: readonly string[],
  op: string,
  known: Known,
  met: Set<string>,
  depth: number,
): Part[] {
  return groupsOf(inputs, from, known).map((group) => {
    if (group.length === 1) return walk(from, group[0]!, known, met, depth);
    const start = parting(group, known);
    const common = walk(from, start, known, met, depth);
    const rest = joinOf(op, partsFrom(start, group, op, known, met, depth - 1));
    return { layers: [...common.layers, ...rest.layers], tensors: [...common.tensors, ...rest.tensors] };
  });
}

/** Where more are joined no groups are looked for: their number grows with the square. */
const MOST_GROUPED = 32;

/** The longest row of inputs that parts after `from`, and what stands on either side of it. */
function groupsOf(inputs: readonly string[], from: string, known: Known): (readonly string[])[] {
  for (let size = inputs.length <= MOST_GROUPED ? inputs.length - 1 : 0; size > 1; size--)
    for (let at = 0; at + size <= inputs.length; at++) {
      const group = inputs.slice(at, at + size);
      if (known.place(parting(group, known)) <= known.place(from)) continue;
      return [...groupsOf(inputs.slice(0, at), from, known), group, ...groupsOf(inputs.slice(at + size), from, known)];
    }
  return inputs.map((input) => [input]);
}

/** Branches as one layer. */
function joinOf(op: string, parts: readonly Part[]): Part {
  const tensors = parts.flatMap((part) => part.tensors);
  const branches = parts.map(({ layers }) => layers);
  if (op === 'Concat') return { tensors, layers: [{ kind: 'branches', branches }] };
  if (op === 'Mul') return { tensors, layers: [{ kind: 'branches', branches, join: 'multiply' }] };
  if (parts.length !== 2) return { tensors, layers: [{ kind: 'branches', branches, join: 'add' }] };
  const [body, shortcut] = ordered(parts as unknown as [Part, Part]);
  const layer: Layer = { kind: 'residual', body: body.layers, shortcut: shortcut.layers };
  return { tensors: [...body.tensors, ...shortcut.tensors], layers: [layer] };
}

const JOINS: ReadonlySet<string> = new Set(['Add', 'Sum', 'Concat', 'Mul']);

/** Whether branches are joined along channels, where they are put side by side. */
function onChannels({ op, inputs, attributes }: OnnxNode, known: Known): boolean {
  const rank = known.shape(inputs[0]!).length;
  const axis = numberOf(attributes.axis, 1);
  return op !== 'Concat' || (rank === 4 ? axis === 1 || axis === -3 : axis === rank - 1 || axis === -1);
}

/** Branches of which the first were joined before, as that and the rest: dense networks list all values each time. */
function regrouped(inputs: readonly string[], known: Known): readonly string[] {
  const starts = (node: OnnxNode): boolean =>
    node.op === 'Concat' && node.inputs.length < inputs.length && node.inputs.every((one, k) => one === inputs[k]);
  const longest = known.nodes
    .filter((node) => node.inputs.length > 1 && starts(node))
    .reduce<OnnxNode | undefined>(
      (best, one) => (one.inputs.length > (best?.inputs.length ?? 1) ? one : best),
      undefined,
    );
  return longest ? [longest.outputs[0]!, ...inputs.slice(longest.inputs.length)] : inputs;
}

/** The longer branch is the body. */
const ordered = ([a, b]: [Part, Part]): [Part, Part] => (b.layers.length > a.layers.length ? [b, a] : [a, b]);

/** The last value, in the order of the nodes, from which every branch comes and through which all of each goes. */
function parting(branches: readonly string[], { maker, constant, place, input }: Known): string {
  const open = new Set(branches);
  while (open.size > 1) {
    const last = [...open].reduce((best, name) => (place(name) > place(best) ? name : best));
    open.delete(last);
    for (const name of maker(last)?.inputs ?? []) if (name !== '' && !constant(name)) open.add(name);
  }
  const [first = input] = open;
  return first;
}
