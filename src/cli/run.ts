import { existsSync, readdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { checkPlace } from '../assets/index.js';
import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { alone, real, text, whole, word } from '../core/option-table.js';
import { oneOf } from '../core/options.js';
import { counted, duration } from '../core/units.js';
import type { Fault, RunResult } from '../notebook/index.js';
import { growingPage, joined, notebookName, readNotebook, runNotebooks } from '../notebook/index.js';
import { said } from './flags.js';
import { projectRoot } from './root.js';
import { firstLine, lineWriter } from './run/line-writer.js';
import { liveReport } from './run/live-report.js';
import { runningTimes } from './running-times.js';
import { STOPPED } from './stop.js';

const TOLD = {
  about: 'executes notebooks/*.ipynb through the real kernel and writes the results with one index.html',
  flags: {
    notebooks: text('the folder of the notebooks (default those of roglab)', 'DIR'),
    only: text('notebooks whose name contains one of these, e.g. 02,03', 'LIST'),
    profile: word('how much each notebook computes (default quick, or ROGLAB_PROFILE)', ['quick', 'paper']),
    data: text('cifar10, scenes or folder:DIR (default what each notebook opens by itself)', 'NAME'),
    out: text('where the results go (default results)', 'DIR'),
    inPlace: alone('also write the executed notebooks back to notebooks/'),
    jobs: whole('notebooks at a time (default 2 where cores, memory and the notebooks allow it)', undefined, {
      to: 16,
    }),
    timeout: real('longest time of one cell, in seconds', 1800, { to: 1e6, open: true }),
  },
};

/** `roglab run`. Exit code 0 only when every cell of every chosen notebook ran. */
export async function command(args: string[]): Promise<number> {
  const flags = said('run', TOLD, args);
  if (!flags) return 0;
  const root = flags.notebooks === undefined ? projectRoot() : resolve(flags.notebooks);
  const profile =
    flags.profile ??
    oneOf('roglab run', 'ROGLAB_PROFILE', process.env.ROGLAB_PROFILE || 'quick', ['quick', 'paper'] as const);
  const { inPlace = false, timeout } = flags;
  const data = readData(flags.data ?? process.env.ROGLAB_DATA);
  const files = findNotebooks(flags.notebooks === undefined ? join(root, 'notebooks') : root, flags.only);
  const jobs = flags.jobs ?? usualJobs(files.length);
  const outDir = resolve(flags.out ?? join(root, 'results'));
  for (const folder of [outDir, ...(inPlace ? files.map(dirname) : [])])
    await checkPlace('roglab run', folder, PAGE_BYTES);
  const before = runningTimes(files.map(titled), profile);
  if (before) console.log(before);
  const started = performance.now();
  const total = () => duration((performance.now() - started) / 1000);
  const place = join(outDir, 'index.html');
  const page = liveReport(growingPage(place, { title: 'roglab' }), (count) =>
    [
      `${counted(count, 'notebook')} in ${total()}`,
      `profile ${profile}`,
      `data ${data?.folder ? 'from a folder' : (data?.value ?? 'as each notebook says')}`,
      `node ${process.version}`,
    ].join(' · '),
  );
  // an exit lets the kernels be stopped and their sockets removed; a bare signal does not
  process.once('SIGINT', () => {
    page.stop();
    process.exit(STOPPED);
  });
  const say = lineWriter();
  const results = await runNotebooks({
    files,
    outDir,
    root,
    timeout,
    jobs,
    inPlace,
    env: { ROGLAB_PROFILE: profile, ...(data && { ROGLAB_DATA: data.value }) },
    hide: data?.folder ? { [data.folder]: 'DATA' } : {},
    onProgress: (event) => {
      say(event);
      page.note(event);
    },
    onResult: (result) => page.add(result, files.indexOf(result.file)),
  });
  return conclude(results, total(), relative(process.cwd(), place) || place, page.end);
}

/** Two notebooks side by side use two cores better than one: much of a notebook is one thread. Each may take 4 GB. */
const usualJobs = (files: number): number => Math.max(1, Math.min(2, files, cores(), Math.floor(totalmem() / 2 ** 32)));

/** A notebook's name and its text. */
const titled = (file: string) => ({
  name: notebookName(file),
  markdown: readNotebook(file)
    .cells.filter(({ cell_type }) => cell_type === 'markdown')
    .map(({ source }) => joined(source))
    .join('\n'),
});

/** All notebooks with their outputs, and the page. */
const PAGE_BYTES = 2 ** 26;

/** The data set in the form that ROGLAB_DATA takes; relative folders are read from here, not from the notebook. */
function readData(text: string | undefined): { value: string; folder?: string } | undefined {
  if (!text) return undefined;
  const [, prefix, path] = /^(folder:)?(.*)$/s.exec(text)!;
  if (!prefix && !existsSync(text)) return { value: text };
  const folder = resolve(path!);
  if (!existsSync(folder)) throw problem('roglab run', '--data names a folder that does not exist', path);
  return { value: `${prefix ?? ''}${folder}`, folder };
}

function findNotebooks(folder: string, only: string | undefined): string[] {
  const all = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.ipynb'))
        .sort()
    : [];
  if (all.length === 0) throw problem('roglab run', `no notebooks in ${folder}`);
  const wanted = only
    ?.split(',')
    .map((part) => part.trim().replace(/\.ipynb$/, ''))
    .filter(Boolean);
  const missing = wanted?.find((part) => !all.some((file) => file.includes(part)));
  if (missing !== undefined) {
    const fix = `there are ${all.map(notebookName).join(', ')}`;
    throw problem('roglab run', `no notebook matches --only ${missing}`, undefined, fix);
  }
  return all.filter((file) => !wanted || wanted.some((part) => file.includes(part))).map((file) => join(folder, file));
}

/** Says how it went, also where the page cannot be written. */
function conclude(results: readonly RunResult[], total: string, page: string, write: () => readonly Fault[]): number {
  const problems = results.flatMap(({ name, unwritten }) => (unwritten ? [`${name}: ${unwritten}`] : []));
  let faults: readonly Fault[] = [];
  let open = '';
  try {
    faults = write();
    open = `; open ${page}`;
  } catch (error) {
    problems.push((error as Error).message);
  }
  const failed = results.filter(({ failure }) => failure);
  for (const { name, failure } of failed)
    console.error(
      failure!.cell
        ? `${name}: cell ${failure!.cell} failed: ${firstLine(failure!.message)}`
        : `${name}: ${firstLine(failure!.message)}`,
    );
  for (const { name, cell, message } of faults)
    console.error(`${name}: cell ${cell} of ${cells(results, name)} is not shown as written: ${firstLine(message)}`);
  for (const one of problems) console.error(one);
  console.log(`\n${results.length - failed.length} of ${results.length} notebooks ran in ${total}${open}`);
  return failed.length + faults.length + problems.length > 0 ? 1 : 0;
}

const cells = (results: readonly RunResult[], name: string): number =>
  results.find((result) => result.name === name)!.notebook.cells.length;
