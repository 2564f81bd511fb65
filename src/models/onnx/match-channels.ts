/** Nodes that move, choose or repeat entries of a picture. */
import type { Layer } from '../../core/types.js';
import { numberOf, numbers } from './known.js';
import { slicePlaces, splitSizes } from './known-shapes.js';
import { found, type Matcher, makerIs, scalar } from './match-linear.js';

const MODES = { constant: 'zeros', reflect: 'reflect', edge: 'replicate' } as const;

/** Cells around a picture. */
export const padded: Matcher = (node, known) => {
  const pads = [...(node.inputs[1] ? (known.constant(node.inputs[1])?.data ?? []) : numbers(node.attributes.pads, []))];
  const value = node.inputs[2] ? scalar(known.constant(node.inputs[2])) : numberOf(node.attributes.value, 0);
  const said = (node.attributes.mode as string | undefined) ?? 'constant';
  const mode = Object.hasOwn(MODES, said) ? MODES[said as keyof typeof MODES] : undefined;
  const plane = pads.length === 8 && [0, 1, 4, 5].every((k) => pads[k] === 0) && pads.every((n) => n >= 0);
  if (!mode || !plane || (mode === 'zeros' && value !== 0)) return undefined;
  if (pads.every((n) => n === 0)) return found(node.inputs[0]!, []);
  return found(node.inputs[0]!, [{ kind: 'pad', padding: [pads[2]!, pads[6]!, pads[3]!, pads[7]!], mode }]);
};

/** Some of the channels: one output of a Split. */
export const part: Matcher = (node, known, name = node.outputs[0]!) => {
  const rank = known.shape(node.inputs[0]!).length;
  const axis = numberOf(node.attributes.axis, 0);
  if ((axis < 0 ? axis + rank : axis) !== 1 || (rank !== 4 && rank !== 2)) return undefined;
  const sizes = splitSizes(node, known);
  const k = node.outputs.indexOf(name);
  const from = sizes.slice(0, k).reduce((sum, n) => sum + n, 0);
  return found(node.inputs[0]!, [{ kind: 'takeChannels', from, count: sizes[k]! }]);
};

/** Some of the channels: a Slice that leaves the other axes whole. */
export const slice: Matcher = (node, known) => {
  const shape = known.shape(node.inputs[0]!);
  const given = (k: number): readonly number[] | undefined => {
    const tensor = known.constant(node.inputs[k]);
    return tensor && [...tensor.data];
  };
  const { starts, ends, axes } = node.attributes;
  const cut = node.inputs[1]
    ? { from: given(1) ?? [], to: given(2) ?? [], axes: given(3), step: given(4) ?? [] }
    : {
        from: numbers(starts, []),
        to: numbers(ends, []),
        axes: axes === undefined ? undefined : numbers(axes, []),
        step: [],
      };
  const places = slicePlaces(shape, cut);
  const others = places.every(({ by, length }, axis) => by === 1 && (axis === 1 || length === shape[axis]));
  if (!others || (shape.length !== 4 && shape.length !== 2)) return undefined;
  const { start, length } = places[1]!;
  const layers: Layer[] = length === shape[1] ? [] : [{ kind: 'takeChannels', from: start, count: length }];
  return found(node.inputs[0]!, layers);
};

/** Channels as groups, turned, in a row again (ShuffleNet). */
export const shuffle: Matcher = (node, known) => {
  const turned = makerIs(node.inputs[0]!, 'Transpose', known);
  const apart = turned && makerIs(turned.inputs[0]!, 'Reshape', known);
  if (!apart) return undefined;
  const [from, between, to] = [apart.inputs[0]!, apart.outputs[0]!, node.outputs[0]!].map(known.shape);
  const [batch, groups, each, ...plane] = between as [number, number, number, ...number[]];
  const perm = [0, 2, 1, ...plane.map((_, k) => k + 3)];
  const whole = from!.length === 4 && String(from) === String(to);
  if (!whole || String(numbers(turned.attributes.perm, [])) !== String(perm)) return undefined;
  if (String([batch, groups * each, ...plane]) !== String(from)) return undefined;
  return found(apart.inputs[0]!, [{ kind: 'shuffleChannels', groups }]);
};

/** One number a channel, as a picture of one pixel: the end of a gate that is made of dense layers. */
export const asPixel: Matcher = (node, known) => {
  const [from, to] = [known.shape(node.inputs[0]!), known.shape(node.outputs[0]!)];
  const same = from.length === 2 && to.length === 4 && String([...from, 1, 1]) === String(to);
  return same ? found(node.inputs[0]!, []) : undefined;
};

/** A pixel that is repeated for every place before it is multiplied: multiplying does that by itself. */
export const repeated: Matcher = (node, known) => {
  const [from, to] = [known.shape(node.inputs[0]!), known.shape(node.outputs[0]!)];
  const each = from.length === 4 && to.length === 4 && from.every((n, k) => n === to[k] || (k > 1 && n === 1));
  return each ? found(node.inputs[0]!, []) : undefined;
};
