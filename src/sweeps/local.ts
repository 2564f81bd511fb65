import { setTimeout as sleep } from 'node:timers/promises';
import { settled } from '../core/settled.js';
import { currentSession } from '../engine/index.js';
import { workerPool } from '../studies/worker-pool.js';
import type { CellTask } from './cell-worker.js';
import type { Cell } from './sweep-plan.js';
import type { CellResult } from './types.js';
import { workerName } from './worker-name.js';

/** Computes cells; undefined when it was stopped. */
export interface Crew {
  readonly run: (cell: Cell) => Promise<CellResult | undefined>;
  readonly end: () => Promise<void>;
}

/** Threads of this process, each with its own engine. */
export function threadCrew(threads: number, signal?: AbortSignal): Crew {
  const pool = workerPool(new URL('./cell-worker.js', import.meta.url).href, threads);
  const { provider } = currentSession() ?? {};
  const stop = new Int32Array(new SharedArrayBuffer(4));
  signal?.addEventListener('abort', () => Atomics.store(stop, 0, 1));
  const run = ({ job, blobs }: Cell): Promise<CellResult | undefined> => {
    const bytes = Object.fromEntries(blobs.map((blob) => [blob.hash, blob.bytes]));
    return pool.run({ job, blobs: bytes, provider, stop } satisfies CellTask);
  };
  return { run, end: () => pool.destroy() };
}

/** How often a cell is tried whose failure is not its settings' own; the first pause in ms, doubled each time. */
export const TRIES = 4;
export const PAUSE = 500;

/** What every way of running cells is told. */
export interface Running {
  /** Durable when it resolves. */
  readonly onResult: (result: CellResult) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Cells side by side in this process, as many as the crew has hands; ends when all are done or the signal comes. */
export async function runLocal(
  cells: AsyncGenerator<Cell>,
  crew: Crew,
  hands: number,
  { onResult, signal }: Running,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const lane = async (): Promise<void> => {
    while (!either.aborted) {
      const { value: cell, done } = await cells.next();
      if (done || either.aborted) return;
      const result = await tried(cell, crew, either);
      if (result) await onResult(result);
    }
  };
  const lanes = Array.from({ length: hands }, lane);
  for (const running of lanes) running.catch((error) => failed.abort(error));
  await settled(lanes);
}

async function tried(cell: Cell, crew: Crew, signal: AbortSignal): Promise<CellResult | undefined> {
  for (let attempt = 1; ; attempt++)
    try {
      return await crew.run(cell);
    } catch (error) {
      if (signal.aborted) return undefined;
      if (attempt === TRIES) return failure(cell.job, error as Error, workerName());
      await sleep(PAUSE * 2 ** (attempt - 1), undefined, { signal }).catch(() => {});
    }
}

/** A cell that went wrong each time it was tried. */
export function failure({ id, ...job }: Cell['job'], { name, message }: Error, worker: string): CellResult {
  const run = { seconds: 0, engine: '', worker, finished: Date.now() };
  return { id, job, failed: { name, message: message.split('\n')[0]! }, run };
}
