/**
 * Long runs in small, to be killed: `runs.js KIND CHECKPOINT [UNTIL]` says its steps and, at the end, the hash of its
 * result.
 */
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { closedForm, rog, rogs } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray, Observation, Reconstruction } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { crossEntropy, start } from '../../src/engine/index.js';
import { lenet, network } from '../../src/models/index.js';
import { observeCase } from '../../src/studies/case.js';
import { federate } from '../../src/studies/index.js';
import { runSweep } from '../../src/sweeps/run-sweep.js';
import { cellIds, type SweepRow, storedRows } from '../../src/sweeps/store/index.js';
import { adam, fit, normalisedForward, normalisedParameters, oneCycle } from '../../src/training/index.js';
import { fourClients, smallData, smallModel } from '../federation/small.js';
import { smallGenerator } from '../models/small-generator.js';
import { numbers, SMALL } from '../sweeps/small.js';

interface Run {
  readonly checkpoint: string;
  readonly say: () => void;
}

/** Each gives the arrays that make up its result. */
type Kind = (run: Run) => Promise<readonly (Float32Array | Uint8Array)[]>;

const parts = ({ images, history, objective }: Reconstruction): Float32Array[] => [
  images.data,
  Float32Array.from(history, (point) => point.objective),
  Float32Array.of(objective),
];

async function observed(phi: string, size: number): Promise<Observation> {
  const data = await openDataset('scenes', { size: 16 });
  const layers = [
    { kind: 'conv', filters: 4, size: 3 },
    { kind: 'relu' },
    { kind: 'dense', units: 24 },
    { kind: 'relu' },
    { kind: 'dense', units: 10 },
  ] as const;
  const model = network({ name: 'small', imageShape: data.imageShape, classes: 10, layers, seed: 3 });
  return observeCase(model, data.batch({ size, seed: 2, labels: 'distinct' }), { phi });
}

const options = ({ checkpoint, say }: Run) => ({ checkpoint, checkpointSeconds: 0, onProgress: say });
const gray = (n: number): { images: NdArray } => ({ images: ndarray([n, 16, 16, 3], 0.5) });

export const KINDS: Readonly<Record<string, Kind>> = {
  attack: async (run) =>
    parts(await rog(await observed('quantize:3', 1), { method: 'matching', iterations: 60, ...options(run) })),
  restarts: async (run) =>
    parts(await rog(await observed('none', 1), { method: 'matching', iterations: 20, restarts: 3, ...options(run) })),
  'closed form': async (run) =>
    parts(await closedForm(await observed('quantize:3', 4), { iterations: 60, ...options(run) })),
  rogs: async (run) => {
    const generator = smallGenerator(3);
    const model = lenet({ imageShape: [16, 16, 3], classes: 3, seed: 2 });
    const images = ndarray([1, 16, 16, 3], uniformStream(1));
    const batch = { images, labels: Int32Array.of(1), classNames: generator.classNames, source: 'made up' };
    const observation = await observeCase(model, batch, { phi: 'sign' });
    return parts(await rogs(observation, { generator, raw: gray(1), iterations: 30, ...options(run) }));
  },
  fit: async ({ checkpoint, say }) => {
    const [images, size] = [ndarray([96, 8, 8, 3], uniformStream(1)), 192];
    const layers = [{ kind: 'conv', filters: 8, size: 3 }, { kind: 'relu' }, { kind: 'dense', units: 4 }] as const;
    const model = network({ name: 'small', imageShape: [8, 8, 3], classes: 4, layers });
    const logits = normalisedForward(model);
    const { parameters, history } = await fit({
      name: 'small',
      parameters: normalisedParameters(model),
      loss: (weights, [x, y]) => ({ loss: crossEntropy(logits(weights, x!).logits, y!) }),
      data: {
        size: 96,
        batch: (indices) => [
          ndarray(
            [16, 8, 8, 3],
            Float32Array.from(indices.flatMap((i) => [...images.data.subarray(i * size, (i + 1) * size)])),
          ),
          ndarray(
            [16, 4],
            Float32Array.from({ length: 64 }, (_, k) => Number(indices[k >> 2]! % 4 === (k & 3))),
          ),
        ],
      },
      ...{ epochs: 10, batchSize: 16, optimizer: adam(), schedule: oneCycle(0.02), checkpoint, checkpointSeconds: 0 },
      onProgress: say,
    });
    return [...parameters.map(({ data }) => data), Float32Array.from(history, ({ losses }) => losses.loss!)];
  },
  federate: async ({ checkpoint, say }) => {
    const { model } = await federate(smallModel, await smallData(), fourClients, {
      ...{ rounds: 50, cohort: 3, localSteps: 2, batchSize: 8, learningRate: 0.05, serverMomentum: 0.5 },
      ...{ phi: 'noise:-3', workers: 0, finalImages: 10, checkpoint, checkpointSeconds: 0, onRound: say },
    });
    return model.parameters.map(({ data }) => data);
  },
  sweep: async ({ checkpoint: folder, say }) => {
    const grid = { ...SMALL, phi: ['none', 'sign', 'quantize:3', 'noise:-5'], images: 8 };
    await runSweep(grid, { folder, workers: 1, yes: true, onProgress: say });
    const rows: SweepRow[] = [];
    for await (const row of storedRows(folder, await cellIds(folder))) rows.push(row);
    return [Buffer.from(numbers(rows).join('\n'))];
  },
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [kind, checkpoint] = process.argv.slice(2) as [string, string];
  await start({ threads: 1 });
  let step = 0;
  const say = (): void => void process.stdout.write(`step ${++step}\n`);
  const hash = createHash('sha256');
  for (const data of await KINDS[kind]!({ checkpoint, say }))
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  process.stdout.write(`result ${hash.digest('hex')}\n`, () => process.exit());
}
