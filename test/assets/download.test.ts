import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { download, isNetworkProblem } from '../../src/assets/download.js';
import type { Asset } from '../../src/assets/manifest.js';
import { endlessBytes, temporaryFolder } from './temporary.js';

const content = randomBytes(300_000);
const requests: IncomingMessage[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
const server = createServer((request, response) => {
  requests.push(request);
  answer(request, response);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => {
  server.closeAllConnections();
  server.close();
});

const root = temporaryFolder();
let count = 0;
const freshCache = (): string => {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  requests.length = 0;
  return folder;
};
const md5 = createHash('md5').update(content).digest('hex');
const sha256 = createHash('sha256').update(content).digest('hex');
const asset: Asset = {
  name: 'file.bin',
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`,
  bytes: content.length,
  hash: { md5 },
  licence: 'none',
};

/** A server that understands ranges. */
const serve = (bytes: Buffer) => (request: IncomingMessage, response: ServerResponse) => {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'content-length': bytes.length - start };
  if (start >= bytes.length) return response.writeHead(416).end();
  if (start > 0)
    response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
  else response.writeHead(200, headers);
  response.end(bytes.subarray(start));
};

test('download writes the file, reports progress, and does not ask again', async () => {
  const cache = freshCache();
  answer = serve(content);
  const seen: number[] = [];
  const path = await download(asset, { cache, onProgress: ({ received, total }) => seen.push(received / total) });
  assert.deepEqual(readFileSync(path), content);
  assert.equal(seen.at(-1), 1);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  await download(asset, { cache });
  assert.equal(requests.length, 1);
  assert.deepEqual(readdirSync(cache), ['file.bin']);
});

test('download: the beginning of a sha256 will do', async () => {
  answer = serve(content);
  await download({ ...asset, hash: { sha256: sha256.slice(0, 8) } }, { cache: freshCache() });
  await assert.rejects(
    download({ ...asset, hash: { sha256: `0${sha256.slice(0, 7)}` } }, { cache: freshCache() }),
    /must have sha256 .* got "other content of 300000 bytes"; it was removed/,
  );
});

test('download continues where a cut connection left off', async () => {
  const cache = freshCache();
  // cut once bytes have arrived: Node 22 forgets those that were not read before the end of the connection
  let cut = () => {};
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 100_000));
    cut = () => response.destroy();
  };
  await assert.rejects(download(asset, { cache, onProgress: () => cut() }), (error: Error) => {
    assert.match(error.message, /cannot get http.*bytes are kept: call again to continue/);
    return isNetworkProblem(error);
  });
  assert.deepEqual(readdirSync(cache), ['file.bin.part']);
  const kept = readFileSync(join(cache, 'file.bin.part')).length;
  assert.ok(kept > 0 && kept <= 100_000);
  answer = serve(content);
  assert.deepEqual(readFileSync(await download(asset, { cache })), content);
  assert.equal(requests.at(-1)!.headers.range, `bytes=${kept}-`);
});

test('download starts again when the server ignores ranges or the old part is of another file', async () => {
  const cache = freshCache();
  writeFileSync(join(cache, 'file.bin.part'), randomBytes(50));
  answer = (_, response) => void response.end(content);
  assert.deepEqual(readFileSync(await download(asset, { cache })), content);
  const other = freshCache();
  writeFileSync(join(other, 'file.bin.part'), randomBytes(50));
  answer = serve(content);
  assert.deepEqual(readFileSync(await download(asset, { cache: other })), content);
  assert.equal(requests.length, 2);
  const complete = freshCache();
  writeFileSync(join(complete, 'file.bin.part'), content);
  assert.deepEqual(readFileSync(await download(asset, { cache: complete })), content);
});

test('download refuses wrong content and leaves nothing behind', async () => {
  const cache = freshCache();
  answer = serve(randomBytes(1000));
  await assert.rejects(
    download(asset, { cache }),
    new RegExp(`must have md5 ${md5} and 300000 bytes, got "other content`),
  );
  assert.deepEqual(readdirSync(cache), []);
});

test('download gives up on a server that does not answer or stalls', async () => {
  const cache = freshCache();
  answer = () => {};
  await assert.rejects(download(asset, { cache, connectSeconds: 0.2 }), /no answer for 0.2 s; is this machine online/);
  answer = (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('abc');
  await assert.rejects(download(asset, { cache, stallSeconds: 0.2 }), /no byte came for 0.2 s; 3 bytes are kept/);
});

test('download names the HTTP status and an unreachable host', async () => {
  answer = (_, response) => void response.writeHead(404).end();
  await assert.rejects(download(asset, { cache: freshCache() }), /cannot get .*: HTTP 404/);
  const closed = { ...asset, url: 'http://127.0.0.1:9/file.bin' };
  await assert.rejects(download(closed, { cache: freshCache() }), isNetworkProblem);
});

test('download can be cancelled and continued', async () => {
  const cache = freshCache();
  const controller = new AbortController();
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 5000));
  };
  const running = download(asset, { cache, signal: controller.signal, onProgress: () => controller.abort() });
  await assert.rejects(running, /file.bin was cancelled; a later call continues it/);
  answer = serve(content);
  assert.deepEqual(readFileSync(await download(asset, { cache })), content);
});

test('download says when the disk is too small or the cache is no folder', async () => {
  const cache = freshCache();
  await assert.rejects(
    download({ ...asset, bytes: 1e18 }, { cache }),
    /file.bin needs 1000000000\.0 GB of free disk in .*set ROGLAB_CACHE/,
  );
  writeFileSync(join(cache, 'file'), '');
  await assert.rejects(download(asset, { cache: join(cache, 'file', 'sub') }), /a part of the path is a file/);
  assert.ok(!existsSync(join(cache, 'file.bin.part')));
});

test('download takes no more than the manifest says, of an endless body or one that is too long', async () => {
  const endless = (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200);
    Readable.from(endlessBytes()).pipe(response);
  };
  const cache = freshCache();
  answer = endless;
  await assert.rejects(download(asset, { cache }), /must have 300000 bytes, got "more"; the part was removed/);
  assert.deepEqual(readdirSync(cache), []);
  answer = serve(Buffer.concat([content, Buffer.of(0)]));
  await assert.rejects(download(asset, { cache }), /must have 300000 bytes, got "more"/);
  writeFileSync(join(cache, 'file.bin.part'), randomBytes(300_001));
  answer = serve(content);
  assert.deepEqual(readFileSync(await download(asset, { cache })), content);
});

test('download: a server that packs whatever it sends works, also where it continues', async () => {
  const packed = gzipSync(content);
  const headers = { 'content-encoding': 'gzip', 'content-length': packed.length };
  answer = (_, response) => void response.writeHead(200, headers).end(packed);
  assert.deepEqual(readFileSync(await download(asset, { cache: freshCache() })), content);
  const cache = freshCache();
  writeFileSync(join(cache, 'file.bin.part'), content.subarray(0, 1000));
  answer = ({ headers: { range } }, response) => {
    const part = { ...headers, 'content-range': `bytes 1000-${packed.length - 1}/${packed.length}` };
    response.writeHead(range ? 206 : 200, range ? part : headers).end(packed);
  };
  assert.deepEqual(readFileSync(await download(asset, { cache })), content);
  const wrong = gzipSync(content.subarray(1));
  const part = { 'content-encoding': 'gzip', 'content-range': 'bytes 0-9/300000' };
  answer = (_, response) => void response.writeHead(206, part).end(wrong);
  const unasked = download(asset, { cache: freshCache(), signal: AbortSignal.timeout(3000) });
  await assert.rejects(unasked, isNetworkProblem, 'a packed part that was not asked for ends too');
  assert.equal(requests.length, 1);
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  await assert.rejects(download(asset, { cache: freshCache() }), /must have 300000 bytes, got "more"/);
});

test('download gives up on a trickle', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': content.length });
    const drops = setInterval(() => response.write('x'), 10);
    response.on('close', () => clearInterval(drops));
  };
  await assert.rejects(
    download(asset, { cache: freshCache(), stallSeconds: 0.2 }),
    /fewer than 1024 bytes a second came for 0.2 s; \d+ bytes are kept/,
  );
});

test('download verifies what is in the cache, and gets a damaged file again', async () => {
  const cache = freshCache();
  answer = serve(content);
  const path = await download(asset, { cache });
  const bent = Buffer.from(content);
  bent[7]! ^= 1;
  for (const damaged of [bent, content.subarray(0, -1), Buffer.from('x')]) {
    writeFileSync(path, damaged);
    assert.deepEqual(readFileSync(await download(asset, { cache })), content);
  }
});

test('download: of six processes at once all get the file, by one transfer', async () => {
  const cache = freshCache();
  answer = (request, response) => void setTimeout(() => serve(content)(request, response), 200);
  const module = JSON.stringify(new URL('../../src/assets/download.js', import.meta.url).href);
  const script =
    `import(${module}).then(({ download }) => download(${JSON.stringify(asset)}, { cache: ` +
    `${JSON.stringify(cache)} }))`;
  const run = promisify(execFile);
  await Promise.all(Array.from({ length: 6 }, () => run(process.execPath, ['-e', script])));
  assert.equal(requests.length, 1);
  assert.deepEqual(readdirSync(cache), ['file.bin']);
});

test('download refuses unknown options', async () => {
  await assert.rejects(
    download(asset, { stallSecond: 1 } as never),
    /unknown option "stallSecond"; did you mean "stallSeconds"/,
  );
});
