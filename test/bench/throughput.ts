/**
 * Attacks a second of one attack alone and of a study, on the provider of ROGLAB_PROVIDER: LeNet 32x32, batches of 1
 * and 4, without phi and behind 3 bits. Arguments: attacks, then threads x attacks that each stacks in one graph, e.g.
 * `node dist/test/bench/throughput.js 32 4x1 4x8 2x16`.
 */
import { rog } from '../../src/attacks/index.js';
import type { Observation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { start } from '../../src/engine/index.js';
import { lenet } from '../../src/models/index.js';
import { observeCase } from '../../src/studies/case.js';
import { attackAll } from '../../src/studies/worker-pool.js';

const [count = '32', ...settings] = process.argv.slice(2);
const OPTIONS = { iterations: 100, method: 'matching' } as const;

console.log((await start({ stack: 1 })).line);
const data = await openDataset('scenes', { size: 32 });
const model = lenet({ imageShape: data.imageShape, classes: 10, seed: 1 });

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
};

for (const size of [1, 4])
  for (const phi of ['none', 'quantize:3']) {
    await start({ stack: 1 });
    const seen: Observation[] = [];
    for (let seed = 0; seed < Number(count); seed++)
      seen.push(await observeCase(model, data.batch({ size, seed }), { phi }));
    await rog(seen[0]!, OPTIONS); // its steps are compiled by now
    const one = await timed(() => rog(seen[1]!, OPTIONS));
    console.log(`batch ${size}, ${phi}: one attack ${one.toFixed(2)} s`);
    for (const setting of settings) {
      const [workers, stack] = setting.split('x').map(Number) as [number, number];
      await start({ stack });
      const jobs = seen.map((observation) => async () => ({ observation, attack: 'rog' as const, options: OPTIONS }));
      await attackAll(jobs.slice(0, workers * stack), { workers });
      const seconds = await timed(() => attackAll(jobs, { workers }));
      const times = (one * seen.length) / seconds;
      console.log(`  ${count} attacks, ${setting}: ${seconds.toFixed(1)} s, ${times.toFixed(1)} times one`);
    }
  }
process.exit(0); // the pool would wait for another study
