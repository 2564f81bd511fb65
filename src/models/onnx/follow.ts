import { type Attribute, LIMITS, type OnnxGraph, type OnnxNode, type OnnxTensor } from '../../assets/index.js';
import { sizeOf } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { channelsFirst } from './channels-first.js';
import { CONSTANTS } from './constants.js';
import { withoutIdentities } from './identities.js';
import { type Known, numberOf, numbers } from './known.js';
import { shapeOf, splitShape } from './known-shapes.js';
import { sequences } from './sequences.js';
import { tokensFirst } from './tokens-first.js';

/**
 * Follows a graph from its images on, [batch, channels, height, width]: constants are computed, shapes inferred.
 * Errors (starting with `where`): several inputs, an image of unknown size, an operation that is not known, named with
 * its node.
 */
export function follow(graph: OnnxGraph, where: string): Known {
  const [input, ...others] = graph.inputs;
  if (!input || others.length > 0)
    throw problem(
      where,
      'the network must have one input, the image',
      graph.inputs.map(({ name }) => name),
    );
  if (graph.outputs.length > 1)
    throw problem(
      where,
      'the network must have one output, the scores of the classes',
      graph.outputs.map(({ name }) => name),
      'export a network that returns what the loss is taken of',
    );
  const gray = input.shape.length === 3;
  const image = (gray ? input.shape.toSpliced(1, 0, 1) : input.shape).map((n, axis) =>
    axis === 0 && !(n >= 1) ? 1 : n,
  );
  if (image.length !== 4 || image.some((n) => !(n >= 1)))
    throw problem(
      where,
      'the input must be [batch, channels, height, width] of known size, or [batch, height, width]',
      input.shape,
    );
  if (sizeOf(image) > LIMITS.picturePixels)
    throw problem(where, `an image may have at most ${LIMITS.picturePixels} pixels`, input.shape);
  const constants = new Map<string, OnnxTensor>();
  for (const [name, tensor] of graph.constants) constants.set(name, { ...tensor, names: [name] });
  const channelsLast = !gray && isChannelsLast(graph, input.name, image);
  const start = channelsLast ? `${input.name} turned` : input.name;
  const [batch = 1, height, width, channels] = image;
  const seen = channelsLast ? [batch, channels!, height!, width!] : image;
  const shapes = new Map<string, readonly number[]>([[start, seen]]);
  /** Value -> the node that makes it, by its place. */
  const makers = new Map<string, number>();
  const nodes: OnnxNode[] = [];
  const known: Known = {
    where,
    input: start,
    batch,
    channelsLast,
    gray,
    output: graph.outputs[0]!.name,
    nodes,
    constant: (name) => (name === undefined ? undefined : constants.get(name)),
    shape: (name) => constants.get(name)?.shape ?? shapes.get(name) ?? unknown(where, name),
    maker: (name) => nodes[known.place(name)],
    place: (name) => makers.get(name) ?? -1,
  };
  let left = budgetOf(graph);
  const order = channelsFirst({
    constant: known.constant,
    shape: known.shape,
    keep: (tensor) => void constants.set(tensor.name, tensor),
  });
  if (channelsLast) order.isLast(input.name, start);
  const add = (node: OnnxNode): void => {
    const [output] = node.outputs;
    if (!output) return;
    const again = node.outputs.find((name) => name !== '' && (makers.has(name) || name === start));
    if (again !== undefined) throw problem(where, 'every value must be made once', again, 'the file is corrupt');
    const computed = constantOf(node, known, left);
    if (computed) {
      left -= computed.data.length;
      constants.set(output, { ...computed, name: output, names: namesOf(node, known) });
      return;
    }
    const shape = shapeOf(node, known);
    if (sizeOf(shape) > batch * LIMITS.picturePixels)
      throw problem(where, `${node.op} may give at most ${LIMITS.picturePixels} numbers an image`, shape, node.name);
    shapes.set(output, shape);
    node.outputs.forEach((name, k) => {
      if (k > 0 && node.op === 'Split') shapes.set(name, splitShape(node, known, k));
      if (name !== '') makers.set(name, nodes.length);
    });
    nodes.push(node);
  };
  const apart = tokensFirst();
  const parts = sequences(known, (tensor) => void constants.set(tensor.name, tensor));
  const direct = withoutIdentities(graph, known.constant);
  const given = gray ? graph.nodes.map((node) => withChannel(node, input.name, where)) : graph.nodes;
  for (const node of given.flatMap(direct).flatMap(apart)) {
    if (node.op === 'SplitToSequence') for (const one of order.restored(node.inputs.slice(0, 1))) add(one);
    for (const one of parts(node)) for (const rewritten of order.rewrite(one)) add(rewritten);
  }
  for (const node of order.restored(graph.outputs.map(({ name }) => name))) add(node);
  return known;
}

/** Where a picture without an axis of channels gets one, it has it. @throws where it is taken otherwise */
function withChannel(node: OnnxNode, image: string, where: string): OnnxNode {
  if (!node.inputs.includes(image) || ['Flatten', 'Reshape'].includes(node.op)) return node;
  if (node.op === 'Unsqueeze') return { ...node, op: 'Identity', inputs: [image] };
  throw problem(
    where,
    'a picture of [batch, height, width] must be given its channel or be flattened first',
    node.op,
    'export with pictures [batch, channels, height, width]',
  );
}

/** Channels that a picture has. */
const FEW = [1, 3, 4];

/** Whether images come in as [batch, height, width, channels]: turned at once, and no convolution takes them so. */
function isChannelsLast({ nodes }: OnnxGraph, input: string, [, second, , last]: readonly number[]): boolean {
  const takers = nodes.filter(({ inputs }) => inputs.includes(input));
  const turns = ({ op, attributes }: OnnxNode): boolean =>
    op === 'Transpose' && String(numbers(attributes.perm, [])) === '0,3,1,2';
  if (takers.length > 0 && takers.every(turns)) return true;
  return FEW.includes(last!) && !FEW.includes(second!) && !takers.some(({ op }) => op === 'Conv');
}

/** Entries that computed constants may have together: turned weights, shapes; files made to cost memory have more. */
const budgetOf = ({ constants }: OnnxGraph): number =>
  LIMITS.entriesBeyond + 4 * [...constants.values()].reduce((sum, { data }) => sum + data.length, 0);

const unknown = (where: string, name: string): never => {
  throw problem(where, 'every value must be made before it is used', name, 'the file is corrupt');
};

/** The value of a node that depends on no image: its constant inputs, or shapes alone. */
function constantOf(node: OnnxNode, known: Known, left: number): OnnxTensor | undefined {
  if (node.op === 'Constant') return literal(node);
  if (node.op === 'Shape') {
    const all = known.shape(node.inputs[0]!);
    const shape = all.slice(numberOf(node.attributes.start, 0), numberOf(node.attributes.end, all.length));
    return { name: '', shape: [shape.length], data: Float32Array.from(shape), whole: true };
  }
  if (node.op === 'CastLike') {
    const value = known.constant(node.inputs[0]);
    return value && { ...value, whole: known.constant(node.inputs[1])?.whole ?? false };
  }
  const inputs = node.inputs.map((name) => (name === '' ? undefined : known.constant(name)));
  if (inputs.some((value, k) => !value && node.inputs[k] !== '') || inputs.length === 0) return undefined;
  const compute = Object.hasOwn(CONSTANTS, node.op) ? CONSTANTS[node.op] : undefined;
  if (!compute) {
    const learned = inputs.some((value) => value?.names);
    const fix = learned ? 'a weight made of others (weight norm) is not read' : 'export with constant folding';
    throw problem(known.where, `${node.op} of ${learned ? 'weights' : 'constants'} is not known`, node.name, fix);
  }
  const shape = shapeOf(node, known);
  if (!(sizeOf(shape) <= left))
    throw problem(known.where, `${node.op} of constants may give at most ${left} entries more`, node.name);
  const whole = node.op === 'Cast' ? isWholeType(node.attributes.to) : inputs.every((value) => value?.whole ?? true);
  const values = compute(
    inputs.map((value) => (value ? [...value.data] : [])),
    node,
    known,
    whole,
  );
  if (values.length !== sizeOf(shape))
    throw problem(known.where, `${node.op} of constants of this form is not known`, node.name);
  return { name: '', shape, data: Float32Array.from(values), whole };
}

/** Operations that move the numbers of their first input about. */
const LAYOUT = new Set('Identity Transpose Reshape Squeeze Unsqueeze Flatten Cast CastLike Slice Expand'.split(' '));

/** Exporters that merge equal tensors write an Identity for each further name. */
function namesOf({ op, inputs, outputs }: OnnxNode, { constant }: Known): readonly string[] | undefined {
  const names = LAYOUT.has(op) ? constant(inputs[0])?.names : undefined;
  return names && (op === 'Identity' ? [outputs[0]!, ...names] : names);
}

const isWholeType = (to: Attribute | undefined): boolean => to === 6 || to === 7;

function literal({ attributes }: OnnxNode): OnnxTensor {
  const [value] = Object.values(attributes);
  if (typeof value === 'object' && 'data' in value) return value;
  const list = numbers(value, [numberOf(value, 0)]);
  return {
    name: '',
    shape: Array.isArray(value) ? [list.length] : [],
    data: Float32Array.from(list),
    whole: list.every(Number.isInteger),
  };
}
