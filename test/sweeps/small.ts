/** Sweeps small enough for tests: a network of a few filters on 16x16 scenes. */
import type { SweepDefinition } from '../../src/sweeps/index.js';
import type { Crew } from '../../src/sweeps/local.js';
import type { SweepRow } from '../../src/sweeps/store/index.js';
import { RUN_COLUMNS } from '../../src/sweeps/store/index.js';
import type { CellResult } from '../../src/sweeps/types.js';

export const NETWORK = {
  name: 'small',
  layers: [{ kind: 'conv', filters: 2, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 10 }],
} as const;

export const SMALL: SweepDefinition = {
  name: 'small',
  networks: NETWORK,
  data: { name: 'scenes', size: 16 },
  phi: ['none', 'sign'],
  attacks: { name: 'rog', iterations: 2 },
  images: 3,
};

/** Gives made-up results at once. */
export function simulation(onCell?: (id: string) => void): Crew & { readonly ran: string[] } {
  const ran: string[] = [];
  const run = async ({ job: { id, ...job } }: Parameters<Crew['run']>[0]): Promise<CellResult> => {
    onCell?.(id);
    ran.push(id);
    const done = {
      images: Array.from({ length: job.batch }, (_, position) => ({
        position,
        label: 1,
        psnr: job.image + position / 8,
      })),
      ...{ bitsPerEntry: 3, objective: 0.5, closures: 1, digest: id },
    };
    return { id, job, done, run: { seconds: 0, engine: 'none', worker: 'simulated:1', finished: Date.now() } };
  };
  return { ran, run, end: async () => {} };
}

/** What two runs of a sweep must have in common to the bit, in an order of its own. */
export const numbers = (rows: readonly object[]): string[] =>
  (rows as SweepRow[])
    .map((row) => JSON.stringify(Object.entries(row).filter(([name]) => !RUN_COLUMNS.includes(name as never))))
    .sort();
