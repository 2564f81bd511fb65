import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDataset } from '../../src/data/index.js';
import { network } from '../../src/models/index.js';
import { sha256 } from '../../src/sweeps/canonical.js';
import { defineSweep, planSweep, runSweep, sweepTable } from '../../src/sweeps/index.js';
import { cellQueue } from '../../src/sweeps/queue/bullmq.js';
import { connectRedis } from '../../src/sweeps/queue/connect.js';
import { getPieces, putFile, putPieces } from '../../src/sweeps/queue/pieces.js';
import { announce, announced, withdraw } from '../../src/sweeps/queue/registry.js';
import { partsVersion } from '../../src/sweeps/version.js';
import { temporaryFolder } from '../assets/temporary.js';
import { ended, freePort, noRedis, type Process, redisServer, until, worker } from './redis.js';
import { NETWORK, numbers, SMALL, simulation } from './small.js';

const folder = temporaryFolder();
const place = (name: string): string => join(folder, name);
const skip = noRedis;
const redis = skip ? undefined! : await redisServer(place('redis'), { password: 'right-word' });
const workers: Process[] = [];
const begin = (): Process => {
  const one = worker(redis.url, place('cache'));
  workers.push(one);
  return one;
};
after(async () => {
  for (const { child } of workers) child.kill('SIGKILL');
  await redis?.kill();
});

test('over Redis: a worker killed at work, weights that only the coordinator has, and the numbers of the local run', {
  skip,
}, async () => {
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
  await runSweep(failing, { folder: place('local'), workers: 1 });
  const [first] = [begin(), begin()];
  let seen = 0;
  const { progress } = await runSweep(failing, {
    folder: place('queue'),
    redis: redis.url,
    onProgress: ({ done, failed }) => {
      if (done + failed > 3 && seen++ === 0) first.child.kill('SIGKILL');
    },
  });
  assert.deepEqual([progress.done, progress.failed, progress.ended], [12, 12, 'finished']);
  const [a, b] = [await sweepTable(place('local')), await sweepTable(place('queue'))];
  assert.deepEqual(numbers(b.objects()), numbers(a.objects()));
  assert.equal(readdirSync(place('queue/pictures')).length, 12);
  const connection = await connectRedis('test', redis.url);
  try {
    assert.deepEqual(await announced(connection), []);
    assert.deepEqual(await connection.redis.keys('roglab:sweep-*'), []);
    assert.ok((await connection.redis.keys('roglab:blob:*:1')).length >= 1, 'the large weights went in pieces');
  } finally {
    connection.close();
  }
});

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

test('pieces: bytes come back by their hash, of any length; other bytes are refused, and none are undefined', {
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

test('over TLS: with the authority of the certificate it works, without it is one line', { skip }, async (t) => {
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
