import { dirname, isAbsolute, join } from 'node:path';
import { problem } from '../core/errors.js';
import { deriveSeed, permutation } from '../core/random.js';
import type { Batch, Model } from '../core/types.js';
import { type Dataset, openDataset } from '../data/index.js';
import { parseObfuscation } from '../obfuscation/index.js';
import type { AXIS_NAMES, Values } from './axes.js';
import { type Blob, batchBlob } from './blobs.js';
import { idOf } from './canonical.js';
import type { Sweep } from './define.js';
import { describeNetwork, type Network } from './sweep-networks.js';
import type { AttackSpec, AxisName, CellJob, ClientSpec, DataSpec, NetworkSpec, OpenDataSpec } from './types.js';
import { partsVersion } from './version.js';

/** A sweep whose data and weights are at hand: its cells with their ids, made one by one. */
export interface Plan {
  readonly sweep: Sweep;
  readonly version: string;
  readonly cells: () => AsyncGenerator<Cell>;
}

/** A cell, and the bytes that it names by hash. */
export interface Cell {
  readonly job: CellJob;
  readonly blobs: readonly Blob[];
}

/**
 * Opens the data sets and weights of a sweep and checks that they have what the axes ask for.
 * @param file the definition's file: relative paths are seen from its folder; default the current folder
 * @throws a data set that is not there (none stands in), fewer images than asked for, weights that do not fit
 */
export async function planSweep(sweep: Sweep, file = join(process.cwd(), 'sweep')): Promise<Plan> {
  const folder = dirname(file);
  const { axes } = sweep;
  const sources = await Promise.all(each(axes.data).map((spec) => openSource(spec as DataSpec | OpenDataSpec, folder)));
  const largest = Math.max(...(each(axes.batch) as number[]));
  const last = axes.images.at(axes.images.length - 1) as number;
  for (const source of sources) checkEnough(source, (last + 1) * largest);
  const networks = new Map<string, Network>();
  const version = partsVersion();
  const batches = recent(BATCHES, (source: Source, size: number, image: number) => {
    const batch = batchOf(source, size, image);
    return { blob: batchBlob(batch), source: batch.source };
  });
  const networkOf = async (at: number, spec: NetworkSpec | Model, { set }: Source): Promise<Network> => {
    const key = `${at} ${set.imageShape} ${set.classNames.length}`;
    const known = networks.get(key) ?? (await describeNetwork(spec, set, folder));
    networks.set(key, known);
    return known;
  };
  const numberOf = (name: AxisName): ((value: unknown) => number) => {
    const values = each(axes[name]);
    return (value) => values.indexOf(value);
  };
  const [dataAt, networkAt] = [numberOf('data'), numberOf('networks')];
  const phis = new Map((each(axes.phi) as string[]).map((phi) => [phi, phiOf(phi)]));
  return {
    sweep,
    version,
    cells: async function* () {
      for (let index = 0; index < sweep.combinations; index++) {
        const picked = sweep.at(index);
        if (!picked) continue;
        const source = sources[dataAt(picked.data)]!;
        const { described, weights } = await networkOf(networkAt(picked.networks), picked.networks as never, source);
        const { batch: size, image, ...rest } = settingsOf(picked);
        const { blob, source: words } = batches(source, size, image);
        const { name, ...options } = picked.attacks as AttackSpec;
        const attack = { name, options: withNames(options, source.set.classNames) };
        const settings = { version, network: described, images: blob.hash, batch: size, image, attack, ...rest };
        const { pictures = false, lpips = false } = sweep.definition;
        const id = idOf({ ...settings, lpips, phi: phis.get(rest.phi) });
        const job = { id, ...settings, data: words, pictures, lpips };
        yield { job, blobs: weights ? [blob, weights] : [blob] };
      }
    },
  };
}

const BATCHES = 64;

const each = ({ length, at }: Values): unknown[] => Array.from({ length }, (_, i) => at(i));

/** What two ways of writing the same phi have in common. */
const phiOf = (text: string): string => {
  const { name, parameters } = parseObfuscation(text);
  return `${name} ${JSON.stringify(parameters)}`;
};

const settingsOf = (picked: Readonly<Record<(typeof AXIS_NAMES)[number], unknown>>) => ({
  batch: picked.batch as number,
  image: picked.images as number,
  client: picked.client as ClientSpec,
  labels: picked.labels as 'known' | 'infer',
  phi: picked.phi as string,
  seed: picked.seeds as number,
});

interface Source extends Required<Pick<DataSpec, 'split' | 'draw' | 'distinct'>> {
  readonly set: Dataset;
  /** Positions in the split, in the order in which they are taken. */
  readonly order: readonly number[];
}

async function openSource(spec: DataSpec | OpenDataSpec, folder: string): Promise<Source> {
  const { split = 'test', draw = 0, distinct = false } = spec;
  const set = 'set' in spec ? spec.set : await open(spec, folder);
  const order = distinct ? [] : permutation(set.sizes[split], deriveSeed(draw, 'images'));
  return { set, split, draw, distinct, order };
}

function open({ name, size, seed, classes }: DataSpec, folder: string): Promise<Dataset> {
  const [kind, path] = name.split(/:(.*)/s) as [string, string | undefined];
  const place = path && !isAbsolute(path) ? `${kind}:${join(folder, path)}` : name;
  const options = { ...(size && { size }), ...(seed !== undefined && { seed }), ...(classes && { classes }) };
  return openDataset(place, { ...options, fallback: 'none' });
}

function checkEnough({ set, split, distinct }: Source, wanted: number): void {
  if (distinct || wanted <= set.sizes[split]) return;
  const has = `the ${split} split of ${set.name} has ${set.sizes[split]} images`;
  throw problem('sweep', has, wanted, 'fewer images, or smaller batches');
}

/** Batch `image` of the seeded order: consecutive positions, or drawn by itself where its labels must differ. */
function batchOf({ set, split, draw, distinct, order }: Source, size: number, image: number): Batch {
  if (!distinct) return set.batch({ split, indices: order.slice(image * size, (image + 1) * size) });
  return set.batch({ split, size, seed: deriveSeed(draw, 'batch', image), labels: 'distinct' });
}

/** `classNames: data` becomes the data set's own names, which are public. */
const withNames = (options: Readonly<Record<string, unknown>>, classNames: readonly string[]) =>
  options.classNames === 'data' ? { ...options, classNames } : options;

/** A function that remembers its last results. */
function recent<T, A extends unknown[]>(count: number, make: (source: Source, ...rest: A) => T) {
  const kept = new Map<string, T>();
  const names = new Map<Source, number>();
  return (source: Source, ...rest: A): T => {
    if (!names.has(source)) names.set(source, names.size);
    const key = `${names.get(source)} ${rest}`;
    const value = kept.get(key) ?? make(source, ...rest);
    kept.set(key, value);
    if (kept.size > count) kept.delete(kept.keys().next().value!);
    return value;
  };
}
