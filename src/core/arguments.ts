import { problem, show } from './errors.js';

/** What a public verb takes as an argument. */
export type ArgumentKind = keyof typeof NOUNS;

type Fields = Readonly<Record<string, unknown>>;

const has = (value: Fields, ...fields: readonly string[]): boolean => fields.every((field) => field in value);

/** Neither another noun of ours nor a data set, whose images are to be asked for. */
const isPlain = (value: Fields): boolean => value.kind === undefined && typeof value.images !== 'function';

/** How each noun is told from the others, and where one comes from. */
const NOUNS = {
  model: {
    named: (v: Fields) => `a model (${show(v.name)})`,
    is: (v: Fields) => has(v, 'layers', 'parameters'),
    from: 'make one with lenet() or network()',
  },
  batch: {
    named: () => 'a batch',
    is: (v: Fields) => has(v, 'images', 'labels') && isPlain(v),
    from: 'make one with data.batch({ size: 1 })',
  },
  pictures: {
    named: () => 'pictures',
    is: (v: Fields) => has(v, 'images') && isPlain(v),
    from: 'make them with data.batch({ size: 1 })',
  },
  update: {
    named: () => 'an update',
    is: (v: Fields) => v.kind === 'update' || (v.kind === undefined && has(v, 'tensors', 'client')),
    from: 'make one with clientUpdate(model, batch)',
  },
  observation: {
    named: () => 'an observation',
    is: (v: Fields) => v.kind === 'observation',
    from: 'make one with observe(model, update)',
  },
  reconstruction: {
    named: (v: Fields) => `a reconstruction (${show(v.attack)})`,
    is: (v: Fields) => v.kind === 'reconstruction',
    from: 'make one with rog(observation)',
  },
  dataset: {
    named: (v: Fields) => `a data set (${show(v.name)})`,
    is: (v: Fields) => typeof v.batch === 'function',
    from: "make one with openDataset('cifar10')",
  },
  result: {
    named: () => 'pictures',
    is: (v: Fields) => has(v, 'images') && typeof v.images !== 'function',
    from: 'make one with rog(observation)',
  },
  path: { named: () => 'a path', is: () => false, from: 'write its name' },
  scores: { named: () => 'scores', is: (v: Fields) => has(v, 'match'), from: 'make them with score(batch, result)' },
} as const;

const isNoun = (kind: ArgumentKind, value: unknown): boolean =>
  kind === 'path'
    ? typeof value === 'string'
    : typeof value === 'object' && value !== null && NOUNS[kind].is(value as Fields);

/** What a value is, in words: one of the nouns, or its short form. */
export function described(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  const kind = (Object.keys(NOUNS) as ArgumentKind[]).find((noun) => isNoun(noun, value));
  return kind ? NOUNS[kind].named(value as Fields) : show(value);
}

const TITLES: Partial<Record<ArgumentKind, string>> = {
  scores: 'scores',
  dataset: 'a data set',
  pictures: 'the private batch',
};
const ORDINALS = ['first', 'second', 'third'];

/**
 * Refuses arguments that are not the nouns which a verb takes, in one line that names the call: swapped ones above all.
 * @example checkArguments('observe', 'observe(model, update)', { model: model, update: update })
 */
export function checkArguments(
  where: string,
  call: string,
  given: Readonly<Partial<Record<ArgumentKind, unknown>>>,
): void {
  const list = Object.entries(given) as [ArgumentKind, unknown][];
  const at = list.findIndex(([kind, value]) => !isNoun(kind, value));
  if (at < 0) return;
  const [kind, value] = list[at]!;
  const swapped = list.some(([, other], i) => i !== at && isNoun(kind, other));
  const noun = TITLES[kind] ?? `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
  const fix =
    value instanceof Promise ? `await it: ${call}` : swapped ? `the order is ${call}` : `${call}; ${NOUNS[kind].from}`;
  throw problem(where, `the ${ORDINALS[at]} argument must be ${noun}, got ${described(value)}`, undefined, fix);
}
