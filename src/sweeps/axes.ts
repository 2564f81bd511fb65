import { problem } from '../core/errors.js';
import type { Option, OptionTable } from '../core/option-table.js';
import { checkAll, flag, memory, needed, schemaOf, text, whole, word } from '../core/option-table.js';
import { checkOptions, integer, oneOf } from '../core/options.js';
import type { Model } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { CLIENT_TABLE } from '../federation/index.js';
import { parseObfuscation } from '../obfuscation/index.js';
import { ATTACKS, lookUp, MODELS } from '../registry/index.js';
import { canonical } from './canonical.js';
import type { AxisName, ClientSpec, DataSpec, NetworkSpec, OpenDataSpec } from './types.js';

const WHERE = 'defineSweep';

/** The values of an axis; a range is never written out. */
export interface Values<T = unknown> {
  readonly length: number;
  readonly at: (index: number) => T;
}

/** What an axis is: its values when it is left out, how one is read, and its JSON schema. */
interface Axis {
  readonly otherwise?: unknown;
  /** Where a plain number says how many: the first of them. */
  readonly counts?: number;
  readonly read: (value: unknown) => unknown;
  readonly schema: object;
}

/** The JSON schema of a range's ends. */
export const RANGE = { from: { type: 'integer', minimum: 0 }, to: { type: 'integer', minimum: 0 } };

const strings = (...values: readonly string[]): object => ({ type: 'string', enum: values });
const from = (minimum: number): object => ({ type: 'integer', minimum });
const choice = {
  split: word('which images, default test', ['test', 'train']),
  draw: whole('seed of their order, default 0', undefined, { from: 0 }),
  distinct: flag('no class twice in a batch, default no'),
};
const DATA = {
  name: needed(text('cifar10, cifar10:DIR, scenes, folder:DIR', 'NAME')),
  size: whole('side of the images'),
  seed: whole('stream of scenes', undefined, { from: 0 }),
  classes: whole('of folder: with integer labels'),
  ...choice,
} satisfies OptionTable<DataSpec>;
const OPEN_DATA = { set: memory('an open data set', 'an open data set', (value) => isDataset(value)), ...choice };

/** What another part checks, with its JSON schema. */
const later = (about: string, schema: object): Option => ({ about, schema, check: () => {} });

const NETWORK = {
  name: needed(later(Object.keys(MODELS).join(', '), { type: 'string' })),
  layers: later('a list of layers', { type: 'array', items: { type: 'object', required: ['kind'] } }),
  seed: whole('of the initial weights, default 1', undefined, { from: 0 }),
  classes: whole("outputs, default the data set's classes"),
  weights: text('a safetensors file', 'FILE'),
};
const { seed: _, ...ANY_CLIENT } = CLIENT_TABLE;
const CLIENT = { ...ANY_CLIENT, order: word('of the rows', ['cyclic', 'shuffled']) } satisfies OptionTable<ClientSpec>;

/** Every axis, outermost first: partial results hold all settings of the first images. */
export const AXES: Readonly<Record<AxisName, Axis>> = {
  images: { otherwise: 1, counts: 0, read: (value) => integer(WHERE, 'an image', value as number, 0), schema: from(0) },
  seeds: { otherwise: 1, counts: 1, read: (value) => integer(WHERE, 'a seed', value as number, 0), schema: from(0) },
  data: { read: readData, schema: { anyOf: [{ type: 'string' }, schemaOf(DATA)] } },
  batch: { otherwise: 1, read: (value) => integer(WHERE, 'batch', value as number, 1), schema: from(1) },
  networks: { read: readNetwork, schema: { anyOf: [strings(...Object.keys(MODELS)), schemaOf(NETWORK)] } },
  client: { otherwise: {}, read: readClient, schema: schemaOf(CLIENT) },
  labels: {
    otherwise: 'known',
    read: (value) => oneOf(WHERE, 'labels', value as string, ['known', 'infer']),
    schema: strings('known', 'infer'),
  },
  phi: { otherwise: 'none', read: readPhi, schema: { type: 'string', examples: ['none', 'quantize:3', 'topk:0.95'] } },
  attacks: {
    otherwise: 'rog',
    read: readAttack,
    schema: {
      anyOf: [
        strings(...Object.keys(ATTACKS)),
        { type: 'object', properties: { name: strings(...Object.keys(ATTACKS)) }, required: ['name'] },
      ],
    },
  },
};

export const AXIS_NAMES = Object.keys(AXES) as AxisName[];

/** The values of one axis as it was written. @throws no values, one twice, those of a value itself */
export function valuesOf(name: AxisName, given: unknown): Values {
  const { otherwise, counts, read } = AXES[name];
  const written = given ?? otherwise;
  if (written === undefined || written === null)
    throw problem(WHERE, `the axis ${name} is missing`, undefined, `give ${name} one value or a list`);
  if (counts !== undefined && !Array.isArray(written)) return rangeOf(name, written, counts);
  const all = Array.isArray(written) ? written : [written];
  for (const value of all) checkData(name, value);
  const list = all.map(read);
  if (list.length === 0)
    throw problem(WHERE, `the axis ${name} has no values`, undefined, 'give it one at least, or leave it out');
  const seen = new Set<string>();
  for (const value of list) {
    const said = isObject(value) ? canonical(plain(value)) : String(value);
    if (seen.has(said) && !inMemory(value)) throw problem(WHERE, `the axis ${name} has the same value twice`, said);
    seen.add(said);
  }
  return { length: list.length, at: (index) => list[index] };
}

/** A cell is data, for its id and for a worker; a function is neither. */
function checkData(axis: AxisName, value: unknown): void {
  const found = inProgram(value) ? undefined : functionIn(value);
  if (found === undefined) return;
  const what = ['a value', ...found].join('.').replace('a value.', '');
  const fix = FOR_FUNCTIONS[axis] ?? 'write it as data';
  throw problem(WHERE, `the cells of a sweep are data, and ${what} of the axis ${axis} is a function`, undefined, fix);
}

/** What a program does with functions of its own instead. */
const FOR_FUNCTIONS: Partial<Record<AxisName, string>> = {
  phi: 'phi is written as a short text such as quantize:3; study() and attackAll() take functions, in this process',
  attacks: 'attackAll() and the attacks themselves take functions, in this process',
};

function functionIn(value: unknown): string[] | undefined {
  if (typeof value === 'function') return [];
  if (!isObject(value) || ArrayBuffer.isView(value)) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = functionIn(inner);
    if (found) return [key, ...found];
  }
  return undefined;
}

function rangeOf(name: AxisName, written: unknown, first: number): Values<number> {
  if (typeof written === 'object') {
    checkOptions(`${WHERE}: ${name}`, written as object, Object.keys(RANGE));
    const { from, to } = written as { from: number; to: number };
    integer(WHERE, `${name}.from`, from, 0);
    integer(WHERE, `${name}.to`, to, from);
    return { length: to - from + 1, at: (index) => from + index };
  }
  const fix = `a number says how many; for one of them write [${written}]`;
  const length = integer(WHERE, name, written as number, 1, Number.MAX_SAFE_INTEGER, fix);
  return { length, at: (index) => first + index };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
export const isModel = (value: unknown): value is Model => isObject(value) && 'parameters' in value;
const isDataset = (value: unknown): value is Dataset =>
  isObject(value) && typeof (value as Dataset).batch === 'function';
const inMemory = (value: unknown): boolean => isModel(value) || (isObject(value) && 'set' in value);
/** Read where it is, and sent as bytes. */
const inProgram = (value: unknown): boolean => inMemory(value) || isDataset(value);

/** A value without what exists in memory only: for lists, comparisons and files. */
export function plain(value: unknown): unknown {
  if (isModel(value)) return { name: value.name, inMemory: true };
  if (isDataset(value)) return { name: value.name, inMemory: true };
  if (!isObject(value) || !('set' in value)) return value;
  const { set, ...rest } = value as OpenDataSpec;
  return { name: set.name, ...rest, inMemory: true };
}

function readNetwork(value: unknown): NetworkSpec | Model {
  if (isModel(value)) return value;
  const spec = (typeof value === 'string' ? { name: value } : value) as NetworkSpec;
  if (!isObject(spec)) throw problem(WHERE, 'a network is a name, { name, ... } or a model', value);
  checkAll(`${WHERE}: networks`, spec, NETWORK);
  if (spec.layers === undefined) lookUp(`${WHERE}: networks`, MODELS, spec.name);
  return { ...spec, seed: spec.seed ?? 1 };
}

function readData(value: unknown): DataSpec | OpenDataSpec {
  const spec = typeof value === 'string' ? { name: value } : isDataset(value) ? { set: value } : value;
  if (!isObject(spec)) throw problem(WHERE, 'data is a name, { name, ... } or an open data set', value);
  checkAll(`${WHERE}: data`, spec, 'set' in spec ? OPEN_DATA : DATA);
  const { split = 'test', draw = 0, distinct = false, ...rest } = spec as DataSpec;
  return { ...rest, split, draw, distinct };
}

/** The defaults of clientUpdate are written out, so that saying them changes no id. */
function readClient(value: unknown): object {
  if (!isObject(value)) throw problem(WHERE, 'client is { localSteps, learningRate, ... }', value);
  checkAll(`${WHERE}: client`, value, CLIENT);
  const { localSteps = 1, learningRate = CLIENT_TABLE.learningRate.initial, ...rest } = value as ClientSpec;
  if (rest.epochs === undefined) return { localSteps, learningRate, ...rest };
  if ('localSteps' in value) throw problem(WHERE, 'a client has localSteps or epochs, not both', value);
  return { learningRate, ...rest };
}

function readPhi(value: unknown): string {
  if (typeof value !== 'string') throw problem(WHERE, 'phi is written as a short text', value, 'e.g. quantize:3');
  parseObfuscation(value);
  return value.replace(/\s+/g, '');
}

function readAttack(value: unknown): object {
  const spec = (typeof value === 'string' ? { name: value } : value) as { name: string };
  if (!isObject(spec)) throw problem(WHERE, 'an attack is a name or { name, ... }', value);
  lookUp(`${WHERE}: attacks`, ATTACKS, String(spec.name));
  const own = RESERVED.find((key) => key in spec);
  if (own)
    throw problem(WHERE, `an attack of a sweep has no option ${own}`, undefined, 'the axes and the run decide it');
  return spec;
}

/** Options that the seeds and the run give. */
const RESERVED = ['seed', 'onProgress', 'signal', 'checkpoint'];
