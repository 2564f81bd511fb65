import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { Model, NamedArray } from '../core/types.js';
import { inModuleOrder } from './module-order.js';
import { type ParameterSpec, parameterSpecs } from './parameters.js';
import { fromTorchOrder } from './torch-order.js';

/** What a model takes from a file of PyTorch: everything in this library's names, axes and order. */
export interface TorchState {
  readonly parameters: readonly NamedArray[];
  readonly buffers: readonly NamedArray[];
}

/**
 * The state of a PyTorch network in this library's layout: kernels [out, in, h, w] become [h, w, in, out], dense
 * weights [out, c h w] [h w c, out]; the flattening is known from the layers, never guessed. Tensors are taken in the
 * order of the file, which is that of the modules, and every shape is checked; class tokens and positions, which
 * PyTorch lists first, are found by their shape, as are learned factors of channels (a block's own parameter). Left out
 * by name: counters (`num_batches_tracked`), the state of an optimizer.
 * @param tensors in PyTorch's axis order, as loadTensors() gives them
 * @param keepsOrder whether they are in the order of the modules; safetensors files sort them by name, see
 * inModuleOrder()
 * @throws the first tensor that does not fit
 */
export function fromTorch(
  where: string,
  model: Pick<Model, 'layers' | 'imageShape'>,
  tensors: readonly NamedArray[],
  keepsOrder = true,
): TorchState {
  const { specs, buffers } = parameterSpecs(model.layers, model.imageShape);
  const names = new Set(buffers.map(({ name }) => name));
  const own = tensors.filter(({ name, shape }) => !COUNTER.test(name) && !OPTIMIZER.test(name) && shape.length > 0);
  const wanted = stateOrder(specs, buffers);
  const rest = [...own];
  const early = wanted.filter(isToken).map((spec) => ({ spec, tensor: pluck(rest, spec) }));
  const later = wanted.filter((spec) => !isToken(spec));
  const withStatistics = rest.length === later.length;
  const expected = withStatistics ? later : later.filter(({ name }) => !names.has(name));
  if (rest.length !== expected.length)
    throw problem(
      where,
      `the network takes ${wanted.length} ` +
        `tensors${buffers.length ? `, or ${specs.length} without running statistics` : ''}`,
      `${own.length} in the file`,
      'is it a file of this network?',
    );
  const placed = keepsOrder ? rest : inModuleOrder(where, expected.map(torchShape), rest);
  const found = new Map(early.map(({ spec, tensor }) => [spec.name, converted(where, spec, tensor, 0)]));
  expected.forEach((spec, k) => {
    found.set(spec.name, converted(where, spec, placed[k], k));
  });
  const inOrder = (list: readonly ParameterSpec[]) => list.flatMap(({ name }) => found.get(name) ?? []);
  return { parameters: inOrder(specs), buffers: inOrder(buffers) };
}

const COUNTER = /(^|[._/])num_batches_tracked$/;
const OPTIMIZER = /(^|\.)(optimizer|optim|scheduler|lr_scheduler|scaler)(_state_dict|_state|s)?(\.|$)/i;

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
  const shape = torchShape(spec);
  const fits = tensor && (isToken(spec) ? core(tensor.shape) === core(shape) : String(tensor.shape) === String(shape));
  if (!fits || tensor.data.length !== sizeOf(spec.shape))
    throw problem(
      where,
      `tensor ${k} must be ${spec.name} with PyTorch's shape [${shape}]`,
      tensor ? `${tensor.name} [${tensor.shape}]` : 'nothing of that shape',
      'the layers must be those of the network that wrote the file, in its order',
    );
  return { name: spec.name, shape: spec.shape, data: fromTorchOrder(spec, tensor.data) };
}
