import type { OnnxNode, OnnxTensor } from '../../assets/index.js';
import type { ActivationLayer, Layer, NamedArray } from '../../core/types.js';
import { attention } from './attention.js';
import { type Known, numberOf, numbers } from './known.js';
import { clip, gated, gelu, hardLine, hardSigmoid, prelu, scaled, shifted, softplus } from './match-activations.js';
import { asPixel, padded, part, repeated, shuffle, slice } from './match-channels.js';
import { found, type Linear, linearAt, type Match, type Matcher, makerIs, scalar, sides } from './match-linear.js';
import { conv, convThenBias, gatheredPool, pool } from './match-windows.js';
import { layerNormOf, normalize, stretched } from './normalize.js';

const one =
  (make: (node: OnnxNode, known: Known) => Layer | undefined): Matcher =>
  (node, known) => {
    const layer = make(node, known);
    return layer && found(node.inputs[0]!, [layer]);
  };

/**
 * A dense layer after a picture that was flattened in the order h, w, c: its columns are put into the order c, h, w.
 */
function flattenedChannelsLast({ from, weight, bias }: Linear, known: Known): Match | undefined {
  const flat = known.maker(from);
  if (flat?.op !== 'Reshape' && flat?.op !== 'Flatten') return undefined;
  const last = channelsFirstOf(flat.inputs[0]!, known);
  if (last === undefined || known.shape(from).length !== 2) return undefined;
  const [, channels, ...plane] = known.shape(last) as [number, number, number, number];
  const [units, columns] = weight.shape as [number, number];
  const places = plane[0] * plane[1];
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

const batchNorm: Matcher = (node, known) => {
  const tensors = node.inputs.slice(1).map((name) => known.constant(name));
  if (tensors.some((tensor) => !tensor)) return undefined;
  const epsilon = numberOf(node.attributes.epsilon, 1e-5);
  // before opset 14 the training mode showed in the running statistics among the outputs
  const train = numberOf(node.attributes.training_mode, 0) === 1 || node.outputs.length > 1;
  const layer: Layer = { kind: 'batchNorm', epsilon, mode: train ? 'train' : 'eval' };
  return found(node.inputs[0]!, [layer], tensors as OnnxTensor[]);
};

/** Gain and shift after a normalisation, as two nodes: the normalised value and both constants. */
function affine(node: OnnxNode, known: Known): { inner: string; gain: OnnxTensor; shift: OnnxTensor } | undefined {
  const added = node.op === 'Add' ? sides(node, known) : undefined;
  const scaled = added && makerIs(added.data, 'Mul', known);
  const times = scaled && sides(scaled, known);
  return times && { inner: times.data, gain: times.fixed, shift: added.fixed };
}

const flat = (tensor: OnnxTensor): NamedArray => ({ ...tensor, shape: [tensor.data.length] });

/** (x - mean) / sqrt(variance + epsilon) gain + shift, as exporters before opset 17 write it. */
const layerNorm: Matcher = (node, known) => {
  const learned = affine(node, known);
  const divided = learned && makerIs(learned.inner, 'Div', known);
  const centred = divided && makerIs(divided.inputs[0]!, 'Sub', known);
  const root = divided && makerIs(divided.inputs[1]!, 'Sqrt', known);
  const lifted = root && makerIs(root.inputs[0]!, 'Add', known);
  const epsilon = lifted && scalar(sides(lifted, known)?.fixed);
  if (!centred || !(epsilon! > 0)) return undefined;
  return found(centred.inputs[0]!, [layerNormOf(learned.gain, epsilon!)], [learned.gain, learned.shift]);
};

const layerNormNode: Matcher = (node, known) => {
  const [gain, shift] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  const epsilon = numberOf(node.attributes.epsilon, 1e-5);
  return gain && shift && found(node.inputs[0]!, [layerNormOf(gain, epsilon)], [gain, shift]);
};

/** Reshape to groups, InstanceNormalization, reshape back, gain and shift: PyTorch's GroupNorm. */
const groupNorm: Matcher = (node, known) => {
  const learned = affine(node, known);
  const back = learned && makerIs(learned.inner, 'Reshape', known);
  const normalised = back && makerIs(back.inputs[0]!, 'InstanceNormalization', known);
  const split = normalised && makerIs(normalised.inputs[0]!, 'Reshape', known);
  if (!split) return undefined;
  const groups = known.shape(split.outputs[0]!)[1]!;
  const epsilon = numberOf(normalised.attributes.epsilon, 1e-5);
  const layer: Layer = { kind: 'groupNorm', groups, epsilon };
  return found(split.inputs[0]!, [layer], [flat(learned.gain), flat(learned.shift)]);
};

/** Gains and shifts of each channel, as from opset 21 on; before, they were of each group, which PyTorch has not. */
const groupNormNode: Matcher = (node, known) => {
  const [gain, shift] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  const channels = known.shape(node.inputs[0]!)[1];
  const layer: Layer = {
    kind: 'groupNorm',
    groups: numberOf(node.attributes.num_groups, 1),
    epsilon: numberOf(node.attributes.epsilon, 1e-5),
  };
  return gain && shift && gain.data.length === channels ? found(node.inputs[0]!, [layer], [gain, shift]) : undefined;
};

const instanceNorm: Matcher = (node, known) => {
  const [gain, shift] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  const epsilon = numberOf(node.attributes.epsilon, 1e-5);
  return gain && shift && found(node.inputs[0]!, [{ kind: 'instanceNorm', epsilon, affine: true }], [gain, shift]);
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
function unsqueezed(name: string, known: Known): string {
  const node = known.shape(name).length === 3 ? makerIs(name, 'Squeeze', known) : undefined;
  return node ? unsqueezed(node.inputs[0]!, known) : name;
}

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
  Where: [softplus],
  Log: [softplus],
  Pad: [padded],
  Split: [part],
  Slice: [slice],
  Expand: [repeated],
  Unsqueeze: [asPixel],
  Mish: plain('mish'),
  LeakyRelu: [one(({ attributes }) => ({ kind: 'leakyRelu', slope: numberOf(attributes.alpha, 0.01) }))],
  Elu: [one(({ attributes }) => ({ kind: 'elu', alpha: numberOf(attributes.alpha, 1) }))],
  Gelu: [one(({ attributes }) => ({ kind: 'gelu', form: attributes.approximate === 'tanh' ? 'tanh' : 'exact' }))],
  Softmax: [one(() => ({ kind: 'softmax' }))],
  Clip: [clip],
  Dropout: [dropout],
  Identity: [pass],
  Cast: [pass],
  Conv: [conv],
  MaxPool: [pool('maxPool')],
  AveragePool: [pool('averagePool')],
  GlobalAveragePool: [one(() => ({ kind: 'globalAveragePool' }))],
  ReduceMean: [mean, gatheredPool],
  BatchNormalization: [batchNorm],
  LayerNormalization: [layerNormNode],
  InstanceNormalization: [instanceNorm],
  GroupNormalization: [groupNormNode],
  Gemm: [attention, dense],
  MatMul: [attention, dense],
  Flatten: [flatten],
  Reshape: [attention, flatten, shuffle, asPixel],
  Transpose: [patches, attention],
  Squeeze: [attention, flatten],
  Add: [attention, dense, convThenBias, layerNorm, groupNorm, stretched, positions, shifted],
  Sub: [stretched, shifted],
  Mul: [gelu, gated, hardLine, scaled],
  Div: [normalize, hardLine, scaled],
  Concat: [classToken],
  Gather: [takeToken],
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
