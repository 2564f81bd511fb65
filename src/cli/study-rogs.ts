import { join, resolve } from 'node:path';
import { checkPlace, writeAtomic } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { mean } from '../core/numbers.js';
import { alone, text, whole, words } from '../core/option-table.js';
import { counted } from '../core/units.js';
import { openDataset } from '../data/index.js';
import { start } from '../engine/index.js';
import { plusMinus as pm } from '../figures/index.js';
import { shippedGenerator } from '../models/index.js';
import {
  SEMANTIC_METHODS,
  SEMANTIC_SETTINGS,
  type SemanticRow,
  type SemanticSettingName,
  semanticResults,
  semanticStudy,
  semanticSummary,
  semanticText,
} from '../studies/index.js';
import { said } from './flags.js';
import { longRun } from './long-run.js';
import { projectRoot } from './root.js';
import { stopped, stopSignal } from './stop.js';

const NAMES = Object.keys(SEMANTIC_SETTINGS) as SemanticSettingName[];

export const ROGS = {
  about: 'ROGS beside raw ROG, restored ROG and a drawn picture of the label, scored by what the pictures say',
  flags: {
    images: whole('private images per setting', 48),
    data: text('cifar10 (default), cifar10:DIR, scenes', 'NAME'),
    only: words(`settings, separated by ";" (default all): ${NAMES.join('; ')}`, NAMES, ';'),
    seed: whole('images, initialisations, phi and starts', 1, { from: 0 }),
    raw: alone('make the raw reconstructions only'),
    out: text('where finished batches and rogs.json go (default results); a killed study goes on from there', 'DIR'),
  },
};

/** `roglab study rogs`: attacks, prints one block per setting and writes DIR/rogs.json. */
export async function rogsCommand(args: string[]): Promise<number> {
  const flags = said('study rogs', ROGS, args);
  if (!flags) return 0;
  const { images, seed, only } = flags;
  const out = resolve(flags.out ?? join(projectRoot(), 'results'));
  await checkPlace('roglab study rogs', join(out, 'rogs'), 2 ** 24);
  const data = await openDataset(flags.data);
  if (data.notice) console.error(data.notice);
  if (data.imageShape[0] !== 32)
    throw problem('roglab study rogs', 'the generator makes 32x32 pictures', data.imageShape);
  console.log((await start({ threads: 1 })).line);
  const signal = stopSignal();
  const rows: SemanticRow[] = [];
  const settings = only ?? NAMES;
  const run = longRun(await expected(settings, images), 'the seconds of data/results/rogs.json');
  if (run.line) console.error(run.line);
  for (const setting of settings) {
    const found = await semanticStudy(data, {
      settings: [setting],
      images,
      seed,
      folder: join(out, 'rogs'),
      signal,
      ...(!flags.raw && { generator: await shippedGenerator() }),
      onProgress: (text) => console.error(text + run.left()),
    });
    if (signal.aborted) return stopped(join(out, 'rogs'));
    rows.push(...found);
    run.ended(setting);
    if (found.length > 0) print(setting, found);
  }
  if (flags.raw) return 0;
  const chosen = only ? ` --only "${only.join(';')}"` : '';
  const command = `npm run study -- rogs --images ${images} --seed ${seed}${chosen}`;
  const results = { data: data.source, command, seed, summary: semanticSummary(rows), rows };
  await writeAtomic(join(out, 'rogs.json'), semanticText(results));
  return 0;
}

/** Seconds of each setting, by the rows that come with the package. */
async function expected(settings: readonly SemanticSettingName[], images: number): Promise<Map<string, number>> {
  const { rows } = await semanticResults();
  const secondsOf = (name: SemanticSettingName): number => {
    const each = rows.filter(({ setting }) => setting === name).map(({ seconds }) => seconds.raw + seconds.rogs);
    return mean(each) * Math.ceil(images / SEMANTIC_SETTINGS[name].batch);
  };
  return new Map(settings.map((name) => [name, secondsOf(name)]));
}

function print(setting: string, rows: readonly SemanticRow[]): void {
  const { methods, against } = semanticSummary(rows)[0]!;
  console.log(`${setting}: ${counted(rows.length, 'image')}`);
  for (const method of SEMANTIC_METHODS) {
    const { jaccard, agreement, rank, medianRank, first, topTen, psnr } = methods[method];
    console.log(
      `  ${method.padEnd(11)} Jaccard ${pm(jaccard)}, same class ${pm(agreement)}, rank ${pm(rank, 0)} ` +
        `(median ${medianRank}), first ${pm(first)}, top ten ${pm(topTen)}, ${psnr.mean.toFixed(1)} dB`,
    );
  }
  for (const [method, { jaccard, rankRatio }] of Object.entries(against))
    console.log(
      `  against ${method.padEnd(10)}: Jaccard ${pm(jaccard)}, its rank over ours ${rankRatio.mean.toFixed(1)} ` +
        `(${rankRatio.low.toFixed(1)} to ${rankRatio.high.toFixed(1)})`,
    );
}
