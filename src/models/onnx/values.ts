import type { OnnxNode } from '../../assets/index.js';
import { problem } from '../../core/errors.js';
import type { Layer } from '../../core/types.js';
import { type Known, type Learned, numberOf } from './known.js';
import { matchAt } from './match-layer.js';

/** A part of a network: its layers and their parameters in PyTorch's layout, in one order. */
export interface Part {
  readonly layers: readonly Layer[];
  readonly tensors: readonly Learned[];
  /** How deep branches lie in branches. */
  readonly depth: number;
}

/** A row of layers is at most so long: a network of more is none of pictures. */
export const LONGEST = 2_000;

/** A value of a network by the numbers of those that it is made of: by layers of one, or by a node that joins them. */
export interface Value {
  readonly from: readonly number[];
  readonly part?: Part;
  readonly op?: string;
}

interface Making extends Omit<Value, 'from'> {
  readonly inputs: readonly string[];
}

/**
 * All values that lead from one value of a graph to another, which comes last; each comes after those that it is made
 * of, and none is there twice, however many take it.
 * @throws a node that is the end of nothing known; it is named
 */
export function valuesBetween(start: string, end: string, known: Known): readonly Value[] {
  const values: Value[] = [{ from: [] }];
  const numbers = new Map([[start, 0]]);
  /** How many nodes in a row before it have changed nothing. */
  const idle = new Map<string, number>();
  const makings = new Map<string, Making>();
  const make = makingOf(known);
  const waiting = [end];
  while (waiting.length > 0) {
    const name = waiting.at(-1)!;
    const again = makings.get(name);
    const { inputs, ...how } = numbers.has(name) ? { inputs: [] } : (again ?? make(name));
    const missing = inputs.filter((one) => !numbers.has(one));
    if (missing.length > 0) {
      if (again) throw problem(known.where, 'no value may be made of itself', name, 'the file is corrupt');
      makings.set(name, { inputs, ...how });
      waiting.push(...missing.reverse());
      continue;
    }
    waiting.pop();
    if (numbers.has(name)) continue;
    const from = inputs.map((one) => numbers.get(one)!);
    if (how.part?.layers.length === 0) {
      idle.set(name, (idle.get(inputs[0]!) ?? 0) + 1);
      if (idle.get(name)! > LONGEST) throw tooLong(known);
      numbers.set(name, from[0]!);
    } else numbers.set(name, values.push({ from, ...how }) - 1);
  }
  return values;
}

export const tooLong = ({ where }: Known): Error => problem(where, `more than ${LONGEST} layers in a row are not read`);

const makingOf = (known: Known) => {
  const regrouped = regrouping(known);
  /** Values that no node makes. */
  const between = new Map<string, Making>();
  return (name: string): Making => {
    const made = between.get(name);
    if (made) return made;
    const match = matchAt(name, known);
    if (match) return { inputs: [match.from], part: { ...match, depth: 0 } };
    const node = known.maker(name);
    if (!node) throw problem(known.where, `nothing makes ${name}`, undefined, 'see loadNetwork() for what is read');
    const joins = JOINS.has(node.op) && node.inputs.length > 0 && !node.inputs.some((one) => known.constant(one));
    if (!joins || !onChannels(node, known))
      throw problem(
        known.where,
        `the node ${node.name || name} (${node.op}) is no layer that is known in this place`,
        undefined,
        'see loadNetwork() for what is read',
      );
    if (node.inputs.length === 1) return { inputs: node.inputs, part: { layers: [], tensors: [], depth: 0 } };
    if (Object.hasOwn(SECOND, node.op)) {
      const [first, second] = node.inputs as [string, string];
      const { op, layer } = SECOND[node.op]!;
      between.set(`${name} second`, { inputs: [second], part: { layers: [layer], tensors: [], depth: 0 } });
      return { inputs: [first, `${name} second`], op };
    }
    return { inputs: node.op === 'Concat' ? regrouped(node.inputs) : node.inputs, op: node.op };
  };
};

/** Joins of a value and one that a layer makes of the second. */
const SECOND: Readonly<Record<string, { readonly op: string; readonly layer: Layer }>> = {
  Sub: { op: 'Add', layer: { kind: 'scale', factor: -1 } },
  Div: { op: 'Mul', layer: { kind: 'reciprocal' } },
};

const JOINS: ReadonlySet<string> = new Set(['Add', 'Sum', 'Concat', 'Mul', 'Max', ...Object.keys(SECOND)]);

/** Whether branches are joined along channels, where they are put side by side. */
function onChannels({ op, inputs, attributes }: OnnxNode, known: Known): boolean {
  if (op !== 'Concat') return true;
  const rank = known.shape(inputs[0]!).length;
  const axis = numberOf(attributes.axis, 1);
  return rank === 4 ? axis === 1 || axis === -3 : axis === rank - 1 || axis === -1;
}

/**
 * Values side by side of which the first were put side by side before, as that and the rest: dense networks list all
 * of them each time.
 */
function regrouping(known: Known): (inputs: readonly string[]) => readonly string[] {
  const rows = new Map<string, number>();
  const ends = new Map<number, string>();
  for (const node of known.nodes) {
    if (node.op !== 'Concat' || node.inputs.length < 2 || !onChannels(node, known)) continue;
    let row = 0;
    for (const name of node.inputs) {
      const key = `${row} ${name}`;
      row = rows.get(key) ?? rows.size + 1;
      rows.set(key, row);
    }
    if (!ends.has(row)) ends.set(row, node.outputs[0]!);
  }
  return (inputs) => {
    let [row, longest, joined] = [0, 0, ''];
    for (let k = 0; k + 1 < inputs.length; k++) {
      const next = rows.get(`${row} ${inputs[k]}`);
      if (next === undefined) break;
      row = next;
      if (ends.has(row)) [longest, joined] = [k + 1, ends.get(row)!];
    }
    return longest > 0 ? [joined, ...inputs.slice(longest)] : inputs;
  };
}
