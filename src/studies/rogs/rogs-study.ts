import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { keepValue, keptValue, loadSafetensors, saveSafetensors, warnsOnce } from '../../assets/index.js';
import { restore, rog } from '../../attacks/index.js';
import { rogs } from '../../attacks/rogs.js';
import { ndarray } from '../../core/arrays.js';
import { deriveSeed, normalStream, permutation } from '../../core/random.js';
import type { Batch, Model, NdArray, Observation } from '../../core/types.js';
import type { Dataset } from '../../data/index.js';
import { taggerFeatures } from '../../metrics/index.js';
import { generate } from '../../models/generated.js';
import type { Generator } from '../../models/generator-weights.js';
import { lenet, paperResnet18 } from '../../models/index.js';
import { type Case, observeCase } from '../case.js';
import { type SemanticScores, semanticScores } from './semantic-scores.js';

/** One setting of the study: the client, phi, and how many images. */
export interface SemanticSetting extends Omit<Case, 'seed'> {
  readonly model?: 'lenet' | 'paperResnet18';
  readonly batch: number;
  /** Iterations of ROG; default its own. */
  readonly iterations?: number;
}

const fedavg = { localSteps: 5, learningRate: 0.003 } as const;

/** Settings by name. */
export const SEMANTIC_SETTINGS = {
  'noise -10 dB': { phi: 'noise:-10', batch: 1 },
  'noise -20 dB': { phi: 'noise:-20', batch: 1 },
  'noise -30 dB': { phi: 'noise:-30', batch: 1 },
  sign: { phi: 'sign', batch: 1 },
  '3 bits, 16 images': { phi: 'quantize:3', batch: 16 },
  'noise -10 dB, 16 images': { phi: 'noise:-10', batch: 16 },
  'sign, FedAvg, 4 images': { phi: 'sign', batch: 4, ...fedavg },
  'ResNet-18, 3 bits': { phi: 'quantize:3', batch: 1, model: 'paperResnet18', iterations: 100 },
} as const satisfies Record<string, SemanticSetting>;

export type SemanticSettingName = keyof typeof SEMANTIC_SETTINGS;

/** What is compared. */
export const SEMANTIC_METHODS = ['raw', 'restored', 'label only', 'rogs'] as const;
export type SemanticMethod = (typeof SEMANTIC_METHODS)[number];

/** Scores of one private image under one setting. */
export interface SemanticRow {
  readonly setting: string;
  /** Position in the test split. */
  readonly image: number;
  readonly label: number;
  readonly scores: Readonly<Record<SemanticMethod, SemanticScores>>;
  /** What ROGS's picture explains, see Reconstruction.explained. */
  readonly confidence: number;
  readonly start: string;
  readonly seconds: { readonly raw: number; readonly rogs: number };
}

export interface SemanticStudyOptions {
  readonly settings: readonly SemanticSettingName[];
  /** Private images per setting. */
  readonly images: number;
  /** Where finished batches are kept; a killed study goes on from there. */
  readonly folder: string;
  /** Without one only the raw reconstructions are made. */
  readonly generator?: Generator;
  /** `test` (default); `train` for tuning. */
  readonly split?: 'test' | 'train';
  readonly seed?: number;
  readonly options?: { readonly iterations?: number; readonly restarts?: number };
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** Candidates among which the private image is looked for. */
const CANDIDATES = 1000;

/**
 * Raw ROG, restored ROG, ROGS and a drawn picture of the right class, one beside the other, on test images: LeNet (two
 * initialisations in turn) or ResNet-18, untrained, labels known. The candidates of the retrieval rank are 1,000 test
 * images in a seeded order, of which the private ones are the first. The truth joins after the attacks, in the scores
 * alone.
 */
export async function semanticStudy(data: Dataset, options: SemanticStudyOptions): Promise<SemanticRow[]> {
  const { settings, images, folder, generator, seed = 1, split = 'test', signal, onProgress } = options;
  const gallery = permutation(data.sizes[split], deriveSeed(seed, 'gallery')).slice(0, CANDIDATES);
  const features = generator && (await taggerFeatures(data.images(split, gallery)));
  const rows: SemanticRow[] = [];
  for (const name of settings) {
    const setting: SemanticSetting = SEMANTIC_SETTINGS[name];
    for (let group = 0; group * setting.batch < images && !signal?.aborted; group++) {
      const file = join(folder, `${slug(name)}-${group}`);
      const truth = Array.from({ length: setting.batch }, (_, i) => group * setting.batch + i);
      const batch = data.batch({ split, indices: truth.map((at) => gallery[at]!) });
      const seen = await observed(data, setting, batch, group, seed);
      const { raw, seconds } = await rawOf(`${file}.raw.safetensors`, seen, setting, deriveSeed(seed, 'start', group));
      onProgress?.(`${name}: ${(group + 1) * setting.batch} of ${images}`);
      if (!generator || !features) continue;
      const context = { data, name, batch, truth, gallery, features, generator, group, seed, options: options.options };
      rows.push(...(await kept(`${file}.json`, () => rowsOf(seen, raw, seconds, context))));
    }
  }
  return rows;
}

const slug = (name: string): string => name.replace(/[^\w-]+/g, '_');

const GOES_ON = 'the study goes on without it';

async function kept(file: string, make: () => Promise<SemanticRow[]>): Promise<SemanticRow[]> {
  const before = await keptValue<SemanticRow[]>(file);
  if (before) return before;
  const rows = await make();
  await keepValue(file, rows).catch(warnsOnce(GOES_ON));
  return rows;
}

function modelOf(data: Dataset, { model = 'lenet' }: SemanticSetting, group: number, seed: number): Model {
  const build = model === 'lenet' ? lenet : paperResnet18;
  const own = deriveSeed(seed, 'weights', group % 2) % 1_000_000;
  return build({ imageShape: data.imageShape, classes: data.classNames.length, seed: own });
}

function observed(data: Dataset, setting: SemanticSetting, batch: Batch, group: number, seed: number) {
  const { model: _, batch: __, iterations: ___, ...client } = setting;
  return observeCase(modelOf(data, setting, group, seed), batch, { ...client, seed: deriveSeed(seed, 'phi', group) });
}

/** The raw reconstruction, made once. */
async function rawOf(file: string, seen: Observation, { iterations }: SemanticSetting, seed: number) {
  if (!existsSync(file)) {
    const { images, seconds } = await rog(seen, { seed, ...(iterations && { iterations }) });
    const saving = saveSafetensors(file, [{ name: 'images', ...images }], { seconds: String(seconds) });
    await saving.catch(warnsOnce(GOES_ON));
    return { raw: images, seconds };
  }
  const { tensors, metadata } = await loadSafetensors(file);
  const { shape, data } = tensors[0]!;
  return { raw: { shape, data } as NdArray, seconds: Number(metadata.seconds) };
}

interface Context {
  readonly data: Dataset;
  readonly name: string;
  readonly batch: Batch;
  readonly truth: readonly number[];
  readonly gallery: readonly number[];
  readonly features: NdArray;
  readonly generator: Generator;
  readonly group: number;
  readonly seed: number;
  readonly options?: SemanticStudyOptions['options'];
}

async function rowsOf(seen: Observation, raw: NdArray, rawSeconds: number, context: Context): Promise<SemanticRow[]> {
  const { data, name, batch, truth, gallery, features, generator, group, seed, options } = context;
  const { classNames } = data;
  const own = deriveSeed(seed, 'start', group);
  const { iterations = (SEMANTIC_SETTINGS as Record<string, SemanticSetting>)[name]!.iterations } = options ?? {};
  const searched = await rogs(seen, {
    raw: { images: raw },
    generator,
    classNames,
    seed: own,
    restarts: options?.restarts,
    ...(iterations && { iterations }),
  });
  const result = { kind: 'reconstruction', images: raw, labels: seen.labels!, seconds: 0, settings: {} } as never;
  const pictures: Record<SemanticMethod, NdArray> = {
    raw,
    restored: (await restore(result, { classNames })).images,
    'label only': await drawnFor(generator, batch, deriveSeed(seed, 'label only', group)),
    rogs: searched.images,
  };
  const scores = {} as Record<SemanticMethod, SemanticScores[]>;
  for (const method of SEMANTIC_METHODS)
    scores[method] = await semanticScores(batch, pictures[method], seen.labels!, features, truth);
  return truth.map((at, i) => ({
    setting: name,
    image: gallery[at]!,
    label: batch.labels[i]!,
    scores: Object.fromEntries(SEMANTIC_METHODS.map((method) => [method, scores[method][i]!])) as SemanticRow['scores'],
    confidence: searched.explained![i]!,
    start: String((searched.settings.start as string[])[0]),
    seconds: { raw: rawSeconds / truth.length, rogs: searched.seconds / truth.length },
  }));
}

/** A drawn picture of each image's class: what the labels alone give. */
async function drawnFor(generator: Generator, { labels, classNames }: Batch, seed: number): Promise<NdArray> {
  const padded = Math.ceil(labels.length / 10) * 10;
  const classes = Array.from({ length: padded }, (_, i) => {
    const at = generator.classNames.indexOf(classNames[labels[i] ?? 0]!);
    return Math.max(0, at);
  });
  const { shape, data } = await generate(generator, ndarray([padded, generator.latent], normalStream(seed)), classes);
  const size = data.length / padded;
  return { shape: [labels.length, ...shape.slice(1)], data: data.slice(0, labels.length * size) };
}
