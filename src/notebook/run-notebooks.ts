import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskProblem, makeFolder } from '../assets/files.js';
import { cores } from '../core/cores.js';
import { checkOptions, integer } from '../core/options.js';
import { settled } from '../core/settled.js';
import { type Cell, joined, type Notebook, notebookName, type Output, readNotebook, writeNotebook } from './format.js';
import { type Kernel, startKernel } from './kernel.js';
import { applyMessage, type Displays, hasUnhandled, stderrOf, withError } from './outputs.js';
import { type Scrub, scrubAll, scrubber } from './scrub.js';

/** What happened last while notebooks run. */
export interface RunEvent {
  readonly name: string;
  readonly state: 'start' | 'cell' | 'failed' | 'done';
  /** Code cells finished so far, and in all. */
  readonly cell: number;
  readonly cells: number;
  /** Since the notebook's first cell began. */
  readonly seconds: number;
  /** What the last cell wrote to stderr. */
  readonly stderr?: string;
}

/** Where a notebook failed. `cell` counts code cells from 1; 0 when the kernel did not start. */
export interface Failure {
  readonly cell: number;
  readonly message: string;
}

export interface RunResult {
  readonly file: string;
  readonly name: string;
  readonly notebook: Notebook;
  readonly seconds: number;
  readonly failure?: Failure;
  /** Why the executed notebook could not be written; the others still run. */
  readonly unwritten?: string;
  /** Code cells that wrote to stderr though they succeeded. */
  readonly noisy: readonly number[];
}

export interface RunOptions {
  readonly files: readonly string[];
  /** Executed notebooks are written here under their own names. Default: nothing is written. */
  readonly outDir?: string;
  /** Executed notebooks replace their files, where every cell ran. Default false. */
  readonly inPlace?: boolean;
  /** Added to the kernel's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Longest time of one cell in seconds. Default 1800. */
  readonly timeout?: number;
  /** The project's folder: paths under it are written relative in outputs. Default: the current folder. */
  readonly root?: string;
  /** Other folders that outputs must not name, and the word to write instead. */
  readonly hide?: Readonly<Record<string, string>>;
  readonly onProgress?: (event: RunEvent) => void;
  /** Called with each notebook as it ends, in the order of their ends. */
  readonly onResult?: (result: RunResult) => void;
  /** Notebooks at a time, 1 to 16. Default 1. With more, each gets its share of the cores (ROGLAB_CORES). */
  readonly jobs?: number;
}

/**
 * Runs notebooks in order, `jobs` at a time, each in a fresh tslab kernel, and collects what their cells show, as a
 * notebook page would. A failing cell ends its notebook; the others still run. The next kernel starts while the current
 * notebooks run.
 * @returns results in the order of the files
 * @throws an unreadable notebook, before anything runs
 */
export async function runNotebooks(options: RunOptions): Promise<RunResult[]> {
  checkOptions('runNotebooks', options, [
    ...['files', 'outDir', 'inPlace', 'env', 'timeout', 'root', 'hide', 'onProgress', 'onResult', 'jobs'],
  ]);
  const { files, outDir, inPlace = false, timeout = 1800, onProgress = () => {}, onResult = () => {} } = options;
  const jobs = integer('runNotebooks', 'jobs', options.jobs ?? 1, 1, 16);
  const share: RunOptions['env'] = jobs > 1 ? { ROGLAB_CORES: String(Math.max(1, Math.floor(cores() / jobs))) } : {};
  const env = { ...share, ...options.env };
  const root = resolve(options.root ?? '.');
  const notebooks = files.map(readNotebook);
  const scrub = scrubber(root, options.hide);
  if (outDir) await makeFolder(outDir).catch((error) => Promise.reject(diskProblem('runNotebooks', outDir, error)));
  const kernelOf = once((i) => quietly(startKernel({ cwd: dirname(resolve(files[i]!)), env })));
  const results: RunResult[] = [];
  let taken = 0;
  const lane = async (): Promise<void> => {
    while (taken < files.length) {
      const i = taken++;
      const file = files[i]!;
      const kernel = kernelOf(i);
      const startNext = (): void => void (taken < files.length && kernelOf(taken));
      kernel.then(startNext, startNext);
      const result = await runOne(file, notebooks[i]!, kernel, { timeout, scrub, onProgress });
      const places = [
        ...(outDir ? [join(outDir, `${result.name}.ipynb`)] : []),
        ...(inPlace && !result.failure ? [file] : []),
      ];
      results[i] = { ...result, ...unwritten(places, result.notebook) };
      onResult(results[i]);
    }
  };
  await settled(Array.from({ length: Math.min(jobs, files.length) }, lane));
  return results;
}

/** Each value made when it is first asked for. */
function once<T>(make: (i: number) => T): (i: number) => T {
  const made = new Map<number, T>();
  return (i) => {
    if (!made.has(i)) made.set(i, make(i));
    return made.get(i)!;
  };
}

function unwritten(places: readonly string[], notebook: Notebook): Pick<RunResult, 'unwritten'> {
  try {
    for (const place of places) writeNotebook(place, notebook);
    return {};
  } catch (error) {
    return { unwritten: (error as Error).message };
  }
}

/** The same promise, whose failure is looked at later. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

interface Setting {
  readonly timeout: number;
  readonly scrub: Scrub;
  readonly onProgress: (event: RunEvent) => void;
}

async function runOne(
  file: string,
  notebook: Notebook,
  starting: Promise<Kernel>,
  { timeout, scrub, onProgress }: Setting,
): Promise<RunResult> {
  const name = notebookName(file);
  const total = notebook.cells.filter(isCode).length;
  const cells: Cell[] = [];
  const displays: Displays = new Map();
  const noisy: number[] = [];
  let failure: Failure | undefined;
  let done = 0;
  let kernel: Kernel | undefined;
  let since = performance.now();
  const report = (state: RunEvent['state'], stderr?: string) =>
    onProgress({
      name,
      state,
      cell: done,
      cells: total,
      seconds: (performance.now() - since) / 1000,
      ...(stderr && { stderr: scrub(stderr) }),
    });
  report('start');
  try {
    kernel = await starting;
  } catch (error) {
    failure = { cell: 0, message: scrub((error as Error).message) };
  }
  since = performance.now();
  for (const cell of notebook.cells) {
    if (!isCode(cell)) cells.push(cell);
    else if (failure || !kernel) cells.push({ ...cell, execution_count: null, outputs: [] });
    else {
      const ran = await runCell(kernel, joined(cell.source), displays, timeout);
      done++;
      cells.push({ ...cell, execution_count: done, outputs: ran.outputs });
      if (ran.failure) failure = { cell: done, message: scrub(ran.failure) };
      else if (stderrOf(ran.outputs)) noisy.push(done);
      report(failure ? 'failed' : 'cell', stderrOf(ran.outputs));
    }
  }
  kernel?.stop();
  if (failure?.cell === 0) report('failed');
  else if (!failure) report('done');
  const executed = {
    ...notebook,
    cells: cells.map((cell) => (cell.outputs ? { ...cell, outputs: scrubAll(cell.outputs, scrub) } : cell)),
    metadata: {
      ...notebook.metadata,
      kernelspec,
      language_info: kernel?.languageInfo ?? notebook.metadata.language_info,
    },
  };
  return {
    file,
    name,
    notebook: executed,
    seconds: (performance.now() - since) / 1000,
    noisy,
    ...(failure && { failure }),
  };
}

const isCode = (cell: Cell): boolean => cell.cell_type === 'code';

/** The name under which the kernel is registered. */
export const kernelspec = { name: 'roglab', display_name: 'roglab (TypeScript)', language: 'typescript' };

async function runCell(
  kernel: Kernel,
  code: string,
  displays: Displays,
  timeout: number,
): Promise<{ outputs: readonly Output[]; failure?: string }> {
  const cell = { list: [] as Output[], clearNext: false };
  if (!code.trim()) return { outputs: [] };
  try {
    const status = await kernel.execute(code, (message) => applyMessage(message, cell, displays), timeout);
    if (status === 'ok' && !hasUnhandled(cell.list)) return { outputs: cell.list };
  } catch (error) {
    const message = (error as Error).message.replace(/^kernel: /, '');
    const outputs: Output[] = [
      ...cell.list,
      { output_type: 'error', ename: 'KernelError', evalue: message, traceback: [message] },
    ];
    return { outputs, failure: message };
  }
  // tslab refuses requests for 200 ms after an error
  await sleep(300);
  const { outputs, message } = withError(cell.list);
  return { outputs, failure: message };
}
