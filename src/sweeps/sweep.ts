import { checkOptions } from '../core/options.js';
import type { Sweep } from './define.js';
import { runSweep, type SweepOptions } from './run-sweep.js';
import { cellIds, type SweepRow, storedRows } from './store/index.js';
import { type SweepTable, tableOf } from './sweep-table.js';
import { sweepView } from './sweep-view.js';
import type { SweepDefinition } from './types.js';

const OPTIONS = ['folder', 'workers', 'redis', 'shared', 'shard', 'yes', 'retryFailed', 'signal', 'onProgress'];

/**
 * Runs a grid of attacks and gives what is done as an arquero table, one row per private image of each cell. Rows are
 * on the disk as they come, in results/sweeps/NAME: killed, stopped or run again with more values, it computes only
 * what is not there. In a notebook it shows a live view; Stop gives the partial table, and running the cell again goes
 * on. Cells that fail by their own settings are kept by name and reason, shown, and not tried again.
 * @throws those of defineSweep, a data set that is not there, a disk that is full, no Redis: nothing that was done is
 * lost
 * @example
 * const rows = await rog.sweep({ networks: 'lenet', data: 'scenes', phi: ['none', 'quantize:3'],
 *   images: 2, attacks: { name: 'rog', iterations: 20 } })
 */
export async function sweep(given: Sweep | SweepDefinition, options: SweepOptions = {}): Promise<SweepTable> {
  checkOptions('sweep', options, OPTIONS);
  const { folder } = await runSweep(given, { onProgress: sweepView(), ...options });
  return sweepTable(folder);
}

/** The rows that a sweep's folder holds for the cells that it has now, in their order, as an arquero table. */
export async function sweepTable(folder: string): Promise<SweepTable> {
  const ids = await cellIds(folder);
  const place = new Map([...ids].map((id, at) => [id, at]));
  const rows: SweepRow[] = [];
  for await (const row of storedRows(folder, ids)) rows.push(row);
  return tableOf(rows.sort((a, b) => place.get(String(a.id))! - place.get(String(b.id))!));
}
