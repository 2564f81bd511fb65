import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { checkPlace } from '../assets/index.js';
import { problem } from '../core/errors.js';
import { number, numeric, oneOf } from '../core/options.js';
import {
  duration,
  type Fault,
  joined,
  notebookName,
  type RunEvent,
  type RunResult,
  readNotebook,
  runNotebooks,
  writePage,
} from '../notebook/index.js';
import { readFlags } from './flags.js';
import { projectRoot } from './root.js';
import { runningTimes } from './running-times.js';

export const summary = 'run the notebooks through the kernel and write results/';

const help = `roglab run: executes notebooks/*.ipynb through the real kernel and writes the results with one index.html

  --notebooks DIR    the folder of the notebooks (default: those of roglab)
  --only 02,03       notebooks whose name contains one of these
  --profile quick    quick (default) or paper: how much each notebook computes
  --data NAME        cifar10, scenes or folder:DIR; default: what each notebook opens by itself
  --out DIR          where the results go (default: results)
  --in-place         also write the executed notebooks back to notebooks/
  --timeout SECONDS  longest time of one cell (default 1800)`;

/** `roglab run`. Exit code 0 only when every cell of every chosen notebook ran. */
export async function command(args: string[]): Promise<number> {
  const flags = readFlags('run', args, {
    notebooks: 'string',
    only: 'string',
    profile: 'string',
    data: 'string',
    out: 'string',
    'in-place': 'boolean',
    timeout: 'string',
  });
  if (flags.help) {
    console.log(help);
    return 0;
  }
  const root = flags.notebooks === undefined ? projectRoot() : resolve(flags.notebooks);
  const profile = oneOf('roglab run', '--profile', flags.profile ?? (process.env.ROGLAB_PROFILE || 'quick'), [
    'quick',
    'paper',
  ]);
  const timeout = number('roglab run', '--timeout', numeric(flags.timeout ?? '1800'), 0, 1e6, true);
  const data = readData(flags.data ?? process.env.ROGLAB_DATA);
  const files = findNotebooks(flags.notebooks === undefined ? join(root, 'notebooks') : root, flags.only);
  const outDir = resolve(flags.out ?? join(root, 'results'));
  for (const folder of [outDir, ...(flags['in-place'] ? files.map(dirname) : [])])
    await checkPlace('roglab run', folder, PAGE_BYTES);
  // an exit lets the kernels be stopped and their sockets removed; a bare signal does not
  process.once('SIGINT', () => process.exit(130));
  const before = runningTimes(files.map(titled), profile);
  if (before) console.log(before);
  const started = performance.now();
  const results = await runNotebooks({
    files,
    outDir,
    root,
    timeout,
    inPlace: flags['in-place'] ?? false,
    env: { ROGLAB_PROFILE: profile, ...(data && { ROGLAB_DATA: data.value }) },
    hide: data?.folder ? { [data.folder]: 'DATA' } : {},
    onProgress: lineWriter(),
  });
  const total = duration((performance.now() - started) / 1000);
  const page = join(outDir, 'index.html');
  const parts = [
    `${results.length} ${results.length === 1 ? 'notebook' : 'notebooks'} in ${total}`,
    `profile ${profile}`,
    `data ${data?.folder ? 'from a folder' : (data?.value ?? 'as each notebook says')}`,
    `node ${process.version}`,
  ];
  const write = () => writePage(page, results, { title: 'roglab', subtitle: parts.join(' · ') });
  return conclude(results, total, relative(process.cwd(), page) || page, write);
}

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
  if (missing !== undefined)
    throw problem(
      'roglab run',
      `no notebook matches --only ${missing}`,
      undefined,
      `there are ${all.map(notebookName).join(', ')}`,
    );
  return all.filter((file) => !wanted || wanted.some((part) => file.includes(part))).map((file) => join(folder, file));
}

/** One line per finished cell; on a terminal one line per notebook, rewritten. */
function lineWriter(): (event: RunEvent) => void {
  const terminal = process.stdout.isTTY;
  return ({ name, state, cell, cells, seconds, stderr }) => {
    if (state === 'start' && !terminal) return;
    const what = state === 'start' ? 'starting' : state === 'done' ? `done, ${cells} cells` : `cell ${cell}/${cells}`;
    const line =
      `${name.padEnd(34)} ${what.padEnd(16)} ${seconds.toFixed(1).padStart(6)} ` +
      `s${state === 'failed' ? '  FAILED' : ''}`;
    const noise = stderr && state === 'cell' ? `  ${name} cell ${cell} wrote to stderr: ${firstLine(stderr)}` : '';
    if (!terminal) console.log([line, noise].filter(Boolean).join('\n'));
    else
      process.stdout.write(
        `${noise ? `\r\u001b[K${noise}\n` : ''}\r\u001b[K${line}${state === 'done' || state === 'failed' ? '\n' : ''}`,
      );
  };
}

const firstLine = (text: string): string => {
  const line = text.trim().split('\n')[0]!;
  return line.length > 140 ? `${line.slice(0, 139)}…` : line;
};

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
