import { problem } from '../core/errors.js';
import { integer, numeric, oneOf } from '../core/options.js';
import { openDataset } from '../data/index.js';
import { lpipsFunction, SCORE_NOTE } from '../metrics/index.js';
import { parseObfuscation } from '../obfuscation/index.js';
import {
  QUALITY_PRESETS,
  QUALITY_SETTINGS,
  type QualityRow,
  type QualitySetting,
  quality,
} from '../studies/quality.js';
import { calibrate } from './calibrate.js';
import { readFlags } from './flags.js';
import { matrix } from './matrix.js';

const HELP = `roglab quality: mean scores of the attacks on test images
  --seed N       chooses images, initialisations and noise (default 1)
  --data NAME    cifar10 (default), scenes, folder:DIR
  --images N     images per row (default 24)
  --batch LIST   batch sizes (default 1,4)
  --only LIST    settings, of ${Object.keys(QUALITY_SETTINGS).join(', ')}
  --phi LIST     any phi in the short form instead, e.g. quantize:4,topk:0.9+fp16
  --preset LIST  of ${QUALITY_PRESETS.join(', ')} (default: default,paper); restored is default with postprocessing
  --classes N    outputs of the networks; more than the data set's: labels are distinct numbers below N
  --iterations N iterations of every attack (default each attack's own: thousands for the earlier ones)
  --lpips NET    also LPIPS, on alex, squeeze or vgg (downloads the official weights once;
                 alex by itself when they are there)
  --workers N    attacks at a time (default one per core)
  --json         one JSON line per row
  --matrix       instead: networks x phi x batch x labels x steps, the default beside all of ours; resumable
  --sample N     of the matrix: so many cells, drawn by the seed; --only LIST: cells that contain these words
  --attacks LIST of the matrix: which attacks (default all); --redo LIST: those that are run again
  --split NAME   of the matrix: test (default) or train images
  --out FILE     of the matrix: rows as JSON (default results/matrix.json)
  --calibrate FILE instead: fits the confidence on the matrix's rows in FILE, and says how well it holds on each network
                 when fitted on the others; --against FILE: and on the rows of another file`;

/** `roglab quality`: prints the quality table. */
export async function command(args: string[]): Promise<number> {
  const values = readFlags('quality', args, {
    seed: 'string',
    data: 'string',
    images: 'string',
    batch: 'string',
    only: 'string',
    preset: 'string',
    phi: 'string',
    iterations: 'string',
    classes: 'string',
    lpips: 'string',
    workers: 'string',
    json: 'boolean',
    matrix: 'boolean',
    sample: 'string',
    out: 'string',
    attacks: 'string',
    redo: 'string',
    split: 'string',
    calibrate: 'string',
    against: 'string',
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.calibrate !== undefined) {
    calibrate(values.calibrate, values.against);
    return 0;
  }
  if (values.matrix) {
    const { seed, data, out, sample, only, attacks, redo, split } = values;
    await matrix({ seed, data, out, sample, only, attacks, redo, split });
    return 0;
  }
  const list = (text: string): string[] => text.split(',').map((word) => word.trim());
  const whole = (name: string, text: string, low: number): number =>
    integer('quality', `--${name}`, numeric(text), low);
  const names = Object.keys(QUALITY_SETTINGS) as QualitySetting[];
  if (values.phi !== undefined && values.only !== undefined)
    throw problem('quality', '--phi and --only name the same rows', undefined, 'leave one out');
  const settings = values.phi
    ? list(values.phi).map((phi) => ({ setting: phi, phi: parseObfuscation(phi) }))
    : list(values.only ?? names.join()).map((name) => oneOf('quality', '--only', name, names));
  const presets = list(values.preset ?? 'default,paper').map((name) =>
    oneOf('quality', '--preset', name, QUALITY_PRESETS),
  );
  const numbers = {
    batches: list(values.batch ?? '1,4').map((text) => whole('batch', text, 1)),
    images: whole('images', values.images ?? '24', 1),
    seed: whole('seed', values.seed ?? '1', 0),
    iterations: values.iterations === undefined ? undefined : whole('iterations', values.iterations, 1),
    workers: values.workers === undefined ? undefined : whole('workers', values.workers, 1),
  };
  const data = await openDataset(values.data, values.data?.startsWith('folder:') ? { size: 32 } : {});
  if (data.notice) console.error(data.notice);
  if (data.sizes.test < 1) throw problem('quality', 'the data set has no test images', data.name);
  const lpips = values.lpips === undefined ? 'auto' : oneOf('quality', '--lpips', values.lpips, LPIPS_NETS);
  if (lpips !== 'auto') await lpipsFunction({ net: lpips }); // no weights: say so before the attacks, not after
  const say = process.stderr.isTTY ? (text: string) => process.stderr.write(`\r\x1b[K${text}`) : undefined;
  if (!values.json) console.log(HEADER);
  await quality(data, {
    settings,
    presets,
    ...numbers,
    classes: values.classes === undefined ? undefined : whole('classes', values.classes, data.classNames.length),
    scoring: { lpips },
    onProgress: say,
    onRow: (row) => {
      say?.('');
      console.log(values.json ? JSON.stringify({ data: data.name, ...row }) : line(row));
    },
  });
  if (!values.json) console.log(FOOTER);
  return 0;
}

const LPIPS_NETS = ['alex', 'squeeze', 'vgg'] as const;

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
