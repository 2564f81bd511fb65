import { problem } from '../core/errors.js';
import type { NamedArray } from '../core/types.js';

/** What a module keeps, in the order of its own state dict. */
const LEAVES = ['in_proj_weight', 'in_proj_bias', 'weight', 'bias', 'running_mean', 'running_var'];

/** A shortcut comes after its block's body, and the one norm without a number after a transformer's blocks. */
const LAST: readonly (readonly [last: RegExp, after: RegExp, numbered: boolean])[] = [
  [/^(downsample|shortcut|skip|identity)$/, /^(conv|bn|norm|body|residual)/, true],
  [/^(ln|norm|ln_f|final_norm)$/, /^(layers|blocks)$/, false],
];

interface Module {
  readonly prefix: string;
  readonly tensors: readonly NamedArray[];
  readonly shapes: string;
}

/**
 * Tensors of a PyTorch network that come in the order of their names (safetensors), in the order of its modules: for
 * each layer in turn a module with its shapes. Of several with equal shapes the one whose name belongs to the module
 * before (conv1, bn1) is taken, else the one that a number in its name puts first; nothing is guessed from the
 * alphabet.
 * Errors (starting with `where`): no module with the shapes of a layer; modules of equal shapes whose names do not say
 * which is first.
 * @param wanted PyTorch's shapes of what the network takes, in order
 */
export function inModuleOrder(
  where: string,
  wanted: readonly (readonly number[])[],
  tensors: readonly NamedArray[],
): NamedArray[] {
  const left = modulesOf(tensors);
  const found: NamedArray[] = [];
  let before = '';
  while (found.length < wanted.length) {
    const fits = fitting(left, wanted.slice(found.length));
    const partners = fits.filter(({ prefix }) => belongs(before, prefix));
    const [next, ...others] = partners.length === 1 ? partners : fits;
    if (!next)
      throw problem(
        where,
        `a module must begin with a tensor of shape [${wanted[found.length]}]`,
        left.map(({ prefix }) => prefix),
        'the layers must be those of the network that wrote the file',
      );
    const rival = others.find((other) => !decided(next.prefix, other.prefix));
    if (rival)
      throw problem(
        where,
        'a safetensors file keeps no order, and names must say which of two modules of equal shapes is first',
        [next.prefix, rival.prefix],
        'use the .pt file of the state dict, which keeps it',
      );
    found.push(...next.tensors);
    before = next.prefix;
    left.splice(left.indexOf(next), 1);
  }
  return found;
}

/** What has a name by its module, modules as they come. */
export function byModule<T extends { readonly name: string }>(named: Iterable<T>): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of named) {
    const own = groups.get(moduleOf(one));
    if (own) own.push(one);
    else groups.set(moduleOf(one), [one]);
  }
  return [...groups.values()];
}

/** What modules keep, each in the order of its own state dict; one with more than PyTorch's own as it comes. */
export const inStateOrder = <T extends { readonly name: string }>(modules: readonly T[][]): T[] =>
  modules.flatMap((own) => (own.every((one) => placeOf(one) >= 0) ? sortedLeaves(own) : own));

const moduleOf = ({ name }: { readonly name: string }): string => name.slice(0, Math.max(0, name.lastIndexOf('.')));

const placeOf = ({ name }: { readonly name: string }): number => LEAVES.indexOf(name.slice(name.lastIndexOf('.') + 1));

const sortedLeaves = <T extends { readonly name: string }>(own: readonly T[]): T[] =>
  [...own].sort((a, b) => placeOf(a) - placeOf(b));

function modulesOf(all: readonly NamedArray[]): Module[] {
  return byModule(all)
    .map((list) => {
      const tensors = sortedLeaves(list);
      const shapes = tensors.map(({ shape }) => String(shape)).join(';');
      return { prefix: moduleOf(list[0]!), tensors, shapes };
    })
    .sort((a, b) => compared(a.prefix, b.prefix).sign);
}

/** The modules that could come now, by name; only those with the most tensors. */
function fitting(modules: readonly Module[], wanted: readonly (readonly number[])[]): Module[] {
  const fits = modules.filter(
    ({ tensors, shapes }) => shapes === wanted.slice(0, tensors.length).map(String).join(';'),
  );
  const most = Math.max(...fits.map(({ tensors }) => tensors.length));
  return fits.filter(({ tensors }) => tensors.length === most);
}

/** Whether a norm is named after a convolution or dense layer: conv1 and bn1, block.conv and block.norm. */
const belongs = (before: string, name: string): boolean =>
  ['bn', 'norm'].some((norm) => name !== before && name === before.replace(/(conv|fc|linear)(?=_?\d*$)/, norm));

const decided = (a: string, b: string): boolean => compared(a, b).sure;

/** Which name is first, and whether that is more than the alphabet. */
function compared(a: string, b: string): { sign: number; sure: boolean } {
  const [left, right] = [a, b].map((name) => [...(name.match(/\d+|[^\d.]+/g) ?? [])]) as [string[], string[]];
  const at = left.findIndex((part, i) => part !== right[i]);
  const [x, y] = [left[at], right[at]];
  if (x === undefined || y === undefined) return { sign: left.length - right.length, sure: false };
  if ([x, y].every((part) => /^\d/.test(part))) return { sign: Number(x) - Number(y), sure: true };
  const isAfter = (p: string, q: string, next = ''): boolean =>
    LAST.some(([last, after, numbered]) => last.test(p) && after.test(q) && (numbered || !/^\d/.test(next)));
  if (isAfter(x, y, left[at + 1])) return { sign: 1, sure: true };
  if (isAfter(y, x, right[at + 1])) return { sign: -1, sure: true };
  return { sign: x < y ? -1 : 1, sure: false };
}
