import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkFilePlace, checkPlace } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { alone, text, whole } from '../core/option-table.js';
import { oneOf } from '../core/options.js';
import { counted } from '../core/units.js';
import { tableText } from '../report/index.js';
import {
  EXPORT_FORMATS,
  exportSweep,
  isSweepFolder,
  planSweep,
  progressLine,
  readSweep,
  reasonLines,
  runSweep,
  type Sweep,
  sweepOf,
  sweepSchema,
  sweepStatus,
  sweepView,
} from '../sweeps/index.js';
import type { QueueStatus } from '../sweeps/queue/queue-status.js';
import { helpOf, kindsOf, optionsOf, readFlags } from './flags.js';
import { STOPPED, stopSignal } from './stop.js';

const RUN = {
  redis: text(
    'hand the cells to the workers on this Redis or Valkey: redis://HOST:6379, rediss://:PASSWORD@HOST (TLS)',
    'URL',
  ),
  shared: text(
    'with --redis: images and weights go to this folder, which the workers see too, not beside the queue',
    'DIR',
  ),
  shard: text('only the i-th of n equal parts, here; no coordinator (SLURM arrays and the like)', 'i/n'),
  workers: whole('cells at a time on this machine (default one per core); the numbers do not depend on it', undefined, {
    to: 256,
  }),
  out: text('where the results go (default results/sweeps/NAME)', 'DIR'),
  retryFailed: alone('try the cells again that failed'),
  yes: alone('more than a million cells are meant'),
};

const HELP = `roglab sweep FILE: computes a grid of attacks, what is there already only once
  FILE                YAML or JSON: networks, data, phi, batch, labels, client, attacks, seeds, images;
                      exclude, zip, pictures
${helpOf(RUN)}
roglab sweep list FILE            prints the id of every cell, and its settings
roglab sweep status FILE|DIR      how far it is, speed, time left, failures by reason, workers (--watch: every
                                  two seconds)
roglab sweep status --redis URL   the sweeps on a Redis with their queues' counts, the workers that are alive (--watch)
roglab sweep resume DIR           goes on from a folder of results (flags as above)
roglab sweep export FILE|DIR [DIR ...] --to OUT.parquet|.csv|.jsonl   one file of all rows; several
                                  folders: of the shards of a sweep
roglab sweep schema               the JSON schema of FILE, for editors`;

type Action = (args: string[]) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = { list, status, resume, export: exported, schema };

/** `roglab sweep`. Exit code 0 when every cell is done, 1 when some failed, 130 when it was stopped. */
export async function command(args: string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || args.includes('--help') || first === '-h') {
    console.log(HELP);
    return first === undefined ? 2 : 0;
  }
  const action = Object.hasOwn(ACTIONS, first) ? ACTIONS[first] : undefined;
  if (action) return action(rest);
  const [file, flags] = take('sweep', args);
  return run(await readSweep(file), flags, file);
}

/** The word that an action needs, and its flags. */
function take(action: string, args: readonly string[]): [word: string, flags: string[]] {
  const [word, ...flags] = args;
  if (word === undefined || word.startsWith('--'))
    throw problem(`roglab ${action}`, 'needs a file or a folder first', word, 'see roglab sweep --help');
  return [word, flags];
}

/** The folder of results that a word means: itself, or that of the file's sweep. */
async function folderOf(word: string, out?: string): Promise<string> {
  if (out) return resolve(out);
  if (await isSweepFolder(word)) return resolve(word);
  if (!/\.(ya?ml|json)$/i.test(word)) throw problem('roglab sweep', 'there is no sweep in this folder', word);
  return resolve(join('results/sweeps', (await readSweep(word)).name));
}

async function run(sweep: Sweep, args: string[], file: string, home?: string): Promise<number> {
  const flags = optionsOf('sweep', readFlags('sweep', args, kindsOf(RUN)), RUN);
  const goal = flags.out ? resolve(flags.out) : (home ?? resolve(join('results/sweeps', sweep.name)));
  await checkPlace('roglab sweep', goal);
  if (flags.shared) await checkPlace('roglab sweep', resolve(flags.shared));
  const { folder, progress } = await runSweep(
    sweep,
    {
      ...(flags.redis && { redis: flags.redis }),
      ...(flags.shared && { shared: resolve(flags.shared) }),
      ...(flags.shard && { shard: flags.shard }),
      ...(flags.workers && { workers: flags.workers }),
      folder: goal,
      yes: flags.yes ?? false,
      retryFailed: flags.retryFailed ?? false,
      signal: stopSignal(),
      onProgress: sweepView(),
    },
    { file: resolve(file) },
  );
  console.log(folder);
  return progress.ended === 'stopped' ? STOPPED : Math.min(1, progress.failed);
}

async function resume(args: string[]): Promise<number> {
  const [word, flags] = take('sweep resume', args);
  const folder = await folderOf(word);
  const { sweep, ledger } = await sweepOf(folder);
  return run(sweep, flags, join(folder, ledger.base, 'sweep'), folder);
}

async function list(args: string[]): Promise<number> {
  const [file, rest] = take('sweep list', args);
  readFlags('sweep list', rest, {});
  const { cells } = await planSweep(await readSweep(file), resolve(file));
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  for await (const { job } of cells()) {
    const { id, network, data, phi, batch, labels, attack, seed, image } = job;
    const words = [network.name, data, phi, `batch ${batch}`, labels, attack.name, `seed ${seed}`, `image ${image}`];
    if (!process.stdout.write(`${id} ${words.join(', ')}\n`))
      await new Promise((drained) => process.stdout.once('drain', drained));
  }
  return 0;
}

async function status(args: string[]): Promise<number> {
  const kinds = { out: 'string', watch: 'boolean', redis: 'string' } as const;
  const [word, rest] = args[0]?.startsWith('--redis') ? [undefined, args] : take('sweep status', args);
  const { out, watch, redis } = readFlags('sweep status', rest, kinds);
  const folder = word === undefined ? undefined : await folderOf(word, out);
  const { queueStatus } = await import('../sweeps/queue/queue-status.js');
  for (;;) {
    const { text, ended } = folder ? await folderText(folder) : { text: '', ended: false };
    const parts = [text, ...(redis ? [queueText(await queueStatus(redis))] : [])];
    if (watch && process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
    console.log(parts.filter(Boolean).join('\n\n'));
    if (!watch || ended) return 0;
    await sleep(2000);
  }
}

const MOST_LINES = 30;

async function folderText(folder: string): Promise<{ text: string; ended: boolean }> {
  const now = await sweepStatus(folder);
  const { name, total, done, failed, workers, perMinute } = now;
  const counts = { sweep: name, cells: total, done, failed, open: total - done - failed };
  const text = [
    tableText([{ ...counts, 'a minute': perMinute.toFixed(1) }]),
    progressLine(now),
    ...reasonLines(now).map((line) => `  ${line}`),
    ...(workers.length > 0 ? ['', tableText(workers.slice(0, MOST_LINES), { digits: 1 })] : []),
  ].join('\n');
  return { text, ended: now.ended !== undefined };
}

const queueText = ({ sweeps, workers }: QueueStatus): string =>
  [
    sweeps.length > 0 ? tableText(sweeps) : 'no sweep is on this Redis',
    workers.length > 0 ? tableText(workers.slice(0, MOST_LINES)) : 'no worker is there',
  ].join('\n\n');

async function exported(args: string[]): Promise<number> {
  const [word, rest] = take('sweep export', args);
  const flagsAt = rest.findIndex((text) => text.startsWith('--'));
  const others = flagsAt < 0 ? rest : rest.slice(0, flagsAt);
  const kinds = { out: 'string', to: 'string', format: 'string' } as const;
  const { out, to, format } = readFlags('sweep export', rest.slice(others.length), kinds);
  const folders = await Promise.all([word, ...others].map((one) => folderOf(one, out)));
  const path = resolve(to ?? join(folders[0]!, `rows.${format ?? 'parquet'}`));
  const ending = format ?? /\.(\w+)$/.exec(path)?.[1] ?? '';
  const kind = oneOf('roglab sweep export', format ? '--format' : 'the ending of --to', ending, EXPORT_FORMATS);
  await checkFilePlace('roglab sweep export', path);
  const { rows, failed } = await exportSweep(folders, path, kind);
  const missing = failed ? `, and ${counted(failed, 'failed cell')} in ${path}.failed.jsonl` : '';
  console.log(`${path}: ${counted(rows, 'row')}${missing}`);
  return 0;
}

async function schema(args: string[]): Promise<number> {
  readFlags('sweep schema', args, {});
  console.log(JSON.stringify(sweepSchema(), null, 2));
  return 0;
}
