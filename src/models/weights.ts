import { loadTensors, saveSafetensors } from '../assets/index.js';
import { checkArguments, described } from '../core/arguments.js';
import { checkFinite, checkMatches } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { Model, NamedArray } from '../core/types.js';
import { fromTorch } from './torch-weights.js';

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
  const { parameters, buffers } = await stateOf(where, path, model);
  checkFinite(where, [...parameters, ...buffers], 'the weights');
  checkScaled(where, parameters);
  return { ...model, parameters, ...(buffers.length > 0 && { buffers }) };
}

/** A gradient of the loss by every parameter of a network, named, shaped and ordered as those. */
export interface Gradients {
  readonly tensors: readonly NamedArray[];
}

/**
 * The gradients of a file, by the rules of {@link loadWeights} for kinds of file, names, order and axes: of PyTorch a
 * list or tuple (`torch.save(torch.autograd.grad(loss, net.parameters()), path)`) or a dict by the names of the
 * parameters. Running statistics have none.
 * @throws a damaged file, tensors whose number, names or shapes are not the model's, NaN, running statistics
 * @example const gradients = await rog.nets.loadGradients('grads.pt', model)
 */
export async function loadGradients(path: string, model: Model): Promise<Gradients> {
  checkPath('loadGradients', path, model);
  const where = `loadGradients ${path}`;
  const { parameters: tensors, buffers } = await stateOf(where, path, model);
  if (buffers.length > 0)
    throw problem(
      where,
      'running statistics have no gradient',
      buffers[0]!.name,
      'are these the weights after a round?',
    );
  checkFinite(where, tensors, 'the gradients');
  return { tensors };
}

async function stateOf(where: string, path: string, model: Model) {
  const { tensors, format } = await loadTensors(path);
  const state = isOwn(tensors, model)
    ? ownState(tensors, model)
    : fromTorch(where, model, tensors, format !== 'safetensors');
  checkMatches(where, state.parameters, model.parameters);
  return state;
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
const isOwn = (tensors: readonly NamedArray[], { parameters }: Model): boolean =>
  tensors.some(({ name }) => parameters.some((parameter) => parameter.name === name));

function ownState(tensors: readonly NamedArray[], { buffers = [] }: Model) {
  const names = new Set(buffers.map(({ name }) => name));
  const statistics = tensors.filter(({ name }) => names.has(name));
  return { parameters: tensors.filter(({ name }) => !names.has(name)), buffers: statistics };
}

/** Refuses a call without a path first and a model second. */
function checkPath(where: string, path: string, model: Model): void {
  if (typeof path !== 'string')
    throw problem(where, 'the first argument must be a path', described(path), `the order is ${where}(path, model)`);
  checkArguments(where, `${where}(path, model)`, { path, model });
}
