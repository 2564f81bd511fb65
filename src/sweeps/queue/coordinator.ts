import { setTimeout as sleep } from 'node:timers/promises';
import type { Blob } from '../blobs.js';
import { failure, type Running } from '../local.js';
import type { Ledger } from '../store/index.js';
import type { Cell } from '../sweep-plan.js';
import type { CellResult } from '../types.js';
import { type CellQueue, cellQueue, type Ended } from './bullmq.js';
import { connectRedis } from './connect.js';
import { putFile, putPieces } from './pieces.js';
import { announce, withdraw } from './registry.js';

/** Cells that are on the queue at a time: enough for hundreds of workers, little for a Redis. */
const WINDOW = 1000;
const ADDED_AT_ONCE = 100;
const POLL_MS = 100;
/** So often the cells that are out are added again: where a Redis lost them, they are back, else nothing changes. */
const AGAIN_MS = 5000;
/** A Redis that is away holds up a stop for so long. */
const STOP_MS = 2000;

export interface QueueRunning extends Running {
  /** A folder that the workers see too: images and weights go there instead of beside the queue. */
  readonly shared?: string;
  readonly onWaiting: (waiting?: string) => void;
}

/**
 * Puts cells on the queue and keeps what comes back, until all have ended or the signal comes. A result leaves the
 * queue only after it is on the disk; a cell that is out is added again and again, which changes nothing unless it was
 * lost. So this process, any worker and the Redis may be killed at any moment: started again, it goes on, and no cell
 * counts twice.
 */
export async function runQueue(
  url: string,
  cells: AsyncGenerator<Cell>,
  { key, name, version }: Ledger,
  { onResult, onWaiting, signal, shared }: QueueRunning,
): Promise<void> {
  const connection = await connectRedis('sweep', url, onWaiting);
  const queue = cellQueue(connection, key);
  const leave = (): void => connection.close();
  signal.addEventListener('abort', () => setTimeout(leave, STOP_MS).unref(), { once: true });
  const put = shared ? (blob: Blob) => putFile(shared, blob) : (blob: Blob) => putPieces(connection, blob);
  const out = new Map<string, Cell>();
  let more = true;
  let saidAt = Number.NEGATIVE_INFINITY;
  try {
    while ((more || out.size > 0) && !signal.aborted) {
      if (performance.now() - saidAt > AGAIN_MS) {
        await announce(connection, { key, name, version });
        await send(put, queue, [...out.values()]);
        saidAt = performance.now();
      }
      while (more && out.size <= WINDOW - ADDED_AT_ONCE && !signal.aborted) {
        const next = await take(cells, ADDED_AT_ONCE);
        more = next.length === ADDED_AT_ONCE;
        for (const cell of next) out.set(cell.job.id, cell);
        await send(put, queue, next);
      }
      const ended = await queue.ended(WINDOW);
      await Promise.all(ended.map((one) => onResult(resultOf(one))));
      await queue.drop(ended.map(({ cell }) => cell.id));
      for (const { cell } of ended) out.delete(cell.id);
      if (ended.length === 0) await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    }
    const over = !more && out.size === 0;
    if (over) await withdraw(connection, key);
    await queue.close(over ? 'forget' : 'drain');
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    connection.close();
  }
}

async function take(cells: AsyncGenerator<Cell>, most: number): Promise<Cell[]> {
  const taken: Cell[] = [];
  while (taken.length < most) {
    const { value, done } = await cells.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

/** The bytes first: a worker may be faster than the next line. */
async function send(put: (blob: Blob) => Promise<void>, queue: CellQueue, cells: readonly Cell[]): Promise<void> {
  const blobs = new Map(cells.flatMap(({ blobs }) => blobs.map((blob) => [blob.hash, blob])));
  for (const blob of blobs.values()) await put(blob);
  for (let i = 0; i < cells.length; i += ADDED_AT_ONCE)
    await queue.add(cells.slice(i, i + ADDED_AT_ONCE).map(({ job }) => job));
}

const LOST = /stalled more than allowable limit/;

/** What counts for a cell that has ended: its result, or the failure that the queue gave it. */
export function resultOf({ cell, result, reason = '' }: Ended): CellResult {
  if (result) return result;
  const lost = LOST.test(reason);
  const name = lost ? 'WorkerLost' : 'WorkerError';
  return failure(cell, { name, message: lost ? 'its worker was lost too often' : reason }, '');
}
