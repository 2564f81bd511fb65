/**
 * Attacks a second of one attack alone and of a study, on the provider of ROGLAB_PROVIDER: LeNet 32x32, batch 1, 8
 * bits. Arguments: attacks, then how many at a time, e.g. `node dist/test/bench/throughput.js 28 4 14`.
 */
import { rog } from '../../src/attacks/index.js';
import type { Observation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { lenet } from '../../src/models/index.js';
import { observeCase } from '../../src/studies/case.js';
import { attackAll } from '../../src/studies/worker-pool.js';

const [count = 28, ...lanes] = process.argv.slice(2).map(Number);
const ITERATIONS = 100;

const { line } = await start();
const data = await openDataset('scenes', { size: 32 });
const model = lenet({ imageShape: data.imageShape, classes: 10, seed: 1 });
const seen: Observation[] = [];
for (let seed = 0; seed < count; seed++)
  seen.push(await observeCase(model, data.batch({ size: 1, seed }), { phi: 'quantize:8' }));

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
};

const options = { iterations: ITERATIONS };
await rog(seen[0]!, options); // its steps are compiled by now
const one = await timed(() => rog(seen[1]!, options));
console.log(`${line}\none attack: ${one.toFixed(2)} s`);
for (const workers of lanes) {
  const jobs = seen.map((observation) => async () => ({ observation, attack: 'rog' as const, options }));
  await attackAll(jobs.slice(0, workers), { workers });
  const seconds = await timed(() => attackAll(jobs, { workers }));
  const times = (one * count) / seconds;
  console.log(`${count} attacks, ${workers} at a time: ${seconds.toFixed(1)} s, ${times.toFixed(1)} times one`);
}
process.exit(0); // the pool would wait for another study
