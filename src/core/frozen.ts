import { problem } from './errors.js';
import { checkOptions } from './options.js';
import type { ClientSettings, Model, NamedArray } from './types.js';

/** Layers that a client leaves as they are: by name, or all but those named. */
export type Frozen = NonNullable<ClientSettings['frozen']>;

type Parameters = Pick<Model, 'parameters'>;
type Named = { readonly parameters: readonly Pick<NamedArray, 'name'>[] };

/** `dense2` is dense2/kernel and dense2/bias; a tensor has its whole name; `residual3` is all within. */
const belongs = (name: string, to: string): boolean => name === to || name.startsWith(`${to}/`);

const namesOf = (frozen: Frozen): readonly string[] => ('allBut' in frozen ? frozen.allBut : frozen);

/** Which of the tensors are trained. */
export function trainedOf({ parameters }: Named, frozen: Frozen | undefined): boolean[] {
  if (frozen === undefined) return parameters.map(() => true);
  const named = parameters.map(({ name }) => namesOf(frozen).some((one) => belongs(name, one)));
  return 'allBut' in frozen ? named : named.map((is) => !is);
}

/** Refuses a list that names nothing or, of a given model, a layer it has not, or that leaves none to train. */
export function checkFrozen(where: string, frozen: Frozen, model?: Parameters): Frozen {
  const form = "a list of layers, or { allBut: ['dense2'] }";
  if (typeof frozen !== 'object' || frozen === null) throw problem(where, `frozen must be ${form}`, frozen);
  if (!Array.isArray(frozen)) checkOptions(`${where} frozen`, frozen, ['allBut']);
  const names = namesOf(frozen);
  if (!Array.isArray(names) || names.length === 0 || names.some((name) => typeof name !== 'string' || name === ''))
    throw problem(where, `frozen must be ${form}`, frozen);
  if (!model) return frozen;
  const wrong = names.find((one) => !model.parameters.some(({ name }) => belongs(name, one)));
  const layers = [...new Set(model.parameters.map(({ name }) => name.split('/').slice(0, -1).join('/') || name))];
  if (wrong !== undefined)
    throw problem(where, 'no layer of the model has the name in frozen', wrong, `layers: ${layers.join(', ')}`);
  if (!trainedOf(model, frozen).includes(true))
    throw problem(where, 'frozen leaves nothing to train', names.join(', '), 'leave a layer out of it');
  return frozen;
}
