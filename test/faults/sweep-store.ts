/** A sweep's folder and the matrix of attacks as readers of the fault suite: what is refused is computed again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { matrixFile, readRows } from '../../src/cli/matrix.js';
import { problem } from '../../src/core/errors.js';
import { cellIds, ledgerOf, openStore, type SweepRow, storedRows, writeLedger } from '../../src/sweeps/store/index.js';
import type { CellResult } from '../../src/sweeps/types.js';

const result = (id: string): CellResult => ({
  id,
  job: {
    version: '0.0.0-test',
    network: { name: 'small', imageShape: [16, 16, 3], classes: 10, seed: 1 },
    ...{ data: 'scenes test 1', images: 'hash', phi: 'none', batch: 1, labels: 'known', seed: 2 ** 40, image: 0 },
    ...{ client: { localSteps: 1, learningRate: 0.003 }, attack: { name: 'rog', options: {} } },
    ...{ pictures: false, lpips: false },
  },
  done: {
    images: [{ position: 0, label: 3, psnr: 1 / 3, mse: null }],
    ...{ bitsPerEntry: 3.25, objective: 1e-300, closures: 7, digest: 'd' },
  },
  run: { seconds: 0.5, engine: 'none', worker: 'test:1', finished: 1_700_000_000_123 },
});

const IDS = ['a', 'b', 'c'];

/** A folder with `bytes` as one of its files, gone afterwards. */
async function inFolder<T>(task: (folder: string) => Promise<T>, name?: string, bytes?: Buffer): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-sweep-'));
  if (name && bytes) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return task(folder).finally(() => rmSync(folder, { recursive: true }));
}

/** The bytes of a file, and its name: a Parquet file is checked by that. */
interface Part {
  readonly name: string;
  readonly bytes: Buffer;
}

const rowFile = (closed: boolean): Promise<Part> =>
  inFolder(async (folder) => {
    const store = await openStore(folder);
    for (const id of IDS) await store.add(result(id));
    if (closed) await store.close();
    const [file] = readdirSync(join(folder, 'rows'));
    const part = { name: `rows/${closed ? file : 'x.jsonl'}`, bytes: readFileSync(join(folder, 'rows', file!)) };
    if (!closed) await store.close();
    return part;
  });

const listFile = (name: string): Promise<Part> =>
  inFolder(async (folder) => {
    const ids = async function* () {
      yield* IDS;
    };
    await writeLedger(folder, { name: 'small', version: '0', base: '.' }, ids());
    return { name, bytes: readFileSync(join(folder, name)) };
  });

async function rows(folder: string): Promise<unknown> {
  const found: SweepRow[] = [];
  for await (const row of storedRows(folder)) found.push(row);
  if (found.length < IDS.length) throw problem('sweep', 'some cells are computed again');
  // whole lines in another order are the same rows
  return found.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
}

const cell = {
  ...({ network: 'lenet', phi: 'topk:0.95', batch: 1, labels: 'distinct', localSteps: 1 } as const),
  ...({ seed: 1, data: 'cifar10', split: 'test' } as const),
};

const parts: Readonly<Record<string, Part>> = {
  lines: await rowFile(false),
  parquet: await rowFile(true),
  cells: await listFile('cells.txt'),
  ledger: await listFile('sweep.json'),
  matrix: { name: 'matrix.json', bytes: Buffer.from(matrixFile(1, [{ ...cell, reached: {} }])) },
};

const reader = (part: string, read: (folder: string) => Promise<unknown>) => {
  const { name, bytes } = parts[part]!;
  return {
    good: async () => [bytes],
    read: (damaged: Buffer) => inFolder(read, name, damaged),
    checked: true as const,
  };
};

export const SWEEP_STORE = {
  'sweep lines': reader('lines', rows),
  'sweep Parquet': reader('parquet', rows),
  'sweep cells': reader('cells', async (folder) => [...(await cellIds(folder))]),
  'sweep ledger': reader('ledger', ledgerOf),
  'matrix rows': reader('matrix', async (folder) => readRows(join(folder, 'matrix.json'))),
};
