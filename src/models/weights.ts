import { loadTensors, saveSafetensors, type TensorFile } from '../assets/index.js';
import { checkArguments, described } from '../core/arguments.js';
import { checkFinite, checkMatches } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { Model, NamedArray } from '../core/types.js';
import { fromTorch, type TorchState } from './torch-weights.js';

/** Writes parameters and running statistics as safetensors, atomically; name, shape and classes as metadata. */
export function saveWeights(path: string, model: Model): Promise<void> {
  checkPath('saveWeights', path, model);
  const { name, imageShape, classes, parameters, buffers = [] } = model;
  const about = { name, imageShape: imageShape.join('x'), classes: String(classes) };
  return saveSafetensors(path, [...parameters, ...buffers], about);
}

/**
 * The model with the weights of a file; the given model is left as it is. Read are files of {@link saveWeights}, and
 * files in PyTorch's layout, converted by the model's layers (see fromTorch()), by name where the model is one of
 * loadNetwork(), else in the order of the file: checkpoints of PyTorch (.pt, .pth),
 * numpy's .npz and .npy (Flower's saved rounds), safetensors. Running statistics that the file does not hold stay as
 * they are.
 * @throws a damaged file, tensors whose number, names or shapes are not the model's, NaN or infinite weights, whole
 * numbers alone
 * @example const trained = await rog.loadWeights('round-3.safetensors', rog.nets.resnet18({ classes: 10 }))
 */
export async function loadWeights(path: string, model: Model): Promise<Model> {
  checkPath('loadWeights', path, model);
  const where = `loadWeights ${path}`;
  const { parameters, buffers, taken } = stateOf(where, await loadTensors(path), model);
  checkMatches(where, parameters, model.parameters);
  checkWeights(where, parameters, buffers);
  return { ...model, parameters, ...(buffers.length > 0 && { buffers }), ...sourcesOf(taken) };
}

/** Refuses what no network has: NaN, infinities, quantized weights without their scales. */
export function checkWeights(where: string, parameters: readonly NamedArray[], buffers: readonly NamedArray[]): void {
  checkFinite(where, [...parameters, ...buffers], 'the weights');
  checkScaled(where, parameters);
}

/** A name, and no place in a list. */
const isName = (name: string): boolean => !/(^|[._])\d+$/.test(name);

/** Where the tensors of a file of weights stand, if it has names. */
function sourcesOf(taken: TorchState['taken']): Pick<Model, 'sources'> {
  if (![...taken.values()].every(({ name }) => isName(name))) return {};
  const source = ({ name, shape }: NamedArray) => ({ shape, pieces: [{ names: [name], shape }] });
  return { sources: Object.fromEntries([...taken].map(([name, tensor]) => [name, source(tensor)])) };
}

/** What a file has of a network. @param held which of its tensors; default all */
export function stateOf(
  where: string,
  { tensors, format }: TensorFile,
  model: Model,
  held?: (name: string) => boolean,
): TorchState {
  return isOwn(tensors, model)
    ? ownState(tensors, model)
    : fromTorch(where, model, tensors, format !== 'safetensors', held);
}

/** Whole numbers up to so much may be weights that somebody made up. */
const SMALL = 16;

/** Refuses quantized weights without their scales. */
function checkScaled(where: string, parameters: readonly NamedArray[]): void {
  const largest = Math.max(...parameters.map(({ data }) => data.reduce((most, x) => Math.max(most, Math.abs(x)), 0)));
  if (largest > SMALL && parameters.every(({ data }) => data.every(Number.isInteger)))
    throw problem(
      where,
      'weights must not be whole numbers alone',
      `up to ${largest}`,
      'quantized tensors have scales beside them: save what dequantize() gives',
    );
}

/** Names that only saveWeights() gives. */
export const isOwn = (tensors: readonly NamedArray[], { parameters }: Model): boolean =>
  tensors.some(({ name }) => parameters.some((parameter) => parameter.name === name));

function ownState(tensors: readonly NamedArray[], { buffers = [] }: Model): TorchState {
  const names = new Set(buffers.map(({ name }) => name));
  const statistics = tensors.filter(({ name }) => names.has(name));
  const parameters = tensors.filter(({ name }) => !names.has(name));
  return { parameters, buffers: statistics, taken: new Map() };
}

/** Refuses a call without a path first and a model second. */
export function checkPath(where: string, path: string, model: Model): void {
  if (typeof path !== 'string')
    throw problem(where, 'the first argument must be a path', described(path), `the order is ${where}(path, model)`);
  checkArguments(where, `${where}(path, model)`, { path, model });
}
