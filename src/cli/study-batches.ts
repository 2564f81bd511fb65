import { join, resolve } from 'node:path';
import { checkPlace, writeAtomic } from '../assets/index.js';
import { mean } from '../core/numbers.js';
import { text, whole, words } from '../core/option-table.js';
import { runSweep, type SweepDefinition, sweepTable, sweepView } from '../sweeps/index.js';
import { said } from './flags.js';
import { projectRoot } from './root.js';
import { stopped, stopSignal } from './stop.js';
import { trainedLenet } from './trained-lenet.js';

/** Two initialisations take turns, so that no batch is attacked twice. */
const turns = (batches: number): Pick<SweepDefinition, 'networks' | 'images' | 'exclude'> => {
  const all = Array.from({ length: batches }, (_, image) => image);
  const ofTurn = (turn: number): number[] => all.filter((image) => image % 2 === turn);
  const seeds = batches > 1 ? [1, 2] : [1];
  return {
    networks: seeds.map((seed) => ({ name: 'lenet', seed })),
    images: batches,
    ...(batches > 1 && {
      exclude: seeds.map((seed) => ({ networks: { name: 'lenet', seed }, images: ofTurn(seed % 2) })),
    }),
  };
};

type Row = Pick<SweepDefinition, 'networks' | 'images' | 'exclude' | 'phi' | 'batch' | 'client'>;
const row = (batch: number, phi: string, batches = 6, more: Partial<Row> = {}): Row => ({
  ...turns(batches),
  batch,
  phi,
  ...more,
});

const ASKED = { labels: 'infer', attacks: 'rog' } as const;

/** Six batches of one network; LeNet, unless the row says otherwise. */
const ONE = { networks: { name: 'lenet', seed: 1 }, images: 6 };

/** Batches whose labels repeat as they come; batches of four by chance only. */
const ROWS = {
  '4-none': row(4, 'none', 8),
  '8-none': row(8, 'none'),
  '16-none': row(16, 'none'),
  '8-3bit': row(8, 'quantize:3'),
  '8-topk': row(8, 'topk:0.95'),
  '16-3bit': row(16, 'quantize:3'),
  '16-sign': row(16, 'sign'),
  '16-noise': row(16, 'noise:-10'),
  '16-fedavg': row(16, 'none', 6, { client: { localSteps: 5, learningRate: 0.003 } }),
  '8-noise-0': row(8, 'noise:0'),
  '8-noise-10': row(8, 'noise:10'),
  '8-noise-20': row(8, 'noise:20'),
  '32-none': row(32, 'none'),
  '64-none': row(64, 'none', 1),
  '8-vgg7-none': { ...ONE, batch: 8, phi: 'none', networks: { name: 'vgg7', seed: 1 } },
  '8-trained-none': { ...ONE, batch: 8, phi: 'none' },
  '8-trained-3bit': { ...ONE, batch: 8, phi: 'quantize:3' },
} satisfies Record<string, Row>;
type RowName = keyof typeof ROWS;
const NAMES = Object.keys(ROWS) as RowName[];

export const BATCHES = {
  about: 'rog() on batches whose labels repeat and are inferred, raw pictures',
  flags: {
    data: text('cifar10 (default), cifar10:DIR, scenes', 'NAME'),
    only: words(`rows, separated by ";" (default all): ${NAMES.join('; ')}`, NAMES, ';'),
    workers: whole('attacks at a time (default one per core); the numbers do not depend on it', undefined, { to: 256 }),
    out: text('where finished attacks and batches.json go (default results); a killed study goes on from there', 'DIR'),
  },
};

/** `roglab study batches`: one line a row; DIR/batches.json holds the rows that are finished, with every batch. */
export async function batchesCommand(args: string[]): Promise<number> {
  const flags = said('study batches', BATCHES, args);
  if (!flags) return 0;
  const { only, workers } = flags;
  const out = resolve(flags.out ?? join(projectRoot(), 'results'));
  await checkPlace('roglab study batches', join(out, 'batches'), 2 ** 24);
  const signal = stopSignal();
  const found: BatchesRow[] = [];
  for (const name of NAMES) {
    const folder = join(out, 'batches', name);
    const source = flags.data ?? 'cifar10';
    if (!only || only.includes(name)) {
      const weights = name.includes('trained') && (await trainedLenet(source, join(out, 'batches'), signal));
      if (signal.aborted) return stopped(join(out, 'batches'));
      const definition = {
        ...ASKED,
        name,
        data: source,
        ...ROWS[name],
        ...(weights && { networks: { ...ONE.networks, weights } }),
      } as const;
      await runSweep(definition, { folder, signal, onProgress: sweepView(), ...(workers && { workers }) });
      if (signal.aborted) return stopped(join(out, 'batches'));
    }
    const rows = (await sweepTable(folder)).objects() as ImageRow[];
    if (rows.length === 0) continue;
    found.push(summary(name, rows));
    console.log(lineOf(found.at(-1)!));
    const { data, version } = rows[0]!;
    const read = data.replace(/ [\d,]+$/, ''); // without the positions of the first batch
    const text = { command: 'npm run study -- batches', data: read, version, rows: found };
    await writeAtomic(join(out, 'batches.json'), `${JSON.stringify(text, null, 1)}\n`);
  }
  return 0;
}

interface ImageRow {
  readonly id: string;
  readonly data: string;
  readonly version: string;
  readonly phi: string;
  readonly batch: number;
  readonly networkSeed: number;
  readonly image: number;
  readonly label: number;
  readonly labelFound: number;
  readonly psnr: number;
  readonly ssim: number;
  readonly seconds: number;
}

/** Means over images; `share`: of images over 20 dB; `wrong`: labels that the attack counted wrong. */
interface Numbers {
  readonly psnr: number;
  readonly ssim: number;
  readonly share: number;
  readonly wrong: number;
  readonly seconds: number;
}
interface BatchesRow extends Numbers {
  readonly row: string;
  readonly phi: string;
  readonly batch: number;
  readonly batches: readonly (Numbers & { readonly networkSeed: number; readonly image: number })[];
}

/** Images of a batch whose label the attack counted wrong; which picture got which label is the matching's matter. */
const miscounted = (rows: readonly ImageRow[]): number => {
  const left = rows.map(({ labelFound }) => labelFound);
  for (const { label } of rows) {
    const at = left.indexOf(label);
    if (at >= 0) left.splice(at, 1);
  }
  return left.length;
};

const numbersOf = (rows: readonly ImageRow[]): Numbers => ({
  psnr: mean(rows.map(({ psnr }) => psnr)),
  ssim: mean(rows.map(({ ssim }) => ssim)),
  share: mean(rows.map(({ psnr }) => Number(psnr > 20))),
  wrong: [...new Set(rows.map(({ id }) => id))].reduce(
    (sum, id) => sum + miscounted(rows.filter((one) => one.id === id)),
    0,
  ),
  seconds: mean(rows.map(({ seconds }) => seconds)),
});

function summary(name: RowName, rows: readonly ImageRow[]): BatchesRow {
  const { phi, batch } = rows[0]!;
  const batches = [...new Set(rows.map(({ id }) => id))].map((id) => {
    const part = rows.filter((one) => one.id === id);
    return { networkSeed: part[0]!.networkSeed, image: part[0]!.image, ...numbersOf(part) };
  });
  return { row: name, phi, batch, ...numbersOf(rows), batches };
}

const lineOf = ({ row, psnr, ssim, share, wrong, seconds, batches }: BatchesRow): string =>
  `${row.padEnd(12)} ${psnr.toFixed(1)} dB  ${ssim.toFixed(2)}  ${(100 * share).toFixed(0)} % over 20 dB  ` +
  `${batches.length} batches, ${wrong} labels wrong, ${seconds.toFixed(0)} s each; seeds of network and batch ` +
  batches.map(({ networkSeed, image }) => `${networkSeed}:${image}`).join(' ');
