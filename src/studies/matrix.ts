import { grayOf, yardstick } from '../attacks/choose/yardstick.js';
import { type Signs, signsOf } from '../attacks/confidence/signs.js';
import { labelsOf } from '../attacks/infer-labels.js';
import { offers } from '../attacks/search/needs.js';
import { mean } from '../core/numbers.js';
import { deriveSeed, permutation } from '../core/random.js';
import type { Batch, Observation, Reconstruction } from '../core/types.js';
import type { Dataset } from '../data/index.js';
import { type AttackName, type AttackOptions, attackBy, NEEDS } from '../registry/index.js';
import { observeCase } from './case.js';
import { score } from './score.js';
import { ZOO, type ZooName } from './zoo.js';

const PHIS = ['none', 'quantize:8', 'quantize:3', 'qsgd:3', 'topk:0.95', 'sign', 'noise:-10'] as const;

/** One cell of the matrix: what a client did, on which network. */
export interface Cell {
  readonly network: ZooName;
  readonly phi: (typeof PHIS)[number];
  readonly batch: number;
  readonly labels: 'distinct' | 'repeated';
  readonly localSteps: 1 | 5;
}

/** What one attack reached in a cell. */
export interface Reached {
  /** Mean over the images, dB. */
  readonly psnr: number;
  /** Of each image. */
  readonly ssim: readonly number[];
  /** Share of the update that its pictures leave unexplained, over that of an even gray: by what the server knows. */
  readonly left: number;
  /** What the server could measure of the pictures, those of each in the order of the private images. */
  readonly signs?: Signs;
  /** What rog() took, where it chose. */
  readonly method?: string;
  readonly closures: number;
  readonly seconds: number;
}

/** A cell that was attacked. */
export interface MatrixRow extends Cell {
  readonly seed: number;
  readonly data: string;
  readonly split: 'train' | 'test';
  /** By attack, the default among them; null: it does not apply or failed. */
  readonly reached: Readonly<Record<string, Reached | null>>;
}

/**
 * Every cell, in an order of which each beginning is a fair sample of all networks: phi, batches of 1, 4 and one per
 * class, distinct or repeated labels, 1 or 5 local steps, shuffled by the seed. Networks whose batch norm refuses one
 * picture have no cells with one.
 */
export function matrixCells(classes: number, seed: number): Cell[] {
  const rows = (Object.keys(ZOO) as ZooName[]).map((network) => {
    const cells = PHIS.flatMap((phi) =>
      [1, 4, classes].flatMap((batch) =>
        (['distinct', 'repeated'] as const)
          .filter((labels) => (batch > 1 || labels === 'distinct') && (batch > 1 || !NOT_ALONE.includes(network)))
          .flatMap((labels) => ([1, 5] as const).map((localSteps) => ({ network, phi, batch, labels, localSteps }))),
      ),
    );
    return [...permutation(cells.length, deriveSeed(seed, 'cells', network))].map((at) => cells[at]!);
  });
  const longest = Math.max(...rows.map(({ length }) => length));
  return Array.from({ length: longest }, (_, k) => rows.flatMap((cells) => cells[k] ?? [])).flat();
}

/** Training-mode batch norm on a last map of one pixel has no variance over one 32x32 picture. */
const NOT_ALONE: readonly ZooName[] = ['resnet18-train', 'mobilenetV2'];

interface Entry {
  readonly attack: AttackName;
  readonly options?: AttackOptions;
}

/** The default and what it is compared with: rog() forced one way, then others' attacks, with fewer closures. */
export const COMPARED = {
  default: { attack: 'rog' },
  matching: { attack: 'rog', options: { method: 'matching' } },
  light: { attack: 'rog', options: { method: 'matching', weight: 1e-6 } },
  squares: { attack: 'rog', options: { objective: 'l2' } },
  'closed-form': { attack: 'closedForm' },
  analytic: { attack: 'analytic' },
  'inverting-gradients': { attack: 'invertingGradients', options: { iterations: 400, defenseAware: true } },
  idlg: { attack: 'idlg', options: { iterations: 400 } },
  dlg: { attack: 'dlg', options: { iterations: 400 } },
  'grad-inversion': { attack: 'gradInversion', options: { iterations: 100, defenseAware: true } },
} satisfies Record<string, Entry>;

export type Compared = keyof typeof COMPARED;

/** A cell without attacks. */
export const emptyRow = (dataset: Dataset, cell: Cell, seed: number, split: 'train' | 'test'): MatrixRow => ({
  ...cell,
  seed,
  data: dataset.name,
  split,
  reached: {},
});

/** Attacks the cell of a row with those attacks that it does not have yet; returns the fuller row. */
export async function attackCell(dataset: Dataset, row: MatrixRow, attacks: readonly Compared[]): Promise<MatrixRow> {
  const missing = attacks.filter((name) => row.reached[name] === undefined);
  if (!missing.length) return row;
  const own = deriveSeed(row.seed, row.split, nameOf(row)) % 1_000_000;
  const classes = dataset.classNames.length;
  const model = ZOO[row.network]({ imageShape: dataset.imageShape, classes, seed: own });
  const batch = batchOf(dataset, row, own, classes);
  const { phi, localSteps } = row;
  const observation = await observeCase(model, batch, { phi, localSteps, learningRate: 0.003, seed: own });
  const { labels } = await labelsOf(observation);
  const rule = yardstick(observation, labels);
  const gray = await rule(grayOf(observation));
  const signs = (result: Reconstruction) => signsOf(observation, result, rule, gray);
  const reached: Record<string, Reached | null> = { ...row.reached };
  for (const name of missing)
    reached[name] = offers(observation, NEEDS[COMPARED[name].attack])
      ? await attacked(observation, batch, COMPARED[name], signs)
      : null;
  return { ...row, reached };
}

/** A cell in words. */
export const nameOf = ({ network, phi, batch, labels, localSteps }: Cell): string =>
  `${network} ${phi} batch ${batch} ${labels} ${localSteps} steps`;

/** 20 log10(255) dB, one level of 8 bits: the same picture from there on, so no attack counts for more. */
export const PERFECT = 20 * Math.log10(255);

/** The best of the others, by mean PSNR, at most {@link PERFECT}. */
export function bestOther({ reached }: Pick<MatrixRow, 'reached'>): { readonly name: string; readonly psnr: number } {
  return Object.entries(reached).reduce(
    (best, [name, value]) =>
      name !== 'default' && value && Math.min(PERFECT, value.psnr) > best.psnr
        ? { name, psnr: Math.min(PERFECT, value.psnr) }
        : best,
    { name: 'none', psnr: Number.NEGATIVE_INFINITY },
  );
}

/** Default minus the best of the others, dB, each at most {@link PERFECT}; NaN where one of the two is missing. */
export function aheadOf(row: Pick<MatrixRow, 'reached'>): number {
  const { psnr } = bestOther(row);
  const ours = row.reached.default;
  return ours && Number.isFinite(psnr) ? Math.min(PERFECT, ours.psnr) - psnr : Number.NaN;
}

function batchOf(dataset: Dataset, { batch: size, labels, split }: MatrixRow, seed: number, classes: number): Batch {
  const batch = dataset.batch({ size, seed, split, ...(size > 1 && { labels: 'distinct' as const }) });
  if (labels === 'distinct') return batch;
  // as many labels as half the images: every label twice
  const few = permutation(classes, seed).slice(0, Math.ceil(size / 2));
  return { ...batch, labels: Int32Array.from({ length: size }, (_, i) => few[i % few.length]!) };
}

/** What an attack reaches, with what the server could measure of it; null where it does not apply. */
export async function attacked(
  observation: Observation,
  batch: Batch,
  { attack, options = {} }: Entry,
  signs: (result: Reconstruction) => Promise<Signs>,
): Promise<Reached | null> {
  try {
    const result = await attackBy(attack)(observation, options);
    const { psnr, ssim, match } = await score(batch, result, { lpips: false });
    const { settings, closures, seconds } = result;
    const measured = await signs(result);
    const { race, method } = settings as { race?: unknown; method?: string };
    return {
      psnr: rounded(mean(psnr)),
      ssim: ssim.map(rounded),
      left: rounded(measured.left),
      signs: placed(measured, match),
      ...(race !== undefined && { method }),
      closures,
      seconds: rounded(seconds),
    };
  } catch {
    return null;
  }
}

/** Signs of each picture in the order of the private images. */
function placed(signs: Signs, match: readonly number[]): Signs {
  const each = (values: readonly number[]) => match.map((at) => rounded(values[at]!));
  const { roughness, grain, contrast, left, coarse, bits } = signs;
  return {
    ...signs,
    ...(signs.decided !== undefined && { decided: rounded(signs.decided) }),
    left: rounded(left),
    coarse: rounded(coarse),
    bits: rounded(bits),
    roughness: each(roughness),
    grain: each(grain),
    contrast: each(contrast),
  };
}

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
