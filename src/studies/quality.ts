import { restore } from '../attacks/index.js';
import { imageAt } from '../core/arrays.js';
import { mean } from '../core/numbers.js';
import { deriveSeed, permutation } from '../core/random.js';
import type { Batch, Model, Reconstruction, Scores } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import type { ScoreOptions } from '../metrics/index.js';
import { lenet } from '../models/index.js';
import type { AttackName } from '../registry/index.js';
import { type Case, caseOf, observeCase } from './case.js';
import { score } from './score.js';
import { attackAll } from './worker-pool.js';

/** The settings of the quality table: phi and the client. */
export const QUALITY_SETTINGS = {
  none: { phi: 'none' },
  uniform3: { phi: 'quantize:3' },
  qsgd3: { phi: 'qsgd:3' },
  topk95: { phi: 'topk:0.95' },
  'noise-10': { phi: 'noise:-10' },
  sign: { phi: 'sign' },
  fedavg5: { phi: 'none', localSteps: 5, learningRate: 0.003 },
} as const;

export type QualitySetting = keyof typeof QUALITY_SETTINGS;

/** A setting of one's own: any phi, in its short form or as it is, and a client. */
export interface OwnSetting extends Case {
  /** What its rows are called. */
  readonly setting: string;
}

const settingOf = (wish: QualitySetting | OwnSetting): OwnSetting =>
  typeof wish === 'string' ? { setting: wish, ...QUALITY_SETTINGS[wish] } : wish;

/** `restored`: the pictures of `default` through restore(), which is told the data set's class names. */
const PRESETS = {
  default: { attack: 'rog' },
  paper: { attack: 'rog-paper' },
  restored: { attack: 'rog', restored: true },
  'closed-form': { attack: 'closedForm' },
  'inverting-gradients': { attack: 'invertingGradients' },
  'grad-inversion': { attack: 'gradInversion' },
  dlg: { attack: 'dlg' },
  idlg: { attack: 'idlg' },
} as const satisfies Record<string, { readonly attack: AttackName; readonly restored?: true }>;
export type QualityPreset = keyof typeof PRESETS;
export const QUALITY_PRESETS = Object.keys(PRESETS) as QualityPreset[];

/** Which part of the table, on what. */
export interface QualityOptions {
  readonly settings: readonly (QualitySetting | OwnSetting)[];
  readonly presets: readonly QualityPreset[];
  readonly batches: readonly number[];
  /** Images per row, half of them on each of two initialisations; a multiple of the batch size is used. */
  readonly images: number;
  /** Chooses images, initialisations and the seed of phi. */
  readonly seed: number;
  /**
   * Outputs of the networks; default the data set's classes. With more, every image of a batch gets a number of its own
   * below it as label, so that batches larger than the data set's classes have distinct labels.
   */
  readonly classes?: number;
  /** Iterations of every attack; default each attack's own number. */
  readonly iterations?: number;
  readonly workers?: number;
  /** How the reconstructions are scored, e.g. with LPIPS. */
  readonly scoring?: ScoreOptions;
  readonly onRow?: (row: QualityRow) => void;
  readonly onProgress?: (text: string) => void;
}

/** One row of the table: means over images. */
export interface QualityRow {
  readonly setting: string;
  readonly batch: number;
  readonly preset: QualityPreset;
  /** dB */
  readonly psnr: number;
  readonly ssim: number;
  readonly globalSsim: number;
  /** Of our own network: not LPIPS, and not on its scale. */
  readonly featureDistance: number;
  /** Rate of images in which the tagger sees the private image's class. */
  readonly agreement: number;
  /** Overlap of the tagger's label sets. */
  readonly jaccard: number;
  /** When the official weights are in the cache. */
  readonly lpips?: number;
  readonly images: number;
  readonly closures: number;
  /** Mean seconds per attack. */
  readonly seconds: number;
  readonly engine: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Mean scores of every setting, batch size and preset on test images: LeNet, untrained, distinct labels, known. */
export async function quality(dataset: Dataset, options: QualityOptions): Promise<QualityRow[]> {
  const rows: QualityRow[] = [];
  for (const batch of options.batches) {
    const groups = groupsOf(dataset, batch, options);
    for (const setting of options.settings.map(settingOf)) {
      const done = new Map<AttackName, readonly Reconstruction[]>();
      for (const preset of options.presets) {
        const { attack, restored = false }: { attack: AttackName; restored?: boolean } = PRESETS[preset];
        const results = done.get(attack) ?? (await attackGroups(groups, setting, batch, preset, options));
        done.set(attack, results);
        const shown = restored ? await restoreAll(results, dataset.classNames) : results;
        const row = await qualityRow(groups, setting, batch, preset, shown, options);
        rows.push(row);
        options.onRow?.(row);
      }
    }
  }
  return rows;
}

interface Group {
  readonly model: Model;
  readonly batch: Batch;
}

/** Batches of the size asked for, alternating between two initialisations. */
function groupsOf(dataset: Dataset, size: number, options: QualityOptions): Group[] {
  const { images, seed, classes = dataset.classNames.length } = options;
  const models = [0, 1].map((k) =>
    lenet({ imageShape: dataset.imageShape, classes, seed: deriveSeed(seed, 'weights', k) % 1_000_000 }),
  );
  const count = Math.max(1, Math.round(images / size));
  const single = size === 1 ? dataset.batch({ size: count, seed }) : undefined;
  return Array.from({ length: count }, (_, g) => ({
    model: models[g % 2]!,
    batch: single
      ? { ...single, images: imageAt(single.images, g), labels: single.labels.slice(g, g + 1) }
      : distinct(dataset, size, classes, deriveSeed(seed, 'batch', g)),
  }));
}

/** Images of different classes; or of any, with distinct seeded labels, where the network has more outputs. */
function distinct(dataset: Dataset, size: number, classes: number, seed: number): Batch {
  if (classes === dataset.classNames.length) return dataset.batch({ size, seed, labels: 'distinct' });
  const labels = Int32Array.from(permutation(classes, deriveSeed(seed, 'labels')).slice(0, size));
  return { ...dataset.batch({ size, seed }), labels };
}

function attackGroups(
  groups: readonly Group[],
  own: OwnSetting,
  batch: number,
  preset: QualityPreset,
  { seed, iterations, workers, onProgress }: QualityOptions,
): Promise<Reconstruction[]> {
  const jobs = groups.map(({ model, batch: images }, g) => async () => ({
    observation: await observeCase(model, images, { ...caseOf(own), seed: deriveSeed(seed, 'phi', g) }),
    attack: PRESETS[preset].attack,
    options: { seed: deriveSeed(seed, 'start', g), ...(iterations !== undefined && { iterations }) },
  }));
  return attackAll(jobs, {
    workers,
    onDone: (done, total) => onProgress?.(`${own.setting} batch ${batch} ${preset}: ${done}/${total}`),
  });
}

async function restoreAll(
  results: readonly Reconstruction[],
  classNames: readonly string[],
): Promise<Reconstruction[]> {
  const restored: Reconstruction[] = [];
  for (const result of results) restored.push(await restore(result, { classNames }));
  return restored;
}

async function qualityRow(
  groups: readonly Group[],
  own: OwnSetting,
  batch: number,
  preset: QualityPreset,
  results: readonly Reconstruction[],
  { seed, scoring, classes }: QualityOptions,
): Promise<QualityRow> {
  const scores: Scores[] = [];
  for (const [g, result] of results.entries()) scores.push(await score(groups[g]!.batch, result, scoring));
  const { attack, objective, prior, weight, simulate } = results[0]!.settings;
  return {
    setting: own.setting,
    batch,
    preset,
    psnr: mean(scores.flatMap((s) => s.psnr)),
    ssim: mean(scores.flatMap((s) => s.ssim)),
    globalSsim: mean(scores.flatMap((s) => s.globalSsim)),
    featureDistance: mean(scores.flatMap((s) => s.featureDistance)),
    agreement: mean(scores.flatMap((s) => s.agreement)),
    jaccard: mean(scores.flatMap((s) => s.jaccard)),
    ...(scores.every((s) => s.lpips) && { lpips: mean(scores.flatMap((s) => s.lpips!)) }),
    images: scores.flatMap((s) => s.psnr).length,
    closures: Math.max(...results.map((r: Reconstruction) => r.closures)),
    seconds: mean(results.map((r) => r.seconds)),
    engine: results[0]!.engine,
    settings: { model: 'lenet', classes, ...caseOf(own), attack, objective, prior, weight, simulate, seed },
  };
}
