/** Normalisations, as one node or as exporters spell them out. */
import type { OnnxNode, OnnxTensor } from '../../assets/index.js';
import type { Layer } from '../../core/types.js';
import { type Known, type Learned, numberOf } from './known.js';
import { found, type Match, type Matcher, makerIs, scalar, sides } from './match-linear.js';
import { layerNormOf } from './normalize.js';

/** What PyTorch's exporter calls a constant that is no parameter. */
const UNNAMED = /^val_\d+$/;

/** A gain of ones and a shift of zeros that are written into the graph: the layer learns none. */
const isFixed = (gain: OnnxTensor, shift: OnnxTensor): boolean =>
  [gain, shift].every(({ names }) => !names || UNNAMED.test(names.at(-1)!)) &&
  gain.data.every((x) => x === 1) &&
  shift.data.every((x) => x === 0);

type Norm = Extract<Layer, { affine?: boolean }>;

/** A normalisation with what it learns, and what else it keeps. */
const normed = (
  from: string,
  layer: Norm,
  [gain, shift]: readonly [OnnxTensor, OnnxTensor],
  kept: readonly Learned[] = [],
): Match =>
  isFixed(gain, shift)
    ? found(from, [{ ...layer, affine: false }], kept)
    : found(from, [layer], [gain, shift, ...kept]);

export const batchNorm: Matcher = (node, known) => {
  const [gain, shift, mean, variance] = node.inputs.slice(1).map((name) => known.constant(name));
  if (!gain || !shift || !mean || !variance) return undefined;
  const epsilon = numberOf(node.attributes.epsilon, 1e-5);
  // before opset 14 the training mode showed in the running statistics among the outputs
  const train = numberOf(node.attributes.training_mode, 0) === 1 || node.outputs.length > 1;
  const layer: Norm = { kind: 'batchNorm', epsilon, mode: train ? 'train' : 'eval' };
  return normed(node.inputs[0]!, layer, [gain, shift], [mean, variance]);
};

/** Gain and shift after a normalisation, as two nodes: the normalised value and both constants. */
function affine(node: OnnxNode, known: Known): { inner: string; gain: OnnxTensor; shift: OnnxTensor } | undefined {
  const added = node.op === 'Add' ? sides(node, known) : undefined;
  const scaled = added && makerIs(added.data, 'Mul', known);
  const times = scaled && sides(scaled, known);
  return times && { inner: times.data, gain: times.fixed, shift: added.fixed };
}

const flat = (tensor: OnnxTensor): OnnxTensor => ({ ...tensor, shape: [tensor.data.length] });

/** (x - mean) / sqrt(variance + epsilon) gain + shift, as exporters before opset 17 write it. */
export const layerNorm: Matcher = (node, known) => {
  const learned = affine(node, known);
  const divided = learned && makerIs(learned.inner, 'Div', known);
  const centred = divided && makerIs(divided.inputs[0]!, 'Sub', known);
  const root = divided && makerIs(divided.inputs[1]!, 'Sqrt', known);
  const lifted = root && makerIs(root.inputs[0]!, 'Add', known);
  const epsilon = lifted && scalar(sides(lifted, known)?.fixed);
  if (!centred || !(epsilon! > 0)) return undefined;
  const layer = layerNormOf(learned.gain, epsilon!);
  const bare = layer.over === 'all' ? (tensor: OnnxTensor): OnnxTensor => tensor : flat;
  return normed(centred.inputs[0]!, layer, [bare(learned.gain), bare(learned.shift)]);
};

export const layerNormNode: Matcher = (node, known) => {
  const [gain, shift] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  const epsilon = numberOf(node.attributes.epsilon, 1e-5);
  return gain && shift && normed(node.inputs[0]!, layerNormOf(gain, epsilon), [gain, shift]);
};

/** Reshape to groups, InstanceNormalization, reshape back, gain and shift: PyTorch's GroupNorm. */
export const groupNorm: Matcher = (node, known) => {
  const learned = affine(node, known);
  const back = learned && makerIs(learned.inner, 'Reshape', known);
  const normalised = back && makerIs(back.inputs[0]!, 'InstanceNormalization', known);
  const split = normalised && makerIs(normalised.inputs[0]!, 'Reshape', known);
  if (!split) return undefined;
  const groups = known.shape(split.outputs[0]!)[1]!;
  const epsilon = numberOf(normalised.attributes.epsilon, 1e-5);
  return normed(split.inputs[0]!, { kind: 'groupNorm', groups, epsilon }, [flat(learned.gain), flat(learned.shift)]);
};

/** Gains and shifts of each channel, as from opset 21 on; before, they were of each group, which PyTorch has not. */
export const groupNormNode: Matcher = (node, known) => {
  const [gain, shift] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  const channels = known.shape(node.inputs[0]!)[1];
  const layer: Norm = {
    kind: 'groupNorm',
    groups: numberOf(node.attributes.num_groups, 1),
    epsilon: numberOf(node.attributes.epsilon, 1e-5),
  };
  return gain && shift && gain.data.length === channels ? normed(node.inputs[0]!, layer, [gain, shift]) : undefined;
};

export const instanceNorm: Matcher = (node, known) => {
  const [gain, shift] = [known.constant(node.inputs[1]), known.constant(node.inputs[2])];
  const epsilon = numberOf(node.attributes.epsilon, 1e-5);
  return gain && shift && normed(node.inputs[0]!, { kind: 'instanceNorm', epsilon, affine: true }, [gain, shift]);
};
