import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import type { NamedArray, NetworkFile, WeightPiece, WeightSource } from '../core/types.js';
import { byModule, inStateOrder } from './module-order.js';

/** Tensors of a file of weights by what they are called where the network was trained. */
export interface ByName {
  /** In PyTorch's layout, by parameter or running statistic. */
  readonly found: ReadonlyMap<string, NamedArray>;
  /** What the file has besides. */
  readonly rest: readonly NamedArray[];
}

/**
 * The tensors of a file of weights that a network's own file names, whatever their order; a common beginning of the
 * names (`module.`, `model.`) is left out.
 * @returns undefined where no name is met
 * @throws a tensor of another shape than in the network's file; a constant of the network with another value
 */
export function byName(where: string, file: NetworkFile, tensors: readonly NamedArray[]): ByName | undefined {
  const known = Object.entries(file.sources);
  const uses = new Map<string, number>();
  const firsts = known.flatMap(([, { pieces }]) => pieces.map(({ names }) => names[0]!));
  for (const name of firsts) uses.set(name, (uses.get(name) ?? 0) + 1);
  const prefix = prefixOf(firsts, tensors);
  const named = new Map(tensors.filter(({ name }) => name).map((one) => [one.name.slice(prefix.length), one]));
  const claimed = new Set<NamedArray>();
  const found = new Map<string, NamedArray>();
  for (const [name, source] of known) {
    // a name that several layers have is that of equal tensors, of which the exporter kept one
    if (source.pieces.some(({ names }) => uses.get(names[0]!) !== 1)) continue;
    const parts = source.pieces.map(({ names }) => named.get(names.find((one) => named.has(one)) ?? ''));
    if (parts.some((part) => !part)) continue;
    found.set(name, joined(where, source, parts as NamedArray[]));
    for (const part of parts) claimed.add(part!);
  }
  if (found.size === 0) return undefined;
  for (const { name, data } of file.constants) {
    const same = named.get(name);
    if (!same || claimed.has(same)) continue;
    if (String(same.data) !== String(data))
      throw problem(
        where,
        `${name} must be as in the network's file, where it is no layer's weight`,
        `${same.data.length > 4 ? 'other numbers' : same.data}, not ${data.length > 4 ? 'those' : data}`,
        'a factor that is trained cannot be read; make it a constant, or a factor of channels',
      );
    claimed.add(same);
  }
  return { found, rest: tensors.filter((tensor) => tensor.shape.length > 0 && !claimed.has(tensor)) };
}

/**
 * The same tensors with the names of the network's file, where they have none of their own but its order: that of the
 * file, and that of each module's state dict, where an exporter moved large weights to the end of the file.
 */
export function namedInOrder({ stored }: NetworkFile, tensors: readonly NamedArray[]): NamedArray[][] {
  const nameless = tensors.every(({ name }) => /^(arr_)?\d*$/.test(name));
  if (!nameless || stored.length !== tensors.length) return [];
  const asStored = stored.map((name) => ({ name }));
  const asState = inStateOrder(byModule(asStored));
  const orders = asState.every(({ name }, k) => name === stored[k]) ? [asStored] : [asStored, asState];
  return orders.map((names) => tensors.map((tensor, k) => ({ ...tensor, name: names[k]!.name })));
}

function prefixOf(names: readonly string[], tensors: readonly NamedArray[]): string {
  const [some] = names.filter((name) => tensors.some((tensor) => tensor.name.endsWith(name)));
  const prefixes = tensors
    .filter(({ name }) => some !== undefined && name.endsWith(some))
    .map(({ name }) => name.slice(0, -some!.length));
  const wanted = new Set(names);
  const hits = (prefix: string): number =>
    tensors.filter(({ name }) => name.startsWith(prefix) && wanted.has(name.slice(prefix.length))).length;
  return prefixes.reduce((best, one) => (hits(one) > hits(best) ? one : best), '');
}

function joined(where: string, { shape, pieces }: WeightSource, parts: readonly NamedArray[]): NamedArray {
  const data = new Float32Array(sizeOf(shape));
  let at = 0;
  parts.forEach((part, k) => {
    const piece = pieces[k]!;
    if (String(part.shape) !== String(piece.shape))
      throw problem(
        where,
        `${part.name} must have the shape [${piece.shape}] of the network's file`,
        part.shape,
        'is it a file of this network?',
      );
    const values = entries(piece, part);
    data.set(values, at);
    at += values.length;
  });
  return { name: parts[0]!.name, shape, data };
}

const entries = ({ order }: WeightPiece, { data }: NamedArray): Float32Array =>
  order ? Float32Array.from(order, (at) => data[at]!) : data;
