import type { OnnxNode } from '../../assets/index.js';
import type { ActivationLayer, Layer } from '../../core/types.js';
import { attention } from './attention.js';
import { type Known, numberOf, numbers } from './known.js';
import {
  byAll,
  byChannel,
  celu,
  clip,
  gated,
  gelu,
  hardLine,
  hardSigmoid,
  power,
  prelu,
  preluByHand,
  scaled,
  selu,
  shifted,
  softplus,
} from './match-activations.js';
import {
  asPixel,
  asRow,
  blocks,
  blocksByHand,
  circular,
  cutToTokens,
  gathered,
  gatheredByHand,
  oneOf,
  padded,
  part,
  poolChannels,
  repeated,
  restrided,
  shuffle,
  slice,
} from './match-channels.js';
import { lessThis, logSigmoid, oneBound, overThis, shrinkNode, shrunk, softsign, tanhshrink } from './match-joins.js';
import {
  backFrom,
  found,
  type Linear,
  linearAt,
  type Match,
  type Matcher,
  makerIs,
  scalar,
  sides,
} from './match-linear.js';
import { batchNorm, groupNorm, groupNormNode, instanceNorm, layerNorm, layerNormNode } from './match-norms.js';
import { convTranspose, resized } from './match-resized.js';
import { conv, convAlongChannels, convThenBias, gatheredPool, pool } from './match-windows.js';
import { normalize, stretched } from './normalize.js';

const one =
  (make: (node: OnnxNode, known: Known) => Layer | undefined): Matcher =>
  (node, known) => {
    const layer = make(node, known);
    return layer && found(node.inputs[0]!, [layer]);
  };

/** A dense layer after a picture flattened in the order h, w, c, or tokens: its columns are put into order c, h, w. */
function flattenedChannelsLast({ from, weight, bias }: Linear, known: Known): Match | undefined {
  const flat = known.maker(from);
  if (flat?.op !== 'Reshape' && flat?.op !== 'Flatten') return undefined;
  const tokens = known.shape(flat.inputs[0]!).length === 3 ? flat.inputs[0]! : undefined;
  const last = tokens ?? channelsFirstOf(flat.inputs[0]!, known);
  if (last === undefined || known.shape(from).length !== 2) return undefined;
  const [, ...sizes] = known.shape(last) as [number, ...number[]];
  const [channels = 1, ...plane] = tokens === undefined ? sizes : sizes.toReversed();
  const [units, columns] = weight.shape as [number, number];
  const places = plane.reduce((product, n) => product * n, 1);
  if (columns !== channels * places) return undefined;
  const data = new Float32Array(weight.data.length);
  for (let u = 0; u < units; u++)
    for (let p = 0; p < places; p++)
      for (let c = 0; c < channels; c++)
        data[u * columns + c * places + p] = weight.data[u * columns + p * channels + c]!;
  const layers: Layer[] = [{ kind: 'flatten' }, { kind: 'dense', units, bias: bias !== undefined }];
  return found(last, layers, [{ ...weight, data }, ...(bias ? [bias] : [])]);
}

/** The picture [batch, c, h, w] that this one is, with its channels moved to the end. */
const channelsFirstOf = (name: string, known: Known): string | undefined => {
  const node = makerIs(name, 'Transpose', known);
  return node && String(numbers(node.attributes.perm, [])) === '0,2,3,1' ? node.inputs[0]! : undefined;
};

const dense: Matcher = (node, known) => {
  const linear = linearAt(node.outputs[0]!, known);
  if (!linear) return undefined;
  const turned = flattenedChannelsLast(linear, known);
  if (turned) return turned;
  const [units] = linear.weight.shape as [number];
  const perToken = known.shape(linear.from).length > 2;
  const layer: Layer = { kind: 'dense', units, bias: linear.bias !== undefined, ...(perToken && { perToken }) };
  return found(linear.from, [layer], [linear.weight, ...(linear.bias ? [linear.bias] : [])]);
};

const dropout: Matcher = (node, known) => {
  const rate = node.inputs[1] ? scalar(known.constant(node.inputs[1])) : numberOf(node.attributes.ratio, 0.5);
  const active = scalar(known.constant(node.inputs[2])) === 1 && rate > 0;
  return found(node.inputs[0]!, active ? [{ kind: 'dropout', rate, mask: 'unknown' }] : []);
};

/** A picture or a token made flat. */
const flatten: Matcher = (node, known) => {
  const source = unsqueezed(node.inputs[0]!, known);
  const [from, to] = [known.shape(source), known.shape(node.outputs[0]!)];
  const batchStays = to.length === 2 && to[0] === from[0];
  return batchStays ? found(source, from.length === 2 ? [] : [{ kind: 'flatten' }]) : undefined;
};

/** A value before axes of one were left out, one at a time. */
const unsqueezed = (name: string, known: Known): string =>
  backFrom(name, known, ({ op, inputs }, at) =>
    op === 'Squeeze' && known.shape(at).length === 3 ? inputs[0] : undefined,
  );

/** A convolution without overlap whose places become tokens. */
const patches: Matcher = (node, known) => {
  const names = [node.outputs[0]!, node.inputs[0]!];
  const reshape = known.maker(names[1]!);
  if (node.op !== 'Transpose' || !['Reshape', 'Flatten'].includes(reshape?.op ?? '')) return undefined;
  const source = makerIs(reshape!.inputs[0]!, 'Conv', known);
  const match = source && String(numbers(node.attributes.perm, [])) === '0,2,1' ? conv(source, known) : undefined;
  const layer = match?.layers[0];
  if (layer?.kind !== 'conv' || String(layer.size) !== String(layer.stride)) return undefined;
  const { size, filters: units, bias } = layer;
  return found(match!.from, [{ kind: 'patchEmbedding', size, units, bias }], match!.tensors);
};

const classToken: Matcher = (node, known) => {
  const [first, data] = node.inputs as [string, string];
  const fixed = known.constant(first);
  const tokens = known.shape(node.outputs[0]!).length === 3 && node.inputs.length === 2;
  if (!fixed || !tokens) return undefined;
  const width = fixed.shape.at(-1)!;
  const token = { ...fixed, shape: [1, 1, width], data: fixed.data.slice(0, width) };
  return found(data, [{ kind: 'classToken' }], [token]);
};

const positions: Matcher = (node, known) => {
  const added = sides(node, known);
  const table = added?.fixed.shape.length === 3 && known.shape(added.data).length === 3;
  return table ? found(added.data, [{ kind: 'positions' }], [added.fixed]) : undefined;
};

const takeToken: Matcher = (node, known) => {
  const at = known.constant(node.inputs[1]);
  const index = scalar(at);
  const fits = known.shape(node.inputs[0]!).length === 3 && numberOf(node.attributes.axis, 0) === 1 && index >= 0;
  return fits ? found(node.inputs[0]!, [{ kind: 'takeToken', index }]) : undefined;
};

/** The mean over the pixels of a picture, or over the tokens of a sequence. */
const mean: Matcher = (node, known) => {
  const rank = known.shape(node.inputs[0]!).length;
  const given = node.inputs[1] ? [...(known.constant(node.inputs[1])?.data ?? [])] : numbers(node.attributes.axes, []);
  const axes = given.map((axis) => (axis < 0 ? axis + rank : axis)).sort();
  const before = rank === 4 && String(axes) === '1,2' ? channelsFirstOf(node.inputs[0]!, known) : undefined;
  if (before !== undefined) return found(before, [{ kind: 'globalAveragePool' }]);
  const all = String(axes) === (rank === 4 ? '2,3' : '1');
  return all ? found(node.inputs[0]!, [{ kind: 'globalAveragePool' }]) : undefined;
};

/** The largest number of each channel: a pool over the whole plane. */
const largest: Matcher = (node, known) => {
  const [, , height, width] = known.shape(node.inputs[0]!);
  const given = node.inputs[1] ? [...(known.constant(node.inputs[1])?.data ?? [])] : numbers(node.attributes.axes, []);
  const axes = given.map((axis) => (axis < 0 ? axis + 4 : axis)).sort();
  const all = node.op === 'GlobalMaxPool' || String(axes) === '2,3';
  if (!all || height === undefined || width === undefined) return undefined;
  const flat: Layer[] = known.shape(node.outputs[0]!).length === 2 ? [{ kind: 'flatten' }] : [];
  return found(node.inputs[0]!, [{ kind: 'maxPool', size: [height, width] }, ...flat]);
};

const plain = (kind: ActivationLayer['kind']): Matcher[] => [one(() => ({ kind }))];

const pass: Matcher = (node) => found(node.inputs[0]!, []);

/** Operation that makes a value -> what it may be the end of, in the order of trial. */
const MATCHERS: Readonly<Record<string, readonly Matcher[]>> = {
  Relu: plain('relu'),
  Sigmoid: plain('sigmoid'),
  Tanh: plain('tanh'),
  Softplus: plain('softplus'),
  HardSwish: plain('hardswish'),
  HardSigmoid: [hardSigmoid],
  PRelu: [prelu],
  Where: [softplus, shrunk],
  Log: [softplus, logSigmoid, ...plain('log')],
  Abs: plain('abs'),
  Exp: plain('exp'),
  Sqrt: plain('sqrt'),
  Reciprocal: plain('reciprocal'),
  Sin: plain('sin'),
  Cos: plain('cos'),
  Atan: plain('atan'),
  Softsign: plain('softsign'),
  Neg: [one(() => ({ kind: 'scale', factor: -1 }))],
  Shrink: [shrinkNode],
  Max: [oneBound],
  Min: [oneBound],
  Resize: [resized],
  ConvTranspose: [convTranspose],
  Pad: [padded],
  Split: [part],
  Slice: [slice],
  Expand: [repeated],
  Unsqueeze: [asRow, asPixel, oneOf],
  Mish: plain('mish'),
  LeakyRelu: [one(({ attributes }) => ({ kind: 'leakyRelu', slope: numberOf(attributes.alpha, 0.01) }))],
  Selu: [selu],
  Celu: [celu],
  Pow: [power],
  DepthToSpace: [blocks('depthToSpace')],
  SpaceToDepth: [blocks('spaceToDepth')],
  Elu: [one(({ attributes }) => ({ kind: 'elu', alpha: numberOf(attributes.alpha, 1) }))],
  Gelu: [one(({ attributes }) => ({ kind: 'gelu', form: attributes.approximate === 'tanh' ? 'tanh' : 'exact' }))],
  Softmax: [one(() => ({ kind: 'softmax' }))],
  LogSoftmax: [(node) => found(node.inputs[0]!, [{ kind: 'softmax' }, { kind: 'log' }])],
  Clip: [clip],
  Dropout: [dropout],
  Identity: [pass],
  Cast: [pass],
  CastLike: [pass],
  Conv: [conv, convAlongChannels],
  MaxPool: [pool('maxPool')],
  AveragePool: [pool('averagePool')],
  GlobalAveragePool: [one(() => ({ kind: 'globalAveragePool' }))],
  GlobalMaxPool: [largest],
  ReduceMax: [largest, poolChannels('max')],
  ReduceMean: [mean, gatheredPool, poolChannels('mean')],
  BatchNormalization: [batchNorm],
  LayerNormalization: [layerNormNode],
  InstanceNormalization: [instanceNorm],
  GroupNormalization: [groupNormNode],
  Gemm: [attention, dense],
  MatMul: [attention, dense],
  Flatten: [flatten],
  Reshape: [attention, flatten, shuffle, blocksByHand, cutToTokens, asRow, asPixel],
  Transpose: [patches, attention, gatheredByHand, asRow],
  Squeeze: [attention, flatten, asRow, asPixel],
  Add: [
    attention,
    dense,
    convThenBias,
    layerNorm,
    groupNorm,
    stretched,
    positions,
    preluByHand,
    byAll('shiftChannels'),
    shifted,
    byChannel('shiftChannels'),
  ],
  Sub: [stretched, shifted, lessThis, tanhshrink],
  Mul: [normalize, gelu, gated, hardLine, byAll('scaleChannels'), scaled, byChannel('scaleChannels')],
  Div: [normalize, hardLine, overThis, scaled, softsign],
  Concat: [classToken, circular],
  Gather: [takeToken, gathered, restrided],
};

/** The layers that a value is the end of; undefined where two branches meet, or nothing is recognised. */
export function matchAt(name: string, known: Known): Match | undefined {
  const node = known.maker(name);
  const matchers = node && Object.hasOwn(MATCHERS, node.op) ? MATCHERS[node.op]! : [];
  for (const matcher of matchers) {
    const match = matcher(node!, known, name);
    if (match) return match;
  }
  return undefined;
}
