import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { Model, NamedArray, NetworkFile } from '../core/types.js';
import { inModuleOrder } from './module-order.js';
import { type ByName, byName, namedInOrder } from './named-weights.js';
import { type ParameterSpec, parameterSpecs } from './parameters.js';
import { fromTorchOrder } from './torch-order.js';

/** What a model takes from a file of PyTorch: everything in this library's names, axes and order. */
export interface TorchState {
  readonly parameters: readonly NamedArray[];
  readonly buffers: readonly NamedArray[];
  /** What each was made of, by its name here. */
  readonly taken: ReadonlyMap<string, NamedArray>;
}

type Described = Pick<Model, 'layers' | 'imageShape' | 'file'>;

/**
 * The state of a PyTorch network in this library's layout: kernels [out, in, h, w] become [h, w, in, out], dense
 * weights [out, c h w] [h w c, out]; the flattening is known from the layers, never guessed. A network that was read
 * from a file knows its tensors by name. Otherwise tensors are taken in the order of the file, which is that of the
 * modules, and every shape is checked; class tokens and positions, which PyTorch lists first, are found by their shape,
 * as are learned factors of channels (a block's own parameter). Left out by name: counters (`num_batches_tracked`), the
 * state of an optimizer.
 * @param tensors in PyTorch's axis order, as loadTensors() gives them
 * @param keepsOrder whether they are in the order of the modules; safetensors files sort them by name, see
 * inModuleOrder()
 * @param held of a file of a part: which parameters and running statistics it holds
 * @throws the first tensor that does not fit; names and an order that say different things
 */
export function fromTorch(
  where: string,
  model: Described,
  tensors: readonly NamedArray[],
  keepsOrder = true,
  held: (name: string) => boolean = () => true,
): TorchState {
  const all = parameterSpecs(model.layers, model.imageShape);
  const [specs, buffers] = [all.specs, all.buffers].map((list) => list.filter(({ name }) => held(name))) as [
    ParameterSpec[],
    ParameterSpec[],
  ];
  const given = stateIn(tensors);
  const own = given.filter(({ shape }) => shape.length > 0);
  const wanted = stateOrder(specs, buffers);
  const numbered = model.file ? fitsOf(where, model.file, ordersOf(model.file, buffers, own)) : [];
  const named = numbered[0] ?? (model.file && byName(where, model.file, given));
  const missing = wanted.filter(({ name }) => !named?.found.has(name));
  const complete = named?.rest.length === 0 && missing.every((spec) => buffers.includes(spec));
  const taken =
    complete && (missing.length === 0 || missing.length === buffers.length)
      ? named.found
      : agreeing(where, named, inOrder(where, wanted, buffers, own, keepsOrder, named));
  if (numbered.length > 0 && complete) refuseTwoOrders(where, numbered, wanted, buffers, own);
  const state = (list: readonly ParameterSpec[]) =>
    list.flatMap((spec, k) => (taken.has(spec.name) ? [converted(where, spec, taken.get(spec.name), k)] : []));
  return { parameters: state(specs), buffers: state(buffers), taken };
}

/** The tensors of a network's state: no counters, nothing of an optimizer. */
export const stateIn = (tensors: readonly NamedArray[]): NamedArray[] =>
  tensors.filter(({ name }) => !COUNTER.test(name) && !OPTIMIZER.test(name));

type Taken = ReadonlyMap<string, NamedArray>;

/** What each parameter is by the order of the file alone. */
function inOrder(
  where: string,
  wanted: readonly ParameterSpec[],
  buffers: readonly ParameterSpec[],
  own: readonly NamedArray[],
  keepsOrder: boolean,
  named?: ByName,
): Taken {
  const names = new Set(buffers.map(({ name }) => name));
  const rest = [...own];
  const early = wanted.filter(isToken).map((spec) => ({ spec, tensor: pluck(rest, spec) }));
  const later = wanted.filter((spec) => !isToken(spec));
  const withStatistics = rest.length === later.length;
  const expected = withStatistics ? later : later.filter(({ name }) => !names.has(name));
  if (rest.length !== expected.length) throw otherCount(where, wanted, buffers, own, named);
  const placed = keepsOrder ? rest : inModuleOrder(where, expected.map(torchShape), rest);
  const found = new Map(early.map(({ spec, tensor }) => [spec.name, fitting(where, spec, tensor, 0)]));
  expected.forEach((spec, k) => {
    found.set(spec.name, fitting(where, spec, placed[k], k));
  });
  return found;
}

/** States of a file are looked for up to so many, so deep in its names. */
const MOST_STATES = 16;
const DEEPEST_STATE = 8;

/** `a.b.c` begins with `a` and `a.b`. */
function* beginnings(name: string): Generator<string> {
  let dot = name.indexOf('.');
  for (let k = 0; dot >= 0 && k < DEEPEST_STATE; k++, dot = name.indexOf('.', dot + 1)) yield name.slice(0, dot);
}

/** What stands before the names of each state of `count` tensors, alike in names and shapes: `model`, `model_ema`. */
function statesOf(tensors: readonly NamedArray[], count: number): readonly string[] {
  if (tensors.length < 2 * count || tensors.length > MOST_STATES * count) return [];
  const found = new Map<string, string[]>();
  for (const { name, shape } of tensors)
    for (const before of beginnings(name)) {
      const after = found.get(before) ?? [];
      after.push(`${name.slice(before.length + 1)} ${shape}`);
      found.set(before, after);
    }
  const whole = [...found].filter(([, after]) => after.length === count);
  const outer = new Set(whole.flatMap(([before]) => [...beginnings(before)]));
  const inner = whole.filter(([before]) => !outer.has(before));
  return inner.filter(([, after]) => String(after) === String(inner[0]![1])).map(([before]) => before);
}

function otherCount(
  where: string,
  wanted: readonly ParameterSpec[],
  buffers: readonly ParameterSpec[],
  own: readonly NamedArray[],
  named?: ByName,
): Error {
  const states = [wanted.length, wanted.length - buffers.length].map((count) => statesOf(own, count));
  const several = states.find((one) => one.length > 1);
  if (several)
    return problem(where, 'the file may hold one state', `those of ${several.join(', ')}`, 'save one of them alone');
  const without = buffers.length ? `, or ${wanted.length - buffers.length} without running statistics` : '';
  const others = named?.rest.slice(0, 3).map(({ name }) => name) ?? [];
  return problem(
    where,
    `the network takes ${wanted.length} tensors${without}`,
    `${own.length} in the file`,
    others.length > 0
      ? `the network's file has no ${others.join(', ')}; an exporter that optimises leaves out biases of zeros, ` +
          'merges equal tensors and folds batch norm: export with optimize=False'
      : `is it a file of this network?${own.length < wanted.length - buffers.length ? PART : ''}`,
  );
}

const PART = ' A part of one is read by loadSent(), by names that the weights before it have too, or by what is frozen';

/** Refuses an order that puts a tensor elsewhere than its name. */
function agreeing(where: string, named: ByName | undefined, taken: Taken): Taken {
  for (const [name, tensor] of named?.found ?? [])
    if (taken.get(name)!.name !== tensor.name)
      throw problem(
        where,
        `${name} must be ${tensor.name}, as in the network's file, of which not all names are known`,
        `by the order of the tensors ${taken.get(name)!.name}`,
        'export with optimize=False',
      );
  return taken;
}

/** Tensors without names, by those of the network's file: all, or all but running statistics. */
function ordersOf(file: NetworkFile, buffers: readonly ParameterSpec[], own: readonly NamedArray[]): NamedArray[][] {
  const moving = new Set(buffers.flatMap(({ name }) => file.sources[name]?.pieces.flatMap(({ names }) => names) ?? []));
  const learned = { ...file, stored: file.stored.filter((name) => !moving.has(name)) };
  return (moving.size > 0 ? [file, learned] : [file]).flatMap((one) => namedInOrder(one, own));
}

/** Of the orders that tensors without names may have, those of the network's shapes. */
const fitsOf = (where: string, file: NetworkFile, orders: readonly NamedArray[][]): ByName[] =>
  orders.flatMap((one) => orNone(() => byName(where, file, one)) ?? []);

function orNone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Refuses tensors without names that fit two of the orders of the file, of its modules and of the layers. */
function refuseTwoOrders(
  where: string,
  [first, ...others]: readonly ByName[],
  wanted: readonly ParameterSpec[],
  buffers: readonly ParameterSpec[],
  own: readonly NamedArray[],
): void {
  const byLayers = orNone(() => inOrder(where, wanted, buffers, own, true));
  const differs = [...others.map(({ found }) => found), ...(byLayers ? [byLayers] : [])]
    .map((other) => [...first!.found].find(([name, { data }]) => other.get(name)?.data.some((x, i) => x !== data[i])))
    .find((one) => one !== undefined);
  if (differs)
    throw problem(
      where,
      `tensors without names fit the network in two orders, which differ in ${differs[0]}`,
      undefined,
      'give the .pt file of the state dict, which has names',
    );
}

const COUNTER = /(^|[._/])num_batches_tracked$/;
/** What a training keeps beside the weights, by the names of checkpoints, or as every optimizer of PyTorch calls it. */
const OPTIMIZER =
  /(^|\.)((optim|optimizer|scheduler|lr_scheduler|scaler)(_state_dict|_states?|s)?(\.|$)|state\.\d+\.(?!weight|bias)\w+$)/i;

const isToken = ({ name }: ParameterSpec): boolean => /\/(token|table|gains|shifts)$/.test(name);

/** Running statistics follow the gain and shift of their layer, as in PyTorch's state dict. */
function stateOrder(specs: readonly ParameterSpec[], buffers: readonly ParameterSpec[]): ParameterSpec[] {
  const layerOf = ({ name }: ParameterSpec): string => name.slice(0, name.lastIndexOf('/'));
  const placed = new Set<string>();
  const order = specs.flatMap((spec, k) => {
    const layer = layerOf(spec);
    if (specs[k + 1] && layerOf(specs[k + 1]!) === layer) return [spec];
    placed.add(layer);
    return [spec, ...buffers.filter((buffer) => layerOf(buffer) === layer)];
  });
  return [...order, ...buffers.filter((buffer) => !placed.has(layerOf(buffer)))];
}

/** PyTorch's shape of a parameter; a token or position may have leading axes of 1. */
function torchShape({ shape, flattens, asIs }: ParameterSpec): readonly number[] {
  if (asIs || shape.length === 1) return shape;
  if (shape.length === 4) return [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
  if (shape.length === 3) return [shape[2]!, shape[0]!, shape[1]!];
  return flattens && shape.length < 2 ? shape : [shape[1]!, shape[0]!];
}

const core = (shape: readonly number[]): string => String(shape.filter((n) => n !== 1));

/** A name of a state dict, and no number of a list. */
const NAMED = /^(?!arr_\d+$)[a-zA-Z_][\w.]*$/;

/** What PyTorch's own modules call their tensors; others are a parameter of a block, listed before its modules. */
const OF_MODULES = /(^|\.)(in_proj_)?(weight|bias)$|(^|\.)running_(mean|var)$/;

function pluck(rest: NamedArray[], spec: ParameterSpec): NamedArray | undefined {
  const same = rest.filter(({ shape }) => core(shape) === core(spec.shape));
  const found =
    same.find(({ shape }) => shape.length === 3) ?? same.find(({ name }) => NAMED.test(name) && !OF_MODULES.test(name));
  const at = found ? rest.indexOf(found) : -1;
  return at < 0 ? undefined : rest.splice(at, 1)[0];
}

function converted(where: string, spec: ParameterSpec, tensor: NamedArray | undefined, k: number): NamedArray {
  const { data } = fitting(where, spec, tensor, k);
  return { name: spec.name, shape: spec.shape, data: fromTorchOrder(spec, data) };
}

function fitting(where: string, spec: ParameterSpec, tensor: NamedArray | undefined, k: number): NamedArray {
  const shape = torchShape(spec);
  const fits = tensor && (isToken(spec) ? core(tensor.shape) === core(shape) : String(tensor.shape) === String(shape));
  if (!fits || tensor.data.length !== sizeOf(spec.shape))
    throw problem(
      where,
      `tensor ${k} must be ${spec.name} with PyTorch's shape [${shape}]`,
      tensor ? `${tensor.name} [${tensor.shape}]` : 'nothing of that shape',
      'the layers must be those of the network that wrote the file, in its order',
    );
  return tensor;
}
