import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { alone, text, whole, word, words } from '../core/option-table.js';
import { integer, numeric, oneOf } from '../core/options.js';
import { openDataset } from '../data/index.js';
import { lpipsFunction, SCORE_NOTE } from '../metrics/index.js';
import { parseObfuscation } from '../obfuscation/index.js';
import type { QualityPreset, QualityRow, QualitySetting } from '../studies/quality.js';
import { QUALITY_PRESETS, QUALITY_SETTINGS, quality } from '../studies/quality.js';
import { calibrate } from './calibrate.js';
import { said } from './flags.js';
import { longRun } from './long-run.js';
import { MATRIX_ATTACKS, matrix } from './matrix.js';

const LPIPS_NETS = ['alex', 'squeeze', 'vgg'] as const;
const NAMES = Object.keys(QUALITY_SETTINGS) as QualitySetting[];

const TOLD = {
  about: 'mean scores of the attacks on test images',
  flags: {
    seed: whole('chooses images, initialisations and noise', 1, { from: 0 }),
    data: text('cifar10 (default), scenes, folder:DIR', 'NAME'),
    images: whole('images per row', 24),
    batch: text('batch sizes (default 1,4)', 'LIST'),
    only: text(`settings, of ${NAMES.join(', ')}`, 'LIST'),
    phi: text('any phi in the short form instead, e.g. quantize:4,topk:0.9+fp16', 'LIST'),
    preset: words(
      `of ${QUALITY_PRESETS.join(', ')} (default default,paper); restored is default with postprocessing`,
      QUALITY_PRESETS,
    ),
    classes: whole("outputs of the networks; more than the data set's: labels are distinct numbers below N"),
    iterations: whole("iterations of every attack (default each attack's own: thousands for the earlier ones)"),
    lpips: word('also LPIPS (downloads the official weights once; alex by itself when they are there)', LPIPS_NETS),
    workers: whole('attacks at a time (default one per core)'),
    json: alone('one JSON line per row'),
    matrix: alone('instead: networks x phi x batch x labels x steps, the default beside all of ours; resumable'),
    sample: whole('of the matrix: so many cells, drawn by the seed; --only LIST: cells that contain these words'),
    attacks: words('of the matrix: which attacks (default all)', MATRIX_ATTACKS),
    redo: words('of the matrix: attacks that are run again', MATRIX_ATTACKS),
    split: word('of the matrix: which images', ['test', 'train'], 'test'),
    out: text('of the matrix: rows as JSON (default results/matrix.json)', 'FILE'),
    calibrate: text(
      "instead: fits the confidence on the matrix's rows in FILE, and says how well it holds on each network when " +
        'fitted on the others',
      'FILE',
    ),
    against: text('of the calibration: and on the rows of another file', 'FILE'),
  },
};

/** `roglab quality`: prints the quality table. */
export async function command(args: string[]): Promise<number> {
  const values = said('quality', TOLD, args);
  if (!values) return 0;
  if (values.calibrate !== undefined) {
    calibrate(values.calibrate, values.against);
    return 0;
  }
  if (values.matrix) {
    await matrix(values);
    return 0;
  }
  const list = (text: string): string[] => text.split(',').map((word) => word.trim());
  if (values.phi !== undefined && values.only !== undefined)
    throw problem('roglab quality', '--phi and --only name the same rows', undefined, 'leave one out');
  const settings = values.phi
    ? list(values.phi).map((phi) => ({ setting: phi, phi: parseObfuscation(phi) }))
    : list(values.only ?? NAMES.join()).map((name) => oneOf('roglab quality', '--only', name, NAMES));
  const batches = list(values.batch ?? '1,4').map((size) => integer('roglab quality', '--batch', numeric(size), 1));
  const data = await openDataset(values.data, values.data?.startsWith('folder:') ? { size: 32 } : {});
  if (data.notice) console.error(data.notice);
  if (data.sizes.test < 1) throw problem('quality', 'the data set has no test images', data.name);
  const { seed, images, classes, iterations, workers, lpips = 'auto' } = values;
  if (lpips !== 'auto') await lpipsFunction({ net: lpips }); // no weights: say so before the attacks, not after
  const say = process.stderr.isTTY ? (text: string) => process.stderr.write(`\r\x1b[K${text}`) : undefined;
  const presets = values.preset ?? (['default', 'paper'] as const);
  const parts = settings.flatMap((setting) =>
    batches.flatMap((batch) =>
      presets.map((preset) => {
        const row = { setting: typeof setting === 'string' ? setting : setting.setting, batch, preset };
        return [nameOf(row), secondsOf(row, { images, iterations, workers })] as const;
      }),
    ),
  );
  const run = longRun(new Map(parts), 'the seconds of one attack on one of our cores');
  if (run.line) console.error(run.line);
  if (!values.json) console.log(HEADER);
  await quality(data, {
    settings,
    presets,
    batches,
    images,
    seed,
    classes: classes && integer('roglab quality', '--classes', classes, data.classNames.length),
    iterations,
    scoring: { lpips },
    workers,
    onProgress: say && ((text) => say(text + run.left())),
    onRow: (row) => {
      run.ended(nameOf(row));
      say?.('');
      console.log(values.json ? JSON.stringify({ data: data.name, ...row }) : line(row));
    },
  });
  if (!values.json) console.log(FOOTER);
  return 0;
}

type RowName = Pick<QualityRow, 'setting' | 'batch' | 'preset'>;

const nameOf = ({ setting, batch, preset }: RowName): string => [setting, batch, preset].join();

/** Seconds of an image's share in an attack with the preset's own iterations, and these iterations. */
const TIMES: Readonly<Record<QualityPreset, readonly [seconds: number, iterations: number]>> = {
  default: [3, 200],
  paper: [1.2, 100],
  restored: [0.1, 1],
  'closed-form': [3, 200],
  'inverting-gradients': [70, 4800],
  'grad-inversion': [290, 20000],
  dlg: [20, 1200],
  idlg: [5, 300],
};

/** What a row is expected to take, in seconds. */
function secondsOf(
  { setting, preset }: RowName,
  asked: { readonly images: number; readonly iterations?: number; readonly workers?: number },
): number {
  const { images, iterations, workers = cores() } = asked;
  const [seconds, own] = TIMES[preset];
  const share = iterations === undefined || preset === 'restored' ? 1 : iterations / own;
  const steps = setting === 'fedavg5' ? 5 : 1;
  return (images * seconds * share * steps) / Math.min(workers, cores());
}

const HEADER = 'setting    batch  preset               PSNR dB   SSIM  feat.dist  class  images  closures  s/attack';

/** Says what the columns are, under the table. */
const FOOTER = `feat.dist: feature distance, lower is better; class: same class.\n${SCORE_NOTE}`;

const line = (row: QualityRow): string => {
  const { setting, batch, preset, psnr, ssim, featureDistance, agreement, images, closures, seconds } = row;
  return [
    setting.padEnd(10),
    String(batch).padStart(5),
    ` ${preset.padEnd(19)}`,
    psnr.toFixed(2).padStart(8),
    ssim.toFixed(3).padStart(6),
    featureDistance.toFixed(2).padStart(10),
    `${(100 * agreement).toFixed(0)} %`.padStart(6),
    String(images).padStart(7),
    String(closures).padStart(9),
    seconds.toFixed(1).padStart(9),
    row.lpips === undefined ? '' : ` LPIPS ${row.lpips.toFixed(3)}`,
  ].join(' ');
};
