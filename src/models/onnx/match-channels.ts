/** Nodes that move, choose or repeat entries of a picture. */
import type { OnnxNode } from '../../assets/index.js';
import { sizeOf } from '../../core/arrays.js';
import type { Layer } from '../../core/types.js';
import { type Known, numberOf, numbers } from './known.js';
import { cutOf, slicePlaces, splitSizes } from './known-shapes.js';
import { backFrom, found, type Match, type Matcher, makerIs, scalar } from './match-linear.js';

const MODES = { constant: 'zeros', reflect: 'reflect', edge: 'replicate', wrap: 'circular' } as const;

/** Channels of zeros before and after those of a picture: some of its own, times 0. */
const withZeros = (before: number, after: number): Layer[] => {
  const zeros = (count: number): Layer[][] =>
    count > 0
      ? [
          [
            { kind: 'takeChannels', from: 0, count },
            { kind: 'scale', factor: 0 },
          ],
        ]
      : [];
  return [{ kind: 'branches', branches: [...zeros(before), [], ...zeros(after)], join: 'concat' }];
};

/** Cells around a picture, or channels of zeros (the shortcut without weights of He et al. 2016). */
export const padded: Matcher = (node, known) => {
  const pads = [...(node.inputs[1] ? (known.constant(node.inputs[1])?.data ?? []) : numbers(node.attributes.pads, []))];
  const value = node.inputs[2] ? scalar(known.constant(node.inputs[2])) : numberOf(node.attributes.value, 0);
  const said = (node.attributes.mode as string | undefined) ?? 'constant';
  const mode = Object.hasOwn(MODES, said) ? MODES[said as keyof typeof MODES] : undefined;
  const plane = pads.length === 8 && [0, 1, 4, 5].every((k) => pads[k] === 0);
  if (!mode || (mode === 'zeros' && value !== 0)) return undefined;
  if (pads.length > 0 && pads.every((n) => n === 0)) return found(node.inputs[0]!, []);
  const [, channels = 0] = known.shape(node.inputs[0]!);
  const [before, after] = [pads[1]!, pads[5]!];
  const beside = pads.length === 8 && pads.every((n, k) => n === 0 || (k % 4 === 1 && n > 0 && n <= channels));
  if (mode === 'zeros' && beside) return found(node.inputs[0]!, withZeros(before, after));
  if (!plane) return undefined;
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

/** Some of the channels, or a part of the plane: a Slice. */
export const slice: Matcher = (node, known) => {
  const shape = known.shape(node.inputs[0]!);
  const places = slicePlaces(shape, cutOf(node, known));
  const whole = places.every(
    ({ by, length }, axis) => by > 0 && (axis > 1 || (by === 1 && (axis > 0 || length === shape[axis]))),
  );
  if (!whole || (shape.length !== 4 && shape.length !== 2)) return undefined;
  const { start, length } = places[1]!;
  const channels: Layer[] = length === shape[1] ? [] : [{ kind: 'takeChannels', from: start, count: length }];
  const [top = 0, bottom = 0, left = 0, right = 0] = places
    .slice(2)
    .flatMap(({ start, by, length }, k) => [-start, start + (length - 1) * by + 1 - shape[k + 2]!]);
  const plane: Layer[] = [top, bottom, left, right].some((n) => n !== 0)
    ? [{ kind: 'pad', padding: [top, bottom, left, right] }]
    : [];
  const strides = places.slice(2).map(({ by }) => by);
  const every = strides.some((by) => by > 1) ? [everyOther(strides as [number, number])] : [];
  return found(node.inputs[0]!, [...channels, ...plane, ...every]);
};

/** One cell of so many. */
const everyOther = (stride: readonly [number, number]): Layer => ({ kind: 'averagePool', size: 1, stride });

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

/** Channels that become pixels, or pixels that become channels. */
export const blocks =
  (kind: 'depthToSpace' | 'spaceToDepth'): Matcher =>
  ({ inputs, attributes }) => {
    const order = kind === 'depthToSpace' && attributes.mode === 'CRD' ? 'crd' : 'dcr';
    return found(inputs[0]!, [{ kind, block: numberOf(attributes.blocksize, 1), order }]);
  };

/** Axes of the picture and of the blocks in it, before and after they are moved. */
const MOVES: Readonly<Record<string, readonly ['depthToSpace' | 'spaceToDepth', 'crd' | 'dcr']>> = {
  '0,1,4,2,5,3': ['depthToSpace', 'crd'],
  '0,3,4,1,5,2': ['depthToSpace', 'dcr'],
  '0,1,3,5,2,4': ['spaceToDepth', 'crd'],
  '0,3,5,1,2,4': ['spaceToDepth', 'dcr'],
};

/** The same as a Reshape to six axes, a Transpose, and a Reshape back. */
export const blocksByHand: Matcher = (node, known) => {
  const moved = makerIs(node.inputs[0]!, 'Transpose', known);
  const apart = moved && makerIs(moved.inputs[0]!, 'Reshape', known);
  const perm = moved ? String(numbers(moved.attributes.perm, [])) : '';
  if (!apart || !Object.hasOwn(MOVES, perm)) return undefined;
  const [from, between, to] = [apart.inputs[0]!, apart.outputs[0]!, node.outputs[0]!].map(known.shape);
  const [kind, order] = MOVES[perm]!;
  if (from!.length !== 4 || to!.length !== 4) return undefined;
  const block = kind === 'depthToSpace' ? to![2]! / from![2]! : from![2]! / to![2]!;
  const at = kind === 'spaceToDepth' ? [3, 5] : order === 'crd' ? [2, 3] : [1, 2];
  return at.every((k) => between![k] === block) ? found(apart.inputs[0]!, [{ kind, block, order }]) : undefined;
};

/** Axes of a picture cut into patches, before they become tokens: each by its pixels or by its channels. */
const CUTS: Readonly<Record<string, 'crd' | 'dcr'>> = { '0,2,4,3,5,1': 'dcr', '0,2,4,1,3,5': 'crd' };

/** Patches of a picture as tokens, without weights: Reshape to six axes, Transpose, Reshape. */
export const cutToTokens: Matcher = (node, known) => {
  const moved = makerIs(node.inputs[0]!, 'Transpose', known);
  const apart = moved && makerIs(moved.inputs[0]!, 'Reshape', known);
  const order = moved && CUTS[String(numbers(moved.attributes.perm, []))];
  if (!apart || !order) return undefined;
  const [from, between, to] = [apart.inputs[0]!, apart.outputs[0]!, node.outputs[0]!].map(known.shape);
  const [batch, channels, rows, block, columns, other] = between as number[];
  const cut = [batch, channels, rows! * block!, columns! * block!];
  const tokens = [batch, rows! * columns!, channels! * block! ** 2];
  if (block !== other || String(from) !== String(cut) || String(to) !== String(tokens)) return undefined;
  const layers: Layer[] = [{ kind: 'spaceToDepth', block: block!, order }];
  layers.push({ kind: 'reshape', shape: [1, tokens[1]!, tokens[2]!] });
  return found(apart.inputs[0]!, layers);
};

/** Channels in another order or fewer of them, by their numbers. */
export const gathered: Matcher = (node, known) => {
  const at = known.constant(node.inputs[1]);
  const axis = numberOf(node.attributes.axis, 0);
  return at?.shape.length === 1 && axis === 1 ? chosen(node.inputs[0]!, at.data, known) : undefined;
};

/** One channel by its number, which the axis of channels was taken away of and given back to. */
export const oneOf: Matcher = (node, known) => {
  const taken = makerIs(node.inputs[0]!, 'Gather', known);
  const at = taken && known.constant(taken.inputs[1]);
  const from = taken ? known.shape(taken.inputs[0]!) : [];
  const apart = numberOf(taken?.attributes.axis, 0) === 1 && at?.data.length === 1 && at.shape.length === 0;
  const back = String(known.shape(node.outputs[0]!)) === String([from[0], 1, from[2], from[3]]);
  return taken && apart && back && from.length === 4 ? chosen(taken.inputs[0]!, at.data, known) : undefined;
};

/** The same with the channels moved to the front and back. */
export const gatheredByHand: Matcher = (node, known) => {
  const front = ({ attributes }: OnnxNode): boolean => String(numbers(attributes.perm, [])) === '1,0,2,3';
  const taken = front(node) ? makerIs(node.inputs[0]!, 'GatherND', known) : undefined;
  const moved = taken && makerIs(taken.inputs[0]!, 'Transpose', known);
  const at = taken && known.constant(taken.inputs[1]);
  return moved && front(moved) && at?.shape[1] === 1 ? chosen(moved.inputs[0]!, at.data, known) : undefined;
};

/** Channels by their numbers: a run of them, or those of groups in turn. */
function chosen(from: string, at: Float32Array, known: Known): Match | undefined {
  const shape = known.shape(from);
  if (shape.length !== 4) return undefined;
  const [n, all] = [at.length, shape[1]!];
  const places = [...at].map((i) => (i < 0 ? i + all : i));
  if (n === all && n === 1) return found(from, []);
  if (places.every((i, k) => i === places[0]! + k))
    return found(from, [{ kind: 'takeChannels', from: places[0]!, count: n }]);
  const each = places[1]! - places[0]!;
  const groups = all / each;
  const shuffled = n === all && places.every((i, k) => i === (k % groups) * each + Math.floor(k / groups));
  return shuffled ? found(from, [{ kind: 'shuffleChannels', groups }]) : undefined;
}

/** Every entry in its own place: what a change of strides is written as. */
export const restrided: Matcher = (node, known) => {
  const flat = makerIs(node.inputs[0]!, 'Reshape', known);
  const at = known.constant(node.inputs[1]);
  const same = flat && String(known.shape(flat.inputs[0]!)) === String(known.shape(node.outputs[0]!));
  return same && at?.data.every((i, k) => i === k) ? found(flat.inputs[0]!, []) : undefined;
};

/** Cells of the other side beside a picture, as exporters before Pad's mode `wrap` write them. */
export const circular: Matcher = (node, known) => {
  const rank = known.shape(node.outputs[0]!).length;
  const axis = numberOf(node.attributes.axis, 0);
  const along = axis < 0 ? axis + rank : axis;
  if (rank !== 4 || along < 2) return undefined;
  const source = node.inputs.find((name) => known.maker(name)?.op !== 'Slice') ?? '';
  const n = source === '' ? 0 : known.shape(source)[along]!;
  const middle = node.inputs.indexOf(source);
  const cells = node.inputs.map((name) => known.shape(name)[along]!);
  const [before = 0, after = 0] = [cells.slice(0, middle), cells.slice(middle + 1)].map((side) =>
    side.reduce((sum, one) => sum + one, 0),
  );
  const rows = node.inputs.flatMap((name) => (name === source ? range(0, n) : sliced(name, source, along, known)));
  const wanted = [...range(n - before, before), ...range(0, n), ...range(0, after)];
  if (n === 0 || String(rows) !== String(wanted)) return undefined;
  const padding = along === 2 ? ([before, after, 0, 0] as const) : ([0, 0, before, after] as const);
  return found(source, [{ kind: 'pad', padding, mode: 'circular' }]);
};

const range = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from + i);

/** Places of an axis that a Slice of a picture takes. */
function sliced(name: string, source: string, along: number, known: Known): number[] {
  const node = makerIs(name, 'Slice', known);
  const match = node && slice(node, known);
  const layer = match?.layers[0];
  if (match?.from !== source || match.layers.length !== 1 || layer?.kind !== 'pad') return [];
  const [first] = (layer.padding as readonly number[]).slice(2 * (along - 2));
  return range(-first!, known.shape(name)[along]!);
}

/** One number a channel, as a picture of one pixel: the end of a gate that is made of dense layers. */
export const asPixel: Matcher = (node, known) => {
  const [from, to] = [known.shape(node.inputs[0]!), known.shape(node.outputs[0]!)];
  const bare = (shape: readonly number[]): readonly number[] => [...shape, 1, 1, 1].slice(0, 4);
  const pixel = from[1] === to[1] && from.slice(2).every((n) => n === 1) && to.slice(2).every((n) => n === 1);
  const same = from.length > 1 && from.length <= 4 && to.length <= 4 && String(bare(from)) === String(bare(to));
  return same && (pixel || from.length === to.length) ? found(node.inputs[0]!, []) : undefined;
};

/** A value of one number a channel in any of its shapes: [batch, n], [batch, n, 1, 1], [batch, 1, n]. */
const isRow = (shape: readonly number[]): boolean =>
  shape.length === 2 ||
  (shape.length === 4 && shape[2] === 1 && shape[3] === 1) ||
  (shape.length === 3 && shape[1] === 1);

const MOVES_ROWS: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Flatten']);

/** The same from one of its shapes to another, in as many nodes as it takes. */
export const asRow: Matcher = (node, known, name = node.outputs[0]!) => {
  const line = (one: string): boolean =>
    known.shape(one)[0] === known.batch &&
    known
      .shape(one)
      .slice(1)
      .filter((n) => n > 1).length < 2;
  const from = backFrom(name, known, ({ op, inputs }, at) =>
    MOVES_ROWS.has(op) && (at === name || !isRow(known.shape(at))) && line(inputs[0]!) ? inputs[0] : undefined,
  );
  const same = sizeOf(known.shape(from)) === sizeOf(known.shape(name));
  return from !== name && same && [from, name].every((one) => isRow(known.shape(one))) ? found(from, []) : undefined;
};

/** Neighbouring channels as one: all of them, or those that a Reshape put beside each other. */
export const poolChannels =
  (by: 'mean' | 'max'): Matcher =>
  (node, known) => {
    const [from, to] = [known.shape(node.inputs[0]!), known.shape(node.outputs[0]!)];
    const given = node.inputs[1]
      ? [...(known.constant(node.inputs[1])?.data ?? [])]
      : numbers(node.attributes.axes, []);
    const [axis = 0, ...others] = given.map((one) => (one < 0 ? one + from.length : one));
    if (others.length > 0) return undefined;
    const inner = from.length === 4 ? 1 : from.length === 3 ? 2 : 0;
    if (axis === inner && to.length === from.length) return found(node.inputs[0]!, [{ kind: 'poolChannels', by }]);
    const apart = makerIs(node.inputs[0]!, 'Reshape', known);
    const whole = apart && known.shape(apart.inputs[0]!);
    const [channels, size, ...plane] = from.slice(1) as [number, number, ...number[]];
    const split = from.length === 5 && axis === 2 && to.length === 4 && whole?.length === 4;
    if (!split || String(whole.slice(1)) !== String([channels * size, ...plane])) return undefined;
    return found(apart!.inputs[0]!, [{ kind: 'poolChannels', by, size }]);
  };

/** A pixel that is repeated for every place before it is multiplied: multiplying does that by itself. */
export const repeated: Matcher = (node, known) => {
  const [from, to] = [known.shape(node.inputs[0]!), known.shape(node.outputs[0]!)];
  const each = from.length === 4 && to.length === 4 && from.every((n, k) => n === to[k] || (k > 1 && n === 1));
  return each ? found(node.inputs[0]!, []) : undefined;
};
