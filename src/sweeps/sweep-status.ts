import { problem } from '../core/errors.js';
import { defineSweep, type Sweep } from './define.js';
import { cellIds, type Ledger, ledgerOf, readLedger, storedFailures, storedRows } from './store/index.js';
import { perMinute, type SweepProgress } from './sweep-progress.js';

/** How far the sweep of a folder is, as seen from outside, with what each worker did. */
export interface SweepStatus extends SweepProgress {
  readonly workers: readonly { readonly worker: string; readonly cells: number; readonly seconds: number }[];
}

/** Reads a sweep's folder; whoever runs it is not asked. @throws a folder without a sweep */
export async function sweepStatus(folder: string): Promise<SweepStatus> {
  const { name, total } = await ledgerOf(folder);
  const ids = await cellIds(folder);
  const times: number[] = [];
  const workers = new Map<string, { worker: string; cells: number; seconds: number }>();
  let [done, last] = [0, ''];
  for await (const row of storedRows(folder, ids, ['id', 'worker', 'seconds', 'finished'])) {
    if (row.id === last) continue;
    last = String(row.id);
    done++;
    times.push(Number(row.finished));
    const worker = String(row.worker);
    const { cells = 0, seconds = 0 } = workers.get(worker) ?? {};
    workers.set(worker, { worker, cells: cells + 1, seconds: seconds + Number(row.seconds) });
  }
  const reasons = new Map<string, number>();
  for (const { error, reason } of await storedFailures(folder, ids)) {
    const text = error === 'RoglabError' ? String(reason) : `${error}: ${reason}`;
    reasons.set(text, (reasons.get(text) ?? 0) + 1);
  }
  const failed = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  times.sort((a, b) => a - b);
  const over = done + failed >= total;
  return {
    name,
    total,
    done,
    failed,
    reasons,
    before: 0,
    perMinute: over ? 0 : perMinute(times, Date.now()),
    seconds: times.length > 0 ? (times.at(-1)! - times[0]!) / 1000 : 0,
    workers: [...workers.values()].sort((a, b) => b.cells - a.cells),
    ...(over && { ended: 'finished' as const }),
  };
}

/**
 * The sweep of a folder, to go on with it.
 * @throws no sweep there, or one whose networks or data were objects of a program
 */
export async function sweepOf(folder: string): Promise<{ readonly sweep: Sweep; readonly ledger: Ledger }> {
  const ledger = await ledgerOf(folder);
  if (!ledger.definition) {
    const fix = 'run that program or notebook again';
    throw problem('sweep', 'its networks or data exist in a program only', folder, fix);
  }
  return { sweep: defineSweep(ledger.definition), ledger };
}

/** Whether a folder holds a sweep's results. */
export const isSweepFolder = async (folder: string): Promise<boolean> => (await readLedger(folder)) !== undefined;
