import { nearest, problem } from '../core/errors.js';
import { checkOptions, oneOf } from '../core/options.js';
import { AXES, AXIS_NAMES, plain, RANGE, type Values, valuesOf } from './axes.js';
import { canonical } from './canonical.js';
import type { AxisName, SweepDefinition } from './types.js';

const WHERE = 'defineSweep';
const OTHERS = ['name', 'exclude', 'zip', 'pictures', 'lpips'] as const;

/** A checked grid: nothing of it is written out, a cell is made when it is asked for. */
export interface Sweep {
  readonly name: string;
  readonly definition: SweepDefinition;
  readonly axes: Readonly<Record<AxisName, Values>>;
  /** Combinations before those excluded are left out. */
  readonly combinations: number;
  /** The values of one combination, undefined where it is excluded. The first axes of the list vary slowest. */
  readonly at: (index: number) => Readonly<Record<AxisName, unknown>> | undefined;
}

/**
 * A grid of attacks as data: the product of its axes, without what is excluded. Nothing runs yet: `sweep` runs it.
 * Errors, in one line: an unknown key (names the nearest), an empty axis, a value twice, what a value itself says.
 * @example
 * rog.sweeps.defineSweep({ networks: 'lenet', data: 'cifar10', phi: ['none', 'quantize:3', 'sign'], images: 20 })
 */
export function defineSweep(definition: SweepDefinition): Sweep {
  if (definition === null || typeof definition !== 'object' || Array.isArray(definition))
    throw problem(WHERE, 'a sweep is an object of axes', definition);
  checkOptions(WHERE, definition, [...AXIS_NAMES, ...OTHERS]);
  const { name = 'sweep', exclude = [], zip = [], lpips = false } = definition;
  if (typeof name !== 'string' || !/^[\w-][\w.-]{0,99}$/.test(name))
    throw problem(WHERE, 'a name has letters, digits, ".", "_" and "-"', name);
  if (lpips !== false) oneOf(WHERE, 'lpips', lpips, ['alex', 'squeeze', 'vgg']);
  const axes = Object.fromEntries(AXIS_NAMES.map((axis) => [axis, valuesOf(axis, definition[axis])])) as Sweep['axes'];
  const factors = factorsOf(axes, list('zip', zip));
  const patterns = list('exclude', exclude).map((pattern) => patternOf(axes, pattern));
  const at: Sweep['at'] = (index) => {
    const picked = {} as Record<AxisName, unknown>;
    let rest = index;
    for (const { names, length } of factors.toReversed()) {
      for (const axis of names) picked[axis] = axes[axis].at(rest % length);
      rest = Math.floor(rest / length);
    }
    return patterns.some((matches) => matches(picked)) ? undefined : picked;
  };
  return { name, definition, axes, combinations: factors.reduce((product, { length }) => product * length, 1), at };
}

interface Factor {
  readonly names: readonly AxisName[];
  readonly length: number;
}

function list<T>(name: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw problem(WHERE, `${name} must be a list`, value);
  return value;
}

/** Axes that stand alone, and groups that advance together, in the order of the axes. */
function factorsOf(axes: Sweep['axes'], zip: readonly (readonly AxisName[])[]): Factor[] {
  const groups = zip.map((names) => list('zip', names).map((name) => oneOf(WHERE, 'an axis of zip', name, AXIS_NAMES)));
  const zipped = groups.flat();
  const twice = zipped.find((name, i) => zipped.indexOf(name) !== i);
  if (twice) throw problem(WHERE, 'an axis can be zipped once', twice);
  for (const names of groups)
    if (new Set(names.map((name) => axes[name].length)).size > 1)
      throw problem(
        WHERE,
        'zipped axes must have as many values as each other',
        names.map((name) => `${name}: ${axes[name].length}`).join(', '),
      );
  return AXIS_NAMES.flatMap((name) => {
    const group = groups.find((names) => names.includes(name));
    if (group && AXIS_NAMES.find((axis) => group.includes(axis)) !== name) return [];
    return [{ names: group ?? [name], length: axes[name].length }];
  });
}

type Matches = (picked: Readonly<Record<AxisName, unknown>>) => boolean;

/** Which combinations an entry of `exclude` means. @throws an unknown axis, a value that its axis does not have */
function patternOf(axes: Sweep['axes'], pattern: Readonly<Partial<Record<AxisName, unknown>>>): Matches {
  checkOptions(`${WHERE}: exclude`, pattern, AXIS_NAMES);
  const parts = Object.entries(pattern).map(([key, wanted]) => {
    const axis = key as AxisName;
    const options = [wanted].flat();
    for (const option of options) checkPresent(axes, axis, option);
    return (picked: Readonly<Record<AxisName, unknown>>) =>
      options.some((option) => isLike(axis, picked[axis], option));
  });
  if (parts.length === 0) throw problem(WHERE, 'an entry of exclude names one axis at least');
  return (picked) => parts.every((matches) => matches(picked));
}

function checkPresent(axes: Sweep['axes'], axis: AxisName, option: unknown): void {
  const values = axes[axis];
  const names: string[] = [];
  for (let i = 0; i < values.length; i++) {
    if (isLike(axis, values.at(i), option)) return;
    if (i < 20) names.push(shown(values.at(i)));
  }
  const near = typeof option === 'string' ? nearest(option, names) : undefined;
  const fix = near ? `did you mean ${JSON.stringify(near)}?` : `it has ${names.join(', ')}`;
  throw problem(WHERE, `exclude names a value that the axis ${axis} does not have`, option, fix);
}

const shown = (value: unknown): string => {
  const simple = plain(value) as { name?: string };
  return typeof simple === 'object' ? (simple.name ?? canonical(simple)) : String(simple);
};

/** A name means every value of that name, an object every value with these entries, anything else itself. */
function isLike(axis: AxisName, value: unknown, option: unknown): boolean {
  const simple = plain(value);
  if (typeof simple !== 'object' || simple === null)
    return simple === (axis === 'phi' ? String(option).replace(/\s+/g, '') : option);
  if (typeof option !== 'object' || option === null) return (simple as { name?: unknown }).name === option;
  return Object.entries(option).every(
    ([key, wanted]) => canonical((simple as Record<string, unknown>)[key] ?? null) === canonical(wanted),
  );
}

const range = { type: 'object', additionalProperties: false, required: Object.keys(RANGE), properties: RANGE };
const many = (one: object): object => ({ anyOf: [one, { type: 'array', minItems: 1, items: one }] });

/** The JSON schema of a sweep's file, for editors: made of the same table of axes that reads it. */
export const sweepSchema = (): object => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'roglab sweep',
  type: 'object',
  additionalProperties: false,
  required: AXIS_NAMES.filter((name) => AXES[name].otherwise === undefined),
  properties: {
    name: { type: 'string', pattern: '^[\\w-][\\w.-]{0,99}$' },
    ...Object.fromEntries(
      AXIS_NAMES.map((name) => {
        const { counts, schema } = AXES[name];
        const list = { type: 'array', minItems: 1, items: schema };
        const numbers = { anyOf: [{ type: 'integer', minimum: 1 }, list, range] };
        return [name, counts === undefined ? many(schema) : numbers];
      }),
    ),
    exclude: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        properties: Object.fromEntries(AXIS_NAMES.map((name) => [name, {}])),
      },
    },
    zip: { type: 'array', items: { type: 'array', minItems: 2, items: { type: 'string', enum: AXIS_NAMES } } },
    pictures: { type: 'boolean' },
    lpips: { enum: [false, 'alex', 'squeeze', 'vgg'] },
  },
});

/** More cells than this need a word that they are meant. */
const MOST_CELLS = 1_000_000;

/** Refuses a grid of more than a million cells unless `yes`. */
export function checkSize({ combinations }: Sweep, yes = false): void {
  if (combinations > MOST_CELLS && !yes) {
    const fix = 'say --yes (in a notebook yes: true) if it is meant';
    throw problem('sweep', `a grid has at most ${MOST_CELLS.toLocaleString('en')} cells`, combinations, fix);
  }
}
