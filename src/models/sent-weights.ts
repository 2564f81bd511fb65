import { loadTensors, type TensorFile } from '../assets/index.js';
import { checkFinite, checkMatches } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkFrozen, type Frozen, trainedOf } from '../core/frozen.js';
import { checkOptions } from '../core/options.js';
import type { Model, NamedArray, NetworkFile } from '../core/types.js';
import { byName } from './named-weights.js';
import { stateIn } from './torch-weights.js';
import { checkPath, checkWeights, isOwn, stateOf } from './weights.js';

/** Options of {@link loadSent} and {@link loadGradients}. */
export interface SentOptions {
  /** Layers that the client did not train: a file without names holds the others, in their order. Default none. */
  readonly frozen?: Frozen;
}

/** A client's weights after its round; those that it did not send are as before. */
export interface SentWeights extends Pick<Model, 'parameters' | 'buffers'> {
  /** Parameters that the file does not hold, by name. */
  readonly unsent: readonly string[];
}

/** A gradient of the loss by every parameter of a network, named, shaped and ordered as those. */
export interface Gradients {
  readonly tensors: readonly NamedArray[];
  /** Parameters that the file does not hold, by name: zeros stand for them. Default none. */
  readonly unsent?: readonly string[];
}

/**
 * What a client sent of its weights, by the rules of {@link loadWeights}; the file may hold a part of the network
 * (a head alone; all but the norms, FedBN). Which part is told by names that the file of the weights before, or the
 * network's own file, has too; without such names by `frozen`, and nothing is guessed. Running statistics are taken
 * where the file has all of them.
 * @throws those of loadWeights(); a part that neither names nor `frozen` tell
 * @example const sent = await rog.nets.loadSent('head.safetensors', before)
 */
export async function loadSent(path: string, before: Model, options: SentOptions = {}): Promise<SentWeights> {
  const where = `loadSent ${path}`;
  const { parameters, buffers } = await partOf('loadSent', path, before, options);
  checkWeights(where, parameters, buffers);
  const given = new Map(parameters.map((one) => [one.name, one]));
  return {
    parameters: before.parameters.map((one) => given.get(one.name) ?? one),
    unsent: lacking(before, parameters),
    ...(buffers.length > 0 && buffers.length === before.buffers?.length && { buffers }),
  };
}

/**
 * The gradients of a file, by the rules of {@link loadSent} for kinds of file, names, order, axes and parts: of PyTorch
 * a list or tuple (`torch.save(torch.autograd.grad(loss, net.parameters()), path)`) or a dict by the names of the
 * parameters; None, as of a layer that is not trained, is not sent. Running statistics have none.
 * @throws those of loadSent(); running statistics
 * @example const gradients = await rog.nets.loadGradients('gradients.safetensors', model)
 */
export async function loadGradients(path: string, model: Model, options: SentOptions = {}): Promise<Gradients> {
  const where = `loadGradients ${path}`;
  const { parameters, buffers } = await partOf('loadGradients', path, model, options);
  if (buffers.length > 0)
    throw problem(
      where,
      'running statistics have no gradient',
      buffers[0]!.name,
      'are these the weights after a round?',
    );
  checkFinite(where, parameters, 'the gradients');
  const given = new Map(parameters.map((one) => [one.name, one]));
  const unsent = lacking(model, parameters);
  const tensors = model.parameters.map(
    ({ name, shape, data }) => given.get(name) ?? { name, shape, data: new Float32Array(data.length) },
  );
  return { tensors, ...(unsent.length > 0 && { unsent }) };
}

const lacking = ({ parameters }: Model, sent: readonly NamedArray[]): string[] => {
  const names = new Set(sent.map(({ name }) => name));
  return parameters.map(({ name }) => name).filter((name) => !names.has(name));
};

/** The tensors of a network that a file holds. */
async function partOf(call: string, path: string, model: Model, options: SentOptions) {
  checkPath(call, path, model);
  checkOptions(call, options, ['frozen']);
  const where = `${call} ${path}`;
  const frozen = options.frozen && checkFrozen(call, options.frozen, model);
  const file = await loadTensors(path);
  const { known, held } = told(where, model, file, frozen);
  const { parameters, buffers } = stateOf(where, file, known, held);
  if (parameters.length === 0) throw problem(where, 'needs at least one tensor of the network', 'none');
  const names = new Set(parameters.map(({ name }) => name));
  checkMatches(
    where,
    parameters,
    model.parameters.filter(({ name }) => names.has(name)),
  );
  return { parameters, buffers };
}

/** Which tensors a file holds, by its names or as all that are trained; and the network, with what it is called. */
function told(where: string, model: Model, { tensors }: TensorFile, frozen: Frozen | undefined) {
  if (isOwn(tensors, model)) return { known: model };
  const state = stateIn(tensors);
  for (const file of model.file ? [model.file] : filesOf(model)) {
    const named = byName(where, file, state);
    if (named?.rest.length === 0) return { known: { ...model, file }, held: hasOf(named.found) };
  }
  if (!frozen) return { known: model };
  const all = [...model.parameters, ...(model.buffers ?? [])];
  const trained = trainedOf({ parameters: all }, frozen);
  const held = new Set(all.filter((_, k) => trained[k]).map(({ name }) => name));
  return { known: { ...model, ...(model.file && { file: among(model.file, held) }) }, held: hasOf(held) };
}

const hasOf =
  (names: { has: (name: string) => boolean }) =>
  (name: string): boolean =>
    names.has(name);

/** The names of the weights before the round as a network's file: as they are, and without their common beginning. */
function filesOf({ sources = {} }: Model): NetworkFile[] {
  const names = Object.values(sources).flatMap(({ pieces }) => pieces.flatMap((piece) => piece.names));
  const prefix = beginningOf(names);
  const without = Object.entries(sources).map(([name, { shape, pieces }]) => [
    name,
    { shape, pieces: pieces.map((piece) => ({ ...piece, names: piece.names.map((one) => one.slice(prefix.length)) })) },
  ]);
  const all = prefix ? [sources, Object.fromEntries(without)] : [sources];
  return names.length > 0 ? all.map((one) => ({ sources: one, stored: [], constants: [], folded: [] })) : [];
}

/** What all names begin with, up to a dot. */
function beginningOf([first = '', ...others]: readonly string[]): string {
  const parts = first.split('.').slice(0, -1);
  const starts = parts.map((_, k) => `${parts.slice(0, k + 1).join('.')}.`);
  return starts.filter((start) => others.every((name) => name.startsWith(start))).at(-1) ?? '';
}

/** The same file without what is not held, as far as names of its order go. */
function among(file: NetworkFile, held: ReadonlySet<string>): NetworkFile {
  const kept = Object.entries(file.sources).filter(([name]) => held.has(name));
  const names = new Set(kept.flatMap(([, { pieces }]) => pieces.flatMap((piece) => piece.names)));
  return { ...file, stored: file.stored.filter((name) => names.has(name)) };
}
