import { problem } from '../core/errors.js';
import { isSent, UNSENT } from '../core/evidence.js';
import { checkOptions } from '../core/options.js';
import type { NamedArray, Obfuscation } from '../core/types.js';
import { entryCount } from './message.js';
import { operator } from './operator.js';

/** Options of {@link partialUpdate}: exactly one. */
export interface PartialOptions {
  /** Layers that are sent: `dense2` stands for dense2/kernel and dense2/bias; or a tensor by its whole name. */
  readonly only?: readonly string[];
  /** Layers that are kept back. */
  readonly without?: readonly string[];
}

/**
 * Some tensors are sent as they are, the others not at all: shared layers alone, a head alone. Zeros stand for what is
 * not sent, its evidence says so, and an attack leaves it out.
 *
 * Cost: that of what is sent; which it is, is public.
 * Source: McMahan et al. 2017 send all; Arivazhagan et al. 2019 (FedPer, arXiv 1912.00818) and Liang et al. 2020
 * (LG-FedAvg, arXiv 2001.01523) part of it.
 * @throws neither or both of `only` and `without`; a name that no tensor has (the names are told); nothing left to send
 * @example rog.phi.partialUpdate({ without: ['dense2'] })
 */
export function partialUpdate(options: PartialOptions): Obfuscation {
  const where = 'partialUpdate';
  checkOptions(where, options, ['only', 'without']);
  const { only, without } = options;
  const names = only ?? without;
  if ((only === undefined) === (without === undefined))
    throw problem(where, 'give either only or without, lists of layers', only ? 'both' : 'neither');
  if (!Array.isArray(names) || names.length === 0 || names.some((name) => typeof name !== 'string' || name === ''))
    throw problem(where, 'layers must be a list of names', names);
  const parameters = { [only ? 'only' : 'without']: names.join(' ') };
  return operator(where, parameters, Object.keys(parameters), (tensors, { before, message }) => {
    checkNames(where, names, tensors);
    const named = tensors.map(({ name }) => names.some((one) => name === one || name.startsWith(`${one}/`)));
    const sent = named.map((is) => is === (only !== undefined));
    if (tensors.length && !sent.includes(true)) throw problem(where, 'nothing is left to send', names.join(', '));
    // what an earlier part kept back costs nothing either
    const open = tensors.filter((_, t) => isSent(before[t]!));
    const stays = entryCount(tensors.filter((_, t) => sent[t] && isSent(before[t]!)));
    const count = message.sent ?? entryCount(tensors);
    return {
      values: tensors.map(({ data }, t) => (sent[t] ? data : new Float32Array(data.length))),
      evidence: before.map((e, t) => (sent[t] ? e : UNSENT)),
      message: {
        ...message,
        sent: (count * stays) / Math.max(1, entryCount(open)),
        ...((message.sent === undefined || message.seeded) && { seeded: true }),
      },
    };
  });
}

function checkNames(where: string, names: readonly string[], tensors: readonly NamedArray[]): void {
  const known = [...new Set(tensors.map(({ name }) => name.split('/').slice(0, -1).join('/') || name))];
  const wrong = names.find((one) => !tensors.some(({ name }) => name === one || name.startsWith(`${one}/`)));
  if (wrong !== undefined && tensors.length) {
    const fix = `layers: ${known.join(', ')}`;
    throw problem(where, 'no tensor of the update belongs to a layer of this name', wrong, fix);
  }
}
