import { dirname, join, relative, resolve } from 'node:path';
import { cores } from '../core/cores.js';
import { problem } from '../core/errors.js';
import { integer } from '../core/options.js';
import { interrupts } from '../engine/index.js';
import { plain } from './axes.js';
import { checkSize, defineSweep, type Sweep } from './define.js';
import { type Crew, runLocal, threadCrew } from './local.js';
import type { runQueue } from './queue/coordinator.js';
import { type Ledger, openStore, type Store, storedFailures, writeLedger } from './store/index.js';
import { type Cell, type Plan, planSweep } from './sweep-plan.js';
import { type SweepProgress, tracker } from './sweep-progress.js';
import type { CellResult, SweepDefinition } from './types.js';

/** Options of {@link sweep}. */
export interface SweepOptions {
  /** Where the results are; default results/sweeps/NAME below the current folder. */
  readonly folder?: string;
  /** Cells at a time on this machine; default one per core. The results do not depend on it. */
  readonly workers?: number;
  /** A URL: the cells go to the workers on that Redis or Valkey instead, see `roglab worker`. */
  readonly redis?: string;
  /** With `redis`: a folder that the workers see too, for images and weights; default: beside the queue. */
  readonly shared?: string;
  /** `2/8`: only the second of eight equal parts; the parts share the folder, or are exported together. */
  readonly shard?: string;
  /** Says that more than a million cells are meant. */
  readonly yes?: boolean;
  /** Try the cells again that failed before; default false. */
  readonly retryFailed?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SweepProgress) => void;
}

/** What only the program itself gives. */
export interface RunContext {
  /** The definition's file. */
  readonly file?: string;
  /** Who computes instead of threads, e.g. a simulation. */
  readonly crew?: Crew;
}

export interface RunEnd {
  readonly folder: string;
  readonly progress: SweepProgress;
}

/**
 * Computes what a sweep's folder does not hold yet, until it is all there, or a signal or a notebook's interrupt comes.
 * Every row is on the disk before it counts; started again, it goes on.
 */
export async function runSweep(
  given: Sweep | SweepDefinition,
  options: SweepOptions = {},
  { file = join(process.cwd(), 'sweep'), crew }: RunContext = {},
): Promise<RunEnd> {
  const sweep = 'combinations' in given ? given : defineSweep(given);
  checkSize(sweep, options.yes);
  const part = shardOf(options.shard);
  const hands = integer('sweep', 'workers', options.workers ?? cores(), 1, 256);
  const folder = resolve(options.folder ?? join('results/sweeps', sweep.name));
  const stop = new AbortController();
  const interrupt = interrupts('sweep', { onHit: () => stop.abort() });
  const signal = AbortSignal.any(options.signal ? [options.signal, stop.signal] : [stop.signal]);
  try {
    const plan = await planSweep(sweep, file);
    const store = await openStore(folder);
    const counted = { total: 0, done: 0 };
    const ledger = await writeLedger(folder, aboutOf(plan, folder, file), idsOf(plan, part, store, counted));
    const reasons = options.retryFailed ? new Map() : await reasonsOf(store.folder);
    const track = tracker({ name: sweep.name, ...counted, reasons });
    const tell = options.onProgress ?? (() => {});
    if (!options.redis) tell(track.progress());
    const onResult = async (result: CellResult): Promise<void> => {
      // a result that was kept, but had not left the queue, when a run was killed
      if (store.done.has(result.id) || (!options.retryFailed && store.failed.has(result.id))) return;
      await store.add(result);
      track.add(result.failed ? reasonOf(result.failed) : 'done', result.run.finished);
      tell(track.progress());
    };
    const cells = missing(plan, part, store, options.retryFailed);
    try {
      const running = { onResult, signal };
      const { redis, shared } = options;
      const onWaiting = (waiting?: string): void => tell(track.progress({ waiting }));
      if (redis) await overRedis(redis, cells, ledger, { ...running, onWaiting, shared });
      else await inThreads(cells, crew, hands, running);
    } finally {
      await store.close();
    }
    const progress = track.progress({ ended: signal.aborted ? 'stopped' : 'finished' });
    tell(progress);
    return { folder, progress };
  } finally {
    interrupt.release();
  }
}

async function inThreads(
  cells: AsyncGenerator<Cell>,
  given: Crew | undefined,
  hands: number,
  running: Parameters<typeof runLocal>[3],
): Promise<void> {
  const first = await cells.next();
  if (first.done) return;
  const all = async function* (): AsyncGenerator<Cell> {
    yield first.value;
    yield* cells;
  };
  const crew = given ?? threadCrew(hands, running.signal);
  await runLocal(all(), crew, hands, running).finally(() => crew.end());
}

/** Loaded when asked for: nobody else needs a queue. */
async function overRedis(...[url, ...rest]: Parameters<typeof runQueue>): Promise<void> {
  const { runQueue } = await import('./queue/coordinator.js');
  await runQueue(url, ...rest);
}

interface Part {
  readonly at: number;
  readonly of: number;
}

/** `2/8` as a part of the cells. */
function shardOf(text = '1/1'): Part {
  const [, at, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (!at || Number(at) < 1 || Number(at) > Number(of))
    throw problem('sweep', 'a shard is written i/n with i from 1 to n', text, 'e.g. 2/8');
  return { at: Number(at) - 1, of: Number(of) };
}

/** Ids of all cells; on the way, counts those of the part, and which of them are done. */
async function* idsOf({ cells }: Plan, { at, of }: Part, store: Store, counted: { total: number; done: number }) {
  let index = 0;
  for await (const { job } of cells()) {
    if (index++ % of === at) {
      counted.total++;
      if (store.done.has(job.id)) counted.done++;
    }
    yield job.id;
  }
}

async function* missing({ cells }: Plan, { at, of }: Part, store: Store, retryFailed = false): AsyncGenerator<Cell> {
  const failedBefore = new Set(retryFailed ? [] : store.failed);
  let index = 0;
  for await (const cell of cells())
    if (index++ % of === at && !store.done.has(cell.job.id) && !failedBefore.has(cell.job.id)) yield cell;
}

function aboutOf({ sweep, version }: Plan, folder: string, file: string): Omit<Ledger, 'key' | 'total'> {
  const axes = Object.entries(sweep.definition).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(plain) : plain(value),
  ]);
  const definition = Object.fromEntries(axes) as SweepDefinition;
  const inMemory = JSON.stringify(definition).includes('"inMemory":true');
  return { name: sweep.name, version, base: relative(folder, dirname(file)), ...(!inMemory && { definition }) };
}

const reasonOf = ({ name, message }: { readonly name: string; readonly message: string }): string =>
  name === 'RoglabError' ? message : `${name}: ${message}`;

async function reasonsOf(folder: string): Promise<Map<string, number>> {
  const reasons = new Map<string, number>();
  for (const { error, reason } of await storedFailures(folder)) {
    const text = reasonOf({ name: String(error), message: String(reason) });
    reasons.set(text, (reasons.get(text) ?? 0) + 1);
  }
  return reasons;
}
