/** Every command that writes, told to write to a place; its data are missing, so that the place must be told first. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSweep } from '../../src/sweeps/run-sweep.js';
import { root } from '../fixtures.js';
import { SMALL as GRID, simulation } from '../sweeps/small.js';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function roglab(words: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string): Ended {
  return spawnSync(process.execPath, [join(root, 'dist/src/cli.js'), ...words], {
    encoding: 'utf8',
    cwd,
    env: { ...process.env, ROGLAB_DEBUG: '', ...env },
  });
}

const NOWHERE = ['--data', 'folder:/nowhere'];
const SMALL = ['--data', 'scenes', '--size', '16', '--iterations', '1'];
const file = (place: string): string => join(place, 'file');

/** A folder with a sweep's file and its results, in `done`. */
export async function sweepFolder(folder: string): Promise<string> {
  await runSweep(GRID, { folder: join(folder, 'done') }, { crew: simulation() });
  writeFileSync(join(folder, 'grid.json'), JSON.stringify(GRID));
  return folder;
}

/** By the words of its command: run with a place to write to and a {@link sweepFolder}. */
export const WRITERS: Readonly<Record<string, (place: string, sweep: string) => Ended>> = {
  'attack --out': (place) => roglab(['attack', ...NOWHERE, '--out', place]),
  'attack --checkpoint': (place) => roglab(['attack', ...SMALL, '--checkpoint', file(place)], {}, '/'),
  'audit --out': (place) => roglab(['audit', ...NOWHERE, '--out', place]),
  'run --out': (place) => roglab(['run', '--only', '00', '--out', place]),
  'study dp --out': (place) => roglab(['study', 'dp', ...NOWHERE, '--out', place]),
  'study rogs --out': (place) => roglab(['study', 'rogs', ...NOWHERE, '--out', place]),
  'study batches --out': (place) => roglab(['study', 'batches', ...NOWHERE, '--out', place]),
  'quality --matrix --out': (place) => roglab(['quality', '--matrix', ...NOWHERE, '--out', file(place)]),
  'train --out': (place) => roglab(['train', 'tagger', ...NOWHERE, '--out', place]),
  'train --resume': (place) => roglab(['train', 'tagger', ...NOWHERE, '--resume', file(place)]),
  'pairs --out': (place) => roglab(['pairs', ...NOWHERE, '--out', place]),
  'sweep --out': (place, sweep) => roglab(['sweep', join(sweep, 'grid.json'), '--out', place]),
  'sweep --shared': (place, sweep) =>
    roglab(['sweep', join(sweep, 'grid.json'), '--redis', 'redis://127.0.0.1:1', '--shared', place], {}, sweep),
  'sweep export --to': (place, sweep) => roglab(['sweep', 'export', join(sweep, 'done'), '--to', `${file(place)}.csv`]),
  new: (place) => roglab(['new', join(place, 'project')]),
  kernel: (place) => roglab(['kernel'], { JUPYTER_DATA_DIR: place }),
};
