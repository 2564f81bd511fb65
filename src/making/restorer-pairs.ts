import { rog } from '../attacks/index.js';
import { imageAt } from '../core/arrays.js';
import { deriveSeed, uniformStream } from '../core/random.js';
import type { Batch, NdArray } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { match } from '../metrics/index.js';
import { MODELS, type ModelName } from '../registry/index.js';
import { type Case, observeCase } from '../studies/case.js';
import { appendPairs, type Pair, resumeAt } from './restorer-pair-file.js';

/** One kind of attack whose reconstructions the restorer learns from. */
interface PairSetting extends Case {
  readonly batch: number;
  /** Closures of the attack, drawn from these. */
  readonly closures: readonly number[];
  /** Jobs of this kind, relative to the others. */
  readonly share: number;
  readonly model?: ModelName;
}

const fedAvg = { localSteps: 5, learningRate: 0.003 };

/** The mix: LeNet, some VGG-7, batches of 1, 4, 16, every phi of the notebooks. File format: append, never reorder. */
export const PAIR_SETTINGS: readonly PairSetting[] = [
  { phi: 'quantize:3', batch: 1, closures: [80, 100, 120, 200], share: 18 },
  { phi: 'quantize:2', batch: 1, closures: [80, 120], share: 2 },
  { phi: 'quantize:4', batch: 1, closures: [80, 120], share: 2 },
  { phi: 'none', batch: 1, closures: [80, 120], share: 2 },
  { phi: 'qsgd:3', batch: 1, closures: [80, 120], share: 3 },
  { phi: 'topk:0.9', batch: 1, closures: [80, 120], share: 1 },
  { phi: 'topk:0.95', batch: 1, closures: [80, 120], share: 3 },
  { phi: 'topk:0.99', batch: 1, closures: [80, 120], share: 1 },
  { phi: 'noise:0', batch: 1, closures: [80, 120], share: 1 },
  { phi: 'noise:-10', batch: 1, closures: [80, 120], share: 3 },
  { phi: 'noise:-15', batch: 1, closures: [80, 120], share: 2 },
  { phi: 'sign', batch: 1, closures: [80, 120, 200], share: 4 },
  { phi: 'quantize:3', batch: 1, ...fedAvg, closures: [80], share: 1 },
  { phi: 'quantize:3', batch: 1, closures: [80], share: 0.15, model: 'vgg7' },
  { phi: 'none', batch: 4, closures: [80, 120], share: 2 },
  { phi: 'quantize:3', batch: 4, closures: [80, 120], share: 4 },
  { phi: 'qsgd:3', batch: 4, closures: [80], share: 1 },
  { phi: 'topk:0.95', batch: 4, closures: [80], share: 2 },
  { phi: 'noise:-10', batch: 4, closures: [80], share: 1 },
  { phi: 'sign', batch: 4, closures: [80], share: 2 },
  { phi: 'none', batch: 4, ...fedAvg, closures: [80], share: 1 },
  { phi: 'none', batch: 16, closures: [80], share: 0.5 },
  { phi: 'quantize:3', batch: 16, closures: [80], share: 1 },
  { phi: 'topk:0.95', batch: 16, closures: [80], share: 0.5 },
];

/** The last so many training images are held out: their pairs validate, no other training of the restorer sees them. */
export const HELD_OUT = 2000;

export interface PairOptions {
  /** The file that is made or continued. */
  readonly path: string;
  /** Stops after so long; the file can be continued later. Default: no end. */
  readonly minutes?: number;
  /** Stops after so many jobs, those of the file included. Default: no end. */
  readonly jobs?: number;
  /** Default 1. */
  readonly seed?: number;
  /** This process makes the jobs `part`, `part + parts`, ...; default 0 of 1. One file per part. */
  readonly part?: number;
  readonly parts?: number;
  /** Stops after the running job. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

const ATTACKS_PER_JOB = 4;

/**
 * Appends pairs to a file until the time is up: attacks of our own on training images, a new initialisation for each
 * job. Job k is decided by the seed and k alone; a killed run is continued from the jobs that the file holds
 * completely.
 */
export async function makePairs(dataset: Dataset, options: PairOptions): Promise<number> {
  const { path, minutes = Number.POSITIVE_INFINITY, jobs = Number.POSITIVE_INFINITY } = options;
  const { seed = 1, part = 0, parts = 1, signal, onProgress } = options;
  const until = performance.now() + 60_000 * minutes;
  const values = dataset.imageShape.reduce((a, b) => a * b, 1);
  let { job, count } = await resumeAt(path, values, part, parts);
  while (performance.now() < until && job < part + jobs * parts && !signal?.aborted) {
    const pairs = await runJob(dataset, seed, job);
    await appendPairs(path, pairs, job);
    count += pairs.length;
    const left = (until - performance.now()) / 60_000;
    onProgress?.(`job ${job}: ${count} pairs, ${left.toFixed(1)} minutes left`);
    job += parts;
  }
  return count;
}

async function runJob(dataset: Dataset, seed: number, job: number): Promise<Pair[]> {
  const chance = uniformStream(deriveSeed(seed, 'pair job', job));
  const setting = drawSetting(chance());
  const { batch: size, closures, model: name = 'lenet', share: _, ...given } = PAIR_SETTINGS[setting]!;
  const held = chance() < 0.08;
  const model = MODELS[name]({
    imageShape: dataset.imageShape,
    classes: dataset.classNames.length,
    seed: Math.floor(chance() * 1_000_000),
  });
  const iterations = closures[Math.floor(chance() * closures.length)]!;
  const pairs: Pair[] = [];
  for (let k = 0; k < (size === 1 ? ATTACKS_PER_JOB : 1); k++) {
    const indices = drawImages(dataset, size, held, chance);
    const batch = dataset.batch({ split: 'train', indices });
    const observation = await observeCase(model, batch, { ...given, seed: deriveSeed(seed, 'phi', job, k) });
    const { images } = await rog(observation, { iterations, seed: deriveSeed(seed, 'start', job, k) });
    pairs.push(...asPairs(batch, indices, images, setting));
  }
  return pairs;
}

function drawSetting(at: number): number {
  const total = PAIR_SETTINGS.reduce((sum, { share }) => sum + share, 0);
  let rest = at * total;
  return PAIR_SETTINGS.findIndex(({ share }) => {
    rest -= share;
    return rest < 0;
  });
}

/** Positions whose labels repeat as little as can be. */
function drawImages(dataset: Dataset, size: number, held: boolean, chance: () => number): number[] {
  const seen = dataset.sizes.train - HELD_OUT;
  const most = Math.ceil(size / dataset.classNames.length);
  const counts = new Map<number, number>();
  const found: number[] = [];
  while (found.length < size) {
    const index = held ? seen + Math.floor(chance() * HELD_OUT) : Math.floor(chance() * seen);
    const label = dataset.batch({ split: 'train', indices: [index] }).labels[0]!;
    const count = counts.get(label) ?? 0;
    if (count >= most || found.includes(index)) continue;
    counts.set(label, count + 1);
    found.push(index);
  }
  return found;
}

/** Reconstructions assigned to the images they are nearest to, one to one. */
function asPairs(batch: Batch, indices: readonly number[], images: NdArray, setting: number): Pair[] {
  const distance = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0);
  const cost = indices.map((_, i) =>
    indices.map((_, j) => distance(imageAt(batch.images, i).data, imageAt(images, j).data)),
  );
  return match(cost).map((at, i) => ({
    image: indices[i]!,
    label: batch.labels[i]!,
    setting,
    raw: Uint8Array.from(imageAt(images, at).data, (value) => Math.round(255 * value)),
  }));
}
