import { canonical } from '../canonical.js';
import type { CellJob, CellResult } from '../types.js';

/** One private image of one cell, flat: a row of the table. */
export type SweepRow = Readonly<Record<string, string | number | null>>;

type Kind = 'STRING' | 'INT32' | 'DOUBLE';

type Job = Omit<CellJob, 'id'>;

const wordOf = (setting: unknown): string => (typeof setting === 'string' ? setting : canonical(setting));

/** What a cell was, as columns. */
const SETTINGS: Readonly<Record<string, readonly [Kind, (job: Job) => unknown]>> = {
  network: ['STRING', ({ network }) => network.name],
  networkSeed: ['DOUBLE', ({ network }) => network.seed],
  weights: ['STRING', ({ network }) => network.weights],
  classes: ['INT32', ({ network }) => network.classes],
  data: ['STRING', ({ data }) => data],
  phi: ['STRING', ({ phi }) => phi],
  batch: ['INT32', ({ batch }) => batch],
  labels: ['STRING', ({ labels }) => labels],
  localSteps: ['INT32', ({ client }) => client.localSteps],
  learningRate: ['DOUBLE', ({ client }) => client.learningRate],
  miniBatch: ['INT32', ({ client }) => client.miniBatch],
  epochs: ['INT32', ({ client }) => client.epochs],
  optimizer: ['STRING', ({ client }) => client.optimizer && wordOf(client.optimizer)],
  order: ['STRING', ({ client }) => client.order],
  schedule: ['STRING', ({ client }) => client.schedule && wordOf(client.schedule)],
  privacy: ['STRING', ({ client }) => client.privacy && canonical(client.privacy)],
  attack: ['STRING', ({ attack }) => attack.name],
  attackOptions: ['STRING', ({ attack }) => canonical(attack.options)],
  seed: ['DOUBLE', ({ seed }) => seed],
  image: ['INT32', ({ image }) => image],
};

/** Numbers of a private image; the first is its place in the batch. */
const IMAGE: Readonly<Record<string, Kind>> = {
  position: 'INT32',
  label: 'INT32',
  labelFound: 'INT32',
  mse: 'DOUBLE',
  psnr: 'DOUBLE',
  ssim: 'DOUBLE',
  globalSsim: 'DOUBLE',
  featureDistance: 'DOUBLE',
  agreement: 'DOUBLE',
  jaccard: 'DOUBLE',
  lpips: 'DOUBLE',
};

const CELL: Readonly<Record<string, readonly [Kind, (result: CellResult) => unknown]>> = {
  bitsPerEntry: ['DOUBLE', ({ done }) => done!.bitsPerEntry],
  objective: ['DOUBLE', ({ done }) => done!.objective],
  closures: ['INT32', ({ done }) => done!.closures],
  digest: ['STRING', ({ done }) => done!.digest],
  version: ['STRING', ({ job }) => job.version],
  engine: ['STRING', ({ run }) => run.engine],
  worker: ['STRING', ({ run }) => run.worker],
  seconds: ['DOUBLE', ({ run }) => run.seconds],
  finished: ['DOUBLE', ({ run }) => run.finished],
};

/** Every column of the table with its Parquet type, in order. */
export const COLUMNS: Readonly<Record<string, Kind>> = {
  id: 'STRING',
  ...Object.fromEntries(Object.entries(SETTINGS).map(([name, [kind]]) => [name, kind])),
  ...IMAGE,
  ...Object.fromEntries(Object.entries(CELL).map(([name, [kind]]) => [name, kind])),
};

/** Columns that may differ between two runs of a cell; all others are the same to the bit on one machine. */
export const RUN_COLUMNS = ['engine', 'worker', 'seconds', 'finished'] as const;

const value = (of: unknown): string | number | null => (of as string | number | undefined) ?? null;

const settingsOf = (job: Job): SweepRow =>
  Object.fromEntries(Object.entries(SETTINGS).map(([name, [, read]]) => [name, value(read(job))]));

/** The rows of a finished cell, one per private image. */
export function rowsOf(result: CellResult): SweepRow[] {
  const settings = settingsOf(result.job);
  const cell = Object.fromEntries(Object.entries(CELL).map(([name, [, read]]) => [name, value(read(result))]));
  return result.done!.images.map((image) => ({
    id: result.id,
    ...settings,
    ...Object.fromEntries(Object.keys(IMAGE).map((name) => [name, value(image[name])])),
    ...cell,
  }));
}

/** A cell that cannot be had, with the reason. */
export const failureOf = ({ id, job, failed, run }: CellResult): SweepRow => ({
  id,
  ...settingsOf(job),
  error: failed!.name,
  reason: failed!.message,
  worker: run.worker,
  finished: run.finished,
});
