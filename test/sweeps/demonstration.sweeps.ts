/**
 * What a sweep must survive, at full size: `npm run test:sweeps`. Prints its figures; ROGLAB_SWEEP_CELLS=200 makes it
 * shorter.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runSweep, type SweepDefinition, sweepStatus, sweepTable } from '../../src/sweeps/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { type Host, hosts, noHosts } from './hosts.js';
import { ended, noRedis, type Process, redisServer, roglab, until, worker } from './redis.js';
import { NETWORK, numbers } from './small.js';

const COUNT = Number(process.env.ROGLAB_SWEEP_CELLS ?? 1000);
const folder = temporaryFolder();
const place = (name: string): string => join(folder, name);

const definition: SweepDefinition = {
  name: 'thousand',
  networks: NETWORK,
  data: { name: 'scenes', size: 16 },
  phi: ['none', 'quantize:3', 'sign', 'topk:0.9', 'noise:-10'],
  seeds: 2,
  attacks: { name: 'rog', iterations: 5 },
  images: Math.round(COUNT / 10),
};
const file = place('thousand.json');
writeFileSync(file, JSON.stringify(definition));

const running: Process[] = [];
const begin = (one: Process): Process => {
  running.push(one);
  return one;
};
after(() => {
  for (const { child } of running) child.kill('SIGKILL');
});

const load = (): string => `load ${loadavg()[0]!.toFixed(1)} on ${availableParallelism()} cores`;
const say = (text: string): void => console.log(`  ${text} (${load()})`);

let local: readonly string[] | undefined;
async function localRows(): Promise<readonly string[]> {
  if (local) return local;
  const since = performance.now();
  const { progress } = await runSweep(definition, { folder: place('local') });
  assert.equal(progress.done, COUNT);
  say(`local: ${COUNT} cells in ${((performance.now() - since) / 1000).toFixed(0)} s`);
  local = numbers((await sweepTable(place('local'))).objects());
  return local;
}

async function checkSame(out: string): Promise<void> {
  const { done, failed, workers } = await sweepStatus(out);
  assert.deepEqual([done, failed], [COUNT, 0]);
  const table = await sweepTable(out);
  assert.equal(new Set(table.array('id')).size, COUNT);
  assert.equal(table.numRows(), COUNT, 'every cell exactly once');
  assert.deepEqual(numbers(table.objects()), await localRows());
  say(`bit-identical to the local run; ${workers.length} worker processes gave results`);
}

const doneIn = async (out: string): Promise<number> =>
  sweepStatus(out).then(
    ({ done }) => done,
    () => 0,
  );

test(`${COUNT} attacks over four workers, one killed every few seconds, Redis restarted, the coordinator killed`, {
  skip: noRedis,
}, async (t) => {
  await localRows();
  const redis = await redisServer(place('redis'));
  t.after(() => redis.kill());
  const out = place('queue');
  const crew = Array.from({ length: 4 }, () => begin(worker(redis.url, place('cache'))));
  const coordinate = () => begin(roglab(['sweep', file, '--redis', redis.url, '--out', out]));
  const since = performance.now();
  let coordinator = coordinate();
  let [kills, restarts, coordinators] = [0, 0, 1];
  for (let turn = 0; ; turn++) {
    await Promise.race([sleep(4000), ended(coordinator.child)]);
    const done = await doneIn(out);
    if (coordinator.child.exitCode !== null) break;
    const victim = turn % 4;
    crew[victim]!.child.kill('SIGKILL');
    crew[victim] = begin(worker(redis.url, place('cache')));
    kills++;
    if (restarts === 0 && done > COUNT * 0.3) {
      await redis.kill();
      await sleep(2000);
      await redis.start();
      restarts++;
    }
    if (coordinators === 1 && done > COUNT * 0.6) {
      coordinator.child.kill('SIGKILL');
      await sleep(3000);
      coordinator = coordinate();
      coordinators++;
    }
  }
  assert.equal(coordinator.child.exitCode, 0, coordinator.said());
  assert.deepEqual([restarts, coordinators], [1, 2]);
  say(
    `${COUNT} cells, ${kills} workers killed, Redis and the coordinator once each, in ` +
      `${((performance.now() - since) / 1000).toFixed(0)} s`,
  );
  await checkSame(out);
});

test(`${COUNT} attacks over three hosts, one of them unplugged for a while`, {
  skip: noRedis || noHosts,
}, async (t) => {
  await localRows();
  const [centre, ...others] = hosts(4) as [Host, ...Host[]];
  t.after(() => {
    for (const host of [centre, ...others]) host.remove();
  });
  const redis = await redisServer(place('central'), { host: centre.address, prefix: centre.inside });
  t.after(() => redis.kill());
  const crew = others.map(({ inside, name }) => begin(worker(redis.url, place(`cache-${name}`), { prefix: inside })));
  await until(() => crew.every(({ said }) => /ready/.test(said())));
  const out = place('hosts');
  const since = performance.now();
  const coordinator = begin(roglab(['sweep', file, '--redis', redis.url, '--out', out], { prefix: centre.inside }));
  await until(async () => (await doneIn(out)) > COUNT * 0.2, 600);
  others[1]!.unplug();
  const at = await doneIn(out);
  await sleep(25_000);
  others[1]!.plug();
  const meanwhile = (await doneIn(out)) - at;
  assert.equal(await ended(coordinator.child), 0, coordinator.said());
  say(
    `${COUNT} cells over three hosts, one unplugged for 25 s (${meanwhile} done meanwhile), in ` +
      `${((performance.now() - since) / 1000).toFixed(0)} s`,
  );
  assert.equal((await sweepStatus(out)).workers.length, 3);
  await checkSame(out);
});
