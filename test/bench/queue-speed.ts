/**
 * What the queue costs beside the attack, and what a second worker brings, in about a minute:
 * `node dist/test/bench/queue-speed.js`. Wall time means something on a quiet machine only; processor time, which is
 * told beside it on Linux, says on any machine what the ratio can be.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSweep, type SweepDefinition, sweepStatus, sweepTable } from '../../src/sweeps/index.js';
import { noRedis, type Process, redisServer, until, worker } from '../sweeps/redis.js';
import { NETWORK } from '../sweeps/small.js';

const folder = mkdtempSync(join(tmpdir(), 'roglab-queue-'));
const place = (name: string): string => join(folder, name);
const say = (text: string): void =>
  console.log(`  ${text} (load ${loadavg()[0]!.toFixed(1)} on ${availableParallelism()} cores)`);

const CELLS = 100;
const definition = (name: string, seeds: readonly number[], images: number): SweepDefinition => ({
  name,
  networks: NETWORK,
  data: { name: 'scenes', size: 16 },
  phi: ['none', 'quantize:3', 'sign', 'topk:0.9', 'noise:-10'],
  attacks: { name: 'rog', iterations: 50 },
  seeds,
  images,
});

const crew: Process[] = [];

/** Seconds of processor time of a process so far, its threads' together; not a number where there is no /proc. */
function processorSeconds(pid: number | 'self'): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

interface Speed {
  /** Cells a second. */
  readonly rate: number;
  /** Milliseconds of processor time a cell, of the workers, the coordinator and Redis together. */
  readonly cost: number;
}

/** Until every worker has computed some cells: a process that starts, or compiles, is not at speed. */
async function warm(round: number, redis: string): Promise<void> {
  await until(() => crew.every(({ said }) => /ready/.test(said())));
  for (let turn = 0; turn < 5; turn++) {
    const at = place(`warm-${round}-${turn}`);
    await runSweep(definition('warm', [100 * round + turn], 6), { folder: at, redis });
    if ((await sweepStatus(at)).workers.filter(({ cells }) => cells > 5).length === crew.length) return;
  }
}

async function speedOf(round: number, redis: { readonly url: string; readonly pid: () => number }): Promise<Speed> {
  await warm(round, redis.url);
  const parts = (): number[] => [
    crew.reduce((sum, { child }) => sum + processorSeconds(child.pid!), 0),
    processorSeconds('self'),
    processorSeconds(redis.pid()),
  ];
  const before = parts();
  await runSweep(definition('timed', [round], CELLS / 5), { folder: place(`timed-${round}`), redis: redis.url });
  const [work, coordinator, server] = parts().map((seconds, i) => (1000 * (seconds - before[i]!)) / CELLS) as [
    number,
    number,
    number,
  ];
  const table = await sweepTable(place(`timed-${round}`));
  const finished = table.array('finished') as number[];
  const seconds = table.array('seconds') as number[];
  const first = Math.min(...finished);
  const wall = (Math.max(...finished) - first) / 1000;
  const busy = seconds.reduce((a, b) => a + b) - seconds[finished.indexOf(first)]!;
  const rate = (CELLS - 1) / wall;
  const beside = (1000 * (wall * crew.length - busy)) / (CELLS - 1);
  say(`${crew.length} at work: ${rate.toFixed(2)} cells a second, ${beside.toFixed(1)} ms a cell beside the attack`);
  say(
    `  of processor time a cell: ${work.toFixed(1)} ms workers, ${coordinator.toFixed(1)} coordinator, ` +
      `${server.toFixed(1)} Redis`,
  );
  return { rate, cost: work + coordinator + server };
}

if (noRedis) throw new Error(noRedis);
const redis = await redisServer(place('redis'));
try {
  const speeds: Speed[] = [];
  for (const round of [1, 2]) {
    crew.push(worker(redis.url, place('cache')));
    speeds.push(await speedOf(round, redis));
  }
  const [one, two] = speeds as [Speed, Speed];
  const reachable = (2000 / two.cost / one.rate).toFixed(2);
  say(
    `two workers are ${(two.rate / one.rate).toFixed(2)} times one; by processor time up to ${reachable} on two cores`,
  );
} finally {
  for (const { child } of crew) child.kill('SIGKILL');
  redis.kill();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
