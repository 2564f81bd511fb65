import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkPlace, writeAtomic } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { alone, text, whole, word } from '../core/option-table.js';
import { oneOf } from '../core/options.js';
import { counted } from '../core/units.js';
import { openDataset } from '../data/index.js';
import { start } from '../engine/index.js';
import type { DpProfile, DpProfileName, DpResult } from '../studies/dp/index.js';
import {
  adoptRows,
  DP_PROFILES,
  dpBudgets,
  dpFailed,
  dpFinished,
  dpStudy,
  keptBudgets,
  ROW_SETS,
} from '../studies/dp/index.js';
import { helpText, said } from './flags.js';
import { longRun, storedJson } from './long-run.js';
import { projectRoot } from './root.js';
import { stopped, stopSignal } from './stop.js';
import { BATCHES, batchesCommand } from './study-batches.js';
import { ROGS, rogsCommand } from './study-rogs.js';

const ROWS = [...DP_PROFILES.paper.rows.map(({ id }) => id), 'budgets'];

const TOLD = {
  about: 'accuracy and leakage of federated training under noise and other defences',
  flags: {
    profile: word(
      'quick takes minutes, paper (noise on the uploads) hours, steps (noise inside the steps) a day, steps-short ' +
        '(the same with a narrower network and fewer steps) an hour',
      Object.keys(DP_PROFILES) as DpProfileName[],
      'quick',
    ),
    data: text('cifar10 (default), cifar10:DIR, scenes', 'NAME'),
    only: text(
      `rows by name, separated by ";" (default all): ${ROWS.join('; ')}; of steps too: talk, Table 1's four`,
      'LIST',
    ),
    workers: whole('clients and attacks at a time (default one per core); the numbers do not depend on it'),
    out: text('where checkpoints and results go (default results); a killed study goes on from there', 'DIR'),
    stored: alone('the rows that come with the package, made with the same settings, count as finished'),
    fresh: alone('start again'),
  },
};

const HELPS: Readonly<Record<string, string>> = {
  dp: helpText('study dp', TOLD),
  rogs: helpText('study rogs', ROGS),
  batches: helpText('study batches', BATCHES),
};

/** `roglab study dp`: trains, attacks, prints one line per row and writes DIR/dp-PROFILE.json. */
export async function command([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || args.includes('--help')) {
    console.log(HELPS[name ?? ''] ?? Object.values(HELPS).join('\n\n'));
    return name === undefined ? 2 : 0;
  }
  const study = oneOf('roglab study', 'the study', name, ['dp', 'rogs', 'batches']);
  if (study === 'rogs') return rogsCommand(args);
  if (study === 'batches') return batchesCommand(args);
  const flags = said('study dp', TOLD, args);
  if (!flags) return 0;
  const { profile, workers } = flags;
  const out = resolve(flags.out ?? join(projectRoot(), 'results'));
  const folder = join(out, `dp-${profile}`);
  await checkPlace('roglab study', folder, STUDY_BYTES);
  const data = await openDataset(flags.data);
  if (data.notice) console.error(data.notice);
  if (data.sizes.train < 1) throw problem('roglab study', 'the data set has no training images', data.name);
  if (flags.fresh) await rm(folder, { recursive: true, force: true });
  if (flags.stored) await adoptRows(storedRows(profile), data, { profile: DP_PROFILES[profile], folder });
  console.log((await start(workers === 1 ? { threads: 1 } : {})).line);
  console.log(HEADER);
  const signal = stopSignal();
  const say = process.stderr.isTTY ? (text: string) => process.stderr.write(`\r\x1b[K${text}`) : undefined;
  let failed = 0;
  const only = flags.only?.split(';').flatMap((id) => ROW_SETS[id.trim()] ?? id.trim());
  const run = longRun(expected(profile, only), `the minutes of ${STORED[profile] ?? 'our own run'}`);
  if (run.line) console.error(run.line);
  const tell = say ?? logger();
  const options = {
    profile: DP_PROFILES[profile] as DpProfile,
    folder,
    signal,
    onProgress: (text: string) => tell(text + run.left()),
    ...(workers && { workers }),
    ...(only && { only: only.filter((id) => id !== SWEEP) }),
    onRow: (row: DpResult) => {
      run.ended(row.id);
      say?.('');
      console.log(line(row));
    },
    onFailed: (id: string, error: Error) => {
      failed++;
      run.ended(id);
      say?.('');
      console.error(`${id}: ${error.message}`);
    },
  };
  await dpStudy(data, options);
  const rows = await dpFinished(data, options);
  const sweeps = !signal.aborted && (!only || only.includes(SWEEP));
  const budgets = (sweeps ? await dpBudgets(data, options) : await keptBudgets(data, options)) ?? [];
  const failures = await dpFailed(data, options);
  const text = JSON.stringify({ profile, data: data.source, rows, failures, budgets }, null, 1);
  await writeAtomic(join(out, `dp-${profile}.json`), `${text}\n`);
  if (failed > 0) console.error(`${counted(failed, 'row')} failed; the others are in ${out}`);
  return signal.aborted ? stopped(folder) : Math.min(failed, 1);
}

/** Where the package has the rows of a profile. */
const STORED: Readonly<Record<string, string | undefined>> = {
  paper: 'results/dp.json',
  steps: 'results/dp-steps.json',
  'steps-short': 'results/dp-steps-short.json',
};

const storedRows = (profile: DpProfileName): readonly DpResult[] => {
  const file = STORED[profile];
  return file ? (storedJson(file) as { readonly rows: readonly DpResult[] }).rows : [];
};

/** A row of the quick profile, of which no results are kept. */
const QUICK_SECONDS = 15;

/** Seconds of each row that is asked for. */
function expected(profile: DpProfileName, only?: readonly string[]): Map<string, number> {
  const asked = DP_PROFILES[profile].rows.filter(({ id }) => only?.includes(id) ?? true);
  const minutes = new Map(storedRows(profile).map((row) => [row.id, row.minutes]));
  return new Map(asked.map(({ id }) => [id, STORED[profile] ? 60 * (minutes.get(id) ?? Number.NaN) : QUICK_SECONDS]));
}

/** Checkpoints and weights of a row. */
const STUDY_BYTES = 2 ** 24;

/** The sweep of epsilon against leakage, among the names of `--only`. */
const SWEEP = 'budgets';

/** Without a terminal: one line a minute. */
function logger(): (text: string) => void {
  let last = 0;
  return (text) => {
    if (performance.now() - last < 60_000) return;
    last = performance.now();
    console.error(text);
  };
}

const HEADER =
  'row                          accuracy  bits/entry   epsilon  PSNR at the start -> end (best attack)  minutes';

function line({ id, accuracy, bitsPerEntry, epsilon, leakage, minutes }: DpResult): string {
  const best = (round: number): string =>
    Math.max(...leakage.filter((one) => one.round === round).map(({ psnr }) => psnr)).toFixed(1);
  const rounds = leakage.map(({ round }) => round);
  return [
    id.padEnd(28),
    `${(100 * accuracy).toFixed(1)} %`.padStart(8),
    bitsPerEntry.toFixed(2).padStart(11),
    (epsilon === null ? '-' : epsilon.toPrecision(3)).padStart(9),
    (rounds.length > 0 ? `${best(Math.min(...rounds))} -> ${best(Math.max(...rounds))} dB` : '-').padStart(39),
    minutes.toFixed(1).padStart(8),
  ].join(' ');
}
