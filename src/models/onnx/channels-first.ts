import type { OnnxNode, OnnxTensor } from '../../assets/index.js';
import { numberOf, numbers } from './known.js';

/** What the rewriting of a graph asks, and where it keeps what it makes. */
export interface Rewriting {
  readonly constant: (name: string | undefined) => OnnxTensor | undefined;
  readonly shape: (name: string) => readonly number[];
  readonly keep: (tensor: OnnxTensor) => void;
}

/** The place among [batch, channels, height, width] of an axis of [batch, height, width, channels]. */
const PLACES = [0, 2, 3, 1];
const place = (axis: number): number => PLACES[axis < 0 ? axis + 4 : axis]!;

const ONE = new Set(
  (
    'Relu Sigmoid Tanh Softplus LeakyRelu Elu Selu Celu HardSwish HardSigmoid Clip Erf Gelu Mish Sqrt Exp Log Abs ' +
    'Neg Identity Dropout Cast Reciprocal PRelu'
  ).split(' '),
);
const TWO = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Sum']);

/**
 * Rewrites nodes over pictures [batch, height, width, channels], as TensorFlow's exporter and transformers of pictures
 * have them, as nodes over [batch, channels, height, width]: a Transpose between the two is not carried out but
 * remembered, the axes of what follows are renamed, and constants are turned. A dense layer or a LayerNormalization of
 * the channels stays what it is, marked `last`. Where a node needs the other order, the Transpose stands before it.
 */
export function channelsFirst({ constant, shape, keep }: Rewriting) {
  /** Value [batch, height, width, channels] -> the same as [batch, channels, height, width]. */
  const turned = new Map<string, string>();
  const written = new Set<string>();
  let count = 0;

  const list = (name: string | undefined): number[] => [...(constant(name)?.data ?? [])];
  const kept = (tensor: Omit<OnnxTensor, 'name'>): string => {
    const name = `turned ${count++}`;
    keep({ ...tensor, name });
    return name;
  };
  const listed = (values: readonly number[]): string =>
    kept({ shape: [values.length], data: Float32Array.from(values), whole: true });

  /** A constant that is met by pictures, with its axes in the other order. */
  const turnedConstant = (tensor: OnnxTensor): string | undefined => {
    if (tensor.data.length === 1) return kept({ ...tensor, shape: [] });
    if (tensor.shape.length > 4) return undefined;
    const [n, h, w, c] = [...new Array<number>(4 - tensor.shape.length).fill(1), ...tensor.shape] as number[];
    const data = new Float32Array(tensor.data.length);
    const plane = h! * w!;
    tensor.data.forEach((value, i) => {
      const [at, channel] = [Math.floor(i / c!), i % c!];
      data[(Math.floor(at / plane) * c! + channel) * plane + (at % plane)] = value;
    });
    return kept({ ...tensor, shape: n === 1 ? [c!, h!, w!] : [n!, c!, h!, w!], data });
  };

  const renamed = (node: OnnxNode, inputs: readonly string[], attributes = node.attributes): OnnxNode[] => {
    const outputs = node.outputs.map((name) => {
      turned.set(name, `${name} turned`);
      return `${name} turned`;
    });
    return [{ ...node, inputs, outputs, attributes }];
  };

  /** Nodes that make values in the order in which the file has them. */
  const restored = (names: readonly string[]): OnnxNode[] =>
    [...new Set(names)].flatMap((name) => {
      const from = turned.get(name);
      if (from === undefined || written.has(name)) return [];
      written.add(name);
      const attributes = { perm: [0, 2, 3, 1] };
      return [{ name: `order of ${name}`, op: 'Transpose', inputs: [from], outputs: [name], attributes }];
    });

  /** A node over turned pictures; undefined where it is none that can be. */
  const rewritten = (node: OnnxNode): OnnxNode[] | undefined => {
    const [first = '', ...others] = node.inputs;
    const from = turned.get(first);
    if (node.op === 'Transpose') {
      const perm = String(numbers(node.attributes.perm, []));
      if (from !== undefined && perm === '0,3,1,2')
        return [{ ...node, op: 'Identity', inputs: [from], attributes: {} }];
      if (from !== undefined || perm !== '0,2,3,1' || shape(first).length !== 4) return undefined;
      turned.set(node.outputs[0]!, first);
      return [];
    }
    if (TWO.has(node.op)) return node.inputs.some((name) => turned.has(name)) ? both(node) : undefined;
    if (from === undefined) return undefined;
    if (node.op === 'PRelu') {
      const slope = constant(others[0]);
      const by = slope && turnedConstant(slope);
      return by === undefined ? undefined : renamed(node, [from, by]);
    }
    if (ONE.has(node.op)) return renamed(node, [from, ...others]);
    if (node.op === 'Concat') {
      const all = node.inputs.map((name) => turned.get(name));
      const axis = place(numberOf(node.attributes.axis, 1));
      return all.every((name) => name !== undefined) ? renamed(node, all as string[], { axis }) : undefined;
    }
    if (node.op === 'Split') {
      const axis = place(numberOf(node.attributes.axis, 0));
      return renamed(node, [from, ...others], { ...node.attributes, axis });
    }
    if (node.op === 'Pad') return padded(node, from);
    if (node.op === 'Slice' && others.length > 1 && others.every((name) => name === '' || constant(name))) {
      const [starts, ends, axes, ...steps] = others as [string, string, string | undefined, ...string[]];
      const given = axes ? list(axes) : list(starts).map((_, k) => k);
      return renamed(node, [from, starts, ends, listed(given.map(place)), ...steps]);
    }
    if (node.op === 'ReduceMean' || node.op === 'ReduceMax') return reduced(node, from);
    const [weight] = others.map(constant);
    if (node.op === 'MatMul' && weight?.shape.length === 2)
      return renamed(node, [from, others[0]!], { ...node.attributes, last: 1 });
    const inner = [3, -1].includes(numberOf(node.attributes.axis, -1)) && weight?.shape.length === 1;
    if (node.op === 'LayerNormalization' && inner)
      return renamed(node, [from, ...others], { ...node.attributes, last: 1 });
    return undefined;
  };

  const both = (node: OnnxNode): OnnxNode[] | undefined => {
    const before: OnnxNode[] = [];
    const inputs = node.inputs.map((name) => {
      const [first, fixed] = [turned.get(name), constant(name)];
      if (first !== undefined) return first;
      if (fixed) return turnedConstant(fixed);
      if (shape(name).length !== 4) return undefined;
      const output = `turned ${count++}`;
      before.push({
        name: output,
        op: 'Transpose',
        inputs: [name],
        outputs: [output],
        attributes: { perm: [0, 3, 1, 2] },
      });
      return output;
    });
    if (inputs.some((name) => name === undefined)) return undefined;
    return [...before, ...renamed(node, inputs as string[])];
  };

  const padded = (node: OnnxNode, from: string): OnnxNode[] | undefined => {
    const pads = node.inputs[1] ? list(node.inputs[1]) : [...numbers(node.attributes.pads, [])];
    if (pads.length !== 8) return undefined;
    const ordered = [0, 3, 1, 2, 4, 7, 5, 6].map((k) => pads[k]!);
    if (!node.inputs[1]) return renamed(node, [from], { ...node.attributes, pads: ordered });
    return renamed(node, [from, listed(ordered), ...node.inputs.slice(2, 3)]);
  };

  const reduced = (node: OnnxNode, from: string): OnnxNode[] | undefined => {
    const given = node.inputs[1] ? list(node.inputs[1]) : [...numbers(node.attributes.axes, [])];
    const axes = given.map(place).sort();
    if (numberOf(node.attributes.keepdims, 1) === 1 && axes.length > 0)
      return renamed(node, [from], { ...node.attributes, axes });
    const plane = String(axes) === '2,3';
    return plane ? [{ ...node, inputs: [from], attributes: { ...node.attributes, axes } }] : undefined;
  };

  return {
    /** Says that a value is [batch, height, width, channels], and how it is called in the other order. */
    isLast: (name: string, first: string): void => void turned.set(name, first),
    /** A node as those that take its place. */
    rewrite: (node: OnnxNode): OnnxNode[] => rewritten(node) ?? [...restored(node.inputs), node],
    restored,
  };
}
