import { problem } from '../../core/errors.js';
import type { Layer, NamedArray } from '../../core/types.js';
import type { Known } from './known.js';
import { matchAt } from './match.js';

/** A part of a network: its layers and their parameters in PyTorch's layout, in one order. */
export interface Part {
  readonly layers: readonly Layer[];
  readonly tensors: readonly NamedArray[];
}

/** A walk is at most so deep: a network of more layers in a row is none of pictures. */
const DEEPEST = 2_000;

/**
 * The layers between two values of a graph, from the end back to the start. Where two branches meet, the last value
 * that all of them come from is where they part: a residual block, or branches side by side.
 * Errors: a node that is the end of nothing known; it is named.
 */
export function layersBetween(start: string, end: string, known: Known): Part {
  const parts: Part[] = [];
  for (let at = end; at !== start; ) {
    if (parts.length > DEEPEST) throw problem(known.where, `more than ${DEEPEST} layers in a row are not read`);
    const step = matchAt(at, known) ?? meeting(at, known);
    parts.unshift(step);
    at = step.from;
  }
  return { layers: parts.flatMap(({ layers }) => layers), tensors: parts.flatMap(({ tensors }) => tensors) };
}

function meeting(name: string, known: Known): Part & { readonly from: string } {
  const node = known.maker(name);
  const inputs = node?.inputs.filter((one) => !known.constant(one)) ?? [];
  const joins = node && (node.op === 'Add' || node.op === 'Concat') && inputs.length === node.inputs.length;
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
  const parts = inputs.map((input) => layersBetween(from, input, known));
  const tensors = parts.flatMap((part) => part.tensors);
  if (node.op === 'Concat')
    return { from, tensors, layers: [{ kind: 'branches', branches: parts.map(({ layers }) => layers) }] };
  if (parts.length === 2) {
    const [body, shortcut] = ordered(parts as [Part, Part]);
    const layer: Layer = { kind: 'residual', body: body.layers, shortcut: shortcut.layers };
    return { from, tensors: [...body.tensors, ...shortcut.tensors], layers: [layer] };
  }
  return { from, tensors, layers: [{ kind: 'branches', branches: parts.map(({ layers }) => layers), join: 'add' }] };
}

/** The longer branch is the body. */
const ordered = ([a, b]: [Part, Part]): [Part, Part] => (b.layers.length > a.layers.length ? [b, a] : [a, b]);

/** The last value, in the order of the nodes, from which every branch comes and through which all of each goes. */
function parting(branches: readonly string[], known: Known): string {
  const order = new Map(known.nodes.map((node, at) => [node.outputs[0]!, at]));
  const ancestors = branches.map((name) => ancestorsOf(name, known));
  const common = [...ancestors[0]!].filter((name) => ancestors.every((set) => set.has(name)));
  const place = (name: string): number => order.get(name) ?? -1;
  return common.sort((a, b) => place(b) - place(a))[0]!;
}

/** Everything a value comes from, itself included. */
function ancestorsOf(name: string, { maker, constant }: Known): Set<string> {
  const seen = new Set<string>();
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next) || next === '' || constant(next)) continue;
    seen.add(next);
    waiting.push(...(maker(next)?.inputs ?? []));
  }
  return seen;
}
