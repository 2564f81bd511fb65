import { offers } from '../attacks/needs.js';
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

/** A cell that was attacked: mean PSNR in dB of the default and of each of our attacks that applies; null: it failed. */
export interface MatrixRow extends Cell {
  readonly seed: number;
  readonly data: string;
  readonly psnr: Readonly<Record<string, number | null>>;
  /** default minus the best of the others, dB. */
  readonly ahead: number;
  readonly seconds: number;
}

/** Every cell: twelve networks, seven phi, batches of 1, 4 and one per class, distinct or repeated labels, 1 or 5 local steps. */
export const matrixCells = (classes: number): Cell[] =>
  (Object.keys(ZOO) as ZooName[]).flatMap((network) =>
    PHIS.flatMap((phi) =>
      [1, 4, classes].flatMap((batch) =>
        (['distinct', 'repeated'] as const)
          .filter((labels) => batch > 1 || labels === 'distinct')
          .flatMap((labels) => ([1, 5] as const).map((localSteps) => ({ network, phi, batch, labels, localSteps }))),
      ),
    ),
  );

/** What the default is compared with. The field's slow attacks get as many closures as the default, or they would take days. */
const OTHERS: Readonly<Record<string, { readonly attack: AttackName; readonly options?: AttackOptions }>> = {
  matching: { attack: 'rog', options: { method: 'matching' } },
  squares: { attack: 'rog', options: { objective: 'l2' } },
  'closed-form': { attack: 'closedForm' },
  analytic: { attack: 'analytic' },
  idlg: { attack: 'idlg', options: { iterations: 400 } },
  'inverting-gradients': { attack: 'invertingGradients', options: { iterations: 400, defenseAware: true } },
};

/** Attacks one cell with the default and with all of ours that apply. */
export async function matrixRow(dataset: Dataset, cell: Cell, seed: number): Promise<MatrixRow> {
  const began = performance.now();
  const own = deriveSeed(seed, JSON.stringify(cell)) % 1_000_000;
  const classes = dataset.classNames.length;
  const model = ZOO[cell.network]({ imageShape: dataset.imageShape, classes, seed: own });
  const batch = batchOf(dataset, cell, own, classes);
  const { phi, localSteps } = cell;
  const observation = await observeCase(model, batch, { phi, localSteps, learningRate: 0.003, seed: own });
  const psnr: Record<string, number | null> = { default: await reached(observation, batch, 'rog', {}) };
  for (const [name, { attack, options = {} }] of Object.entries(OTHERS))
    if (offers(observation, NEEDS[attack])) psnr[name] = await reached(observation, batch, attack, options);
  const { default: ours, ...others } = psnr;
  const best = Math.max(...Object.values(others).map((value) => value ?? Number.NEGATIVE_INFINITY));
  const seconds = (performance.now() - began) / 1000;
  return { ...cell, seed, data: dataset.name, psnr, ahead: (ours ?? 0) - best, seconds };
}

function batchOf(dataset: Dataset, { batch: size, labels }: Cell, seed: number, classes: number): Batch {
  const batch = dataset.batch({ size, seed, ...(size > 1 && { labels: 'distinct' as const }) });
  if (labels === 'distinct') return batch;
  // as many labels as half the images: every label twice
  const few = permutation(classes, seed).slice(0, Math.ceil(size / 2));
  return { ...batch, labels: Int32Array.from({ length: size }, (_, i) => few[i % few.length]!) };
}

async function reached(
  observation: Observation,
  batch: Batch,
  attack: AttackName,
  options: AttackOptions,
): Promise<number | null> {
  let result: Reconstruction;
  try {
    result = await attackBy(attack)(observation, options);
  } catch {
    return null;
  }
  const { psnr } = await score(batch, result, { lpips: false });
  return psnr.reduce((sum, value) => sum + value, 0) / psnr.length;
}
