/** A hundred thousand cells with a simulated attack, in a process whose heap is small. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { exportSweep } from '../../src/sweeps/export.js';
import { defineSweep, planSweep, runSweep } from '../../src/sweeps/index.js';
import { SMALL, simulation } from './small.js';

const [folder, what] = process.argv.slice(2) as [string, string];
const sweep = defineSweep({
  ...SMALL,
  name: 'many',
  phi: ['none', 'sign', 'quantize:2', 'quantize:3'],
  seeds: 25,
  images: 1000,
});
const most = (): string => `${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most`;

const ACTIONS: Record<string, () => Promise<string>> = {
  list: async () => {
    const ids = new Set<string>();
    let count = 0;
    const since = performance.now();
    for await (const { job } of (await planSweep(sweep)).cells()) {
      count++;
      ids.add(job.id);
    }
    return (
      `${count} cells, ${ids.size} ids, planned in ${((performance.now() - since) / 1000).toFixed(1)} s, ` + `${most()}`
    );
  },
  half: () => run(50_000),
  rest: () => run(Number.POSITIVE_INFINITY),
  export: async () => {
    const path = join(folder, 'rows.parquet');
    const { rows } = await exportSweep(folder, path, 'parquet');
    return `${rows} rows, ${statSync(path).size} bytes, ${most()}`;
  },
};

async function run(limit: number): Promise<string> {
  const stop = new AbortController();
  let ran = 0;
  const crew = simulation(() => ++ran === limit && stop.abort());
  const since = performance.now();
  const { progress } = await runSweep(sweep, { folder, workers: 256, signal: stop.signal }, { crew });
  const time = ((performance.now() - since) / 1000).toFixed(1);
  return `${progress.done} of ${progress.total} done, ${progress.ended}, ${ran} run, ${time} s, ${most()}`.replace(
    /, finished, (\d+) run/,
    ', $1 run',
  );
}

console.log(await ACTIONS[what]!());
