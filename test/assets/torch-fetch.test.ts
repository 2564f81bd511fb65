import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { type Asset, assetOf, fetchTorch, isNetworkProblem, torchCached } from '../../src/assets/index.js';
import { endlessBytes, temporaryFolder } from './temporary.js';
import { legacyFile, type Tensor, zipFile } from './torch-files.js';

/** A checkpoint of which the classifier, 20 MB, is not wanted. */
const tensors: Tensor[] = [
  { name: 'features.0.weight', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: 'classifier.weight', shape: [5_000_000], data: new Float32Array(5_000_000).fill(0.5) },
  { name: 'features.0.bias', shape: [2], data: Float32Array.of(7, 8) },
];
const names = ['features.0.weight', 'features.0.bias'];

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answer: Answer = () => {};
let sent = 0;
const server = createServer((request, response) => {
  const write = response.end.bind(response);
  response.end = ((chunk?: Buffer) => {
    sent += chunk?.length ?? 0;
    return write(chunk);
  }) as typeof response.end;
  answer(request, response);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => {
  server.closeAllConnections();
  server.close();
});

const root = temporaryFolder();
let count = 0;
function freshCache(): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  sent = 0;
  return folder;
}

const assetFor = (bytes: Buffer): Asset => ({
  name: 'net.pth',
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/net.pth`,
  bytes: bytes.length,
  hash: { sha256: createHash('sha256').update(bytes).digest('hex').slice(0, 8) },
  licence: 'none',
});

const whole =
  (bytes: Buffer): Answer =>
  (_, response) =>
    void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);

/** Serves ranges; `change` bends what a range request gets. */
const ranges =
  (bytes: Buffer, change: (part: Buffer, start: number) => Buffer = (part) => part, etag = () => '"1"'): Answer =>
  (request, response) => {
    const found = /bytes=(\d+)-(\d+)?/.exec(request.headers.range ?? '');
    if (!found) return whole(bytes)(request, response);
    const [start, end] = [Number(found[1]), Number(found[2] ?? bytes.length - 1)];
    const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}`, etag: etag() };
    response.writeHead(206, headers).end(change(bytes.subarray(start, end + 1), start));
  };

const values = (found: readonly Tensor[]) => found.map(({ name, data }) => [name, ...data]);
const expected = [
  ['features.0.weight', 1, 2, 3, 4, 5, 6],
  ['features.0.bias', 7, 8],
];

for (const [format, write] of Object.entries({ zip: zipFile, legacy: legacyFile })) {
  const bytes = write(tensors);
  const asset = assetFor(bytes);

  test(`fetchTorch fetches only what is wanted where ranges are served, once: ${format}`, async () => {
    const cache = freshCache();
    answer = ranges(bytes);
    assert.equal(await torchCached(asset, { cache, names }), false);
    const progress: number[][] = [];
    const found = await fetchTorch(asset, { cache, names, onProgress: (p) => progress.push([p.received, p.total]) });
    assert.deepEqual(values(found), expected);
    assert.ok(sent < 200_000, `${sent} bytes`);
    assert.equal(progress.at(-1)![0], progress.at(-1)![1]);
    assert.equal(await torchCached(asset, { cache, names }), true);
    assert.match(readdirSync(cache).join(), /^net-[0-9a-f]{8}\.safetensors$/);
    answer = (_, response) => response.destroy();
    assert.deepEqual(values(await fetchTorch(asset, { cache, names })), expected);
  });

  test(`fetchTorch takes the whole file where no ranges are served, checks it, keeps the part: ${format}`, async () => {
    const cache = freshCache();
    answer = whole(bytes);
    const seen: number[] = [];
    const found = await fetchTorch(asset, { cache, names, onProgress: ({ received }) => seen.push(received) });
    assert.deepEqual(values(found), expected);
    assert.equal(seen.at(-1), bytes.length);
    assert.match(readdirSync(cache).join(), /^net-[0-9a-f]{8}\.safetensors$/);
  });

  test(`fetchTorch: with whole, the hash of the file decides: ${format}`, async () => {
    answer = ranges(bytes);
    assert.deepEqual(values(await fetchTorch(asset, { cache: freshCache(), names, whole: true })), expected);
    const cache = freshCache();
    const wrong = { ...asset, hash: { sha256: '00000000' } };
    await assert.rejects(
      fetchTorch(wrong, { cache, names, whole: true }),
      /must have sha256 00000000 .*it was removed/,
    );
    assert.deepEqual(readdirSync(cache), []);
  });

  test(`fetchTorch: a file that is too short or of another size leaves nothing behind: ${format}`, async () => {
    const cache = freshCache();
    const short = bytes.subarray(0, bytes.length - 3);
    answer = ranges(short);
    await assert.rejects(fetchTorch(asset, { cache, names }), /must have \d+ bytes, got \d+; the file was replaced/);
    answer = whole(short);
    await assert.rejects(fetchTorch(asset, { cache, names }), /must have sha256 .*got "other content/);
    assert.deepEqual(readdirSync(cache), []);
  });
}

const bytes = zipFile(tensors);
const asset = assetFor(bytes);

test('fetchTorch: a part that was damaged on the way is found by its checksum', async () => {
  const cache = freshCache();
  const flip = (part: Buffer) => {
    const copy = Buffer.from(part);
    if (copy.includes('archive/data/0')) copy[copy.indexOf('archive/data/0') + 20]! ^= 1;
    return copy;
  };
  answer = ranges(bytes, flip);
  await assert.rejects(fetchTorch(asset, { cache, names }), /must have the checksum of its directory entry/);
  assert.deepEqual(readdirSync(cache), []);
});

test('fetchTorch: an endless answer to a range is cut off', async () => {
  answer = (request, response) => {
    const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${bytes.length}` });
    Readable.from(endlessBytes()).pipe(response);
  };
  await assert.rejects(fetchTorch(asset, { cache: freshCache(), names }), /the connection ended after|cannot get/);
});

test('fetchTorch: parts of two versions of a file are refused', async () => {
  let version = 0;
  answer = ranges(
    bytes,
    (part) => part,
    () => `"${version++}"`,
  );
  await assert.rejects(fetchTorch(asset, { cache: freshCache(), names }), /must answer with bytes \d+-\d+ of/);
});

test('fetchTorch tries a broken connection again, then says so', async () => {
  let failures = 2;
  const serve = ranges(bytes);
  answer = (request, response) => {
    if (request.headers.range === 'bytes=0-0' || failures-- <= 0) return serve(request, response);
    response.destroy();
  };
  assert.deepEqual(values(await fetchTorch(asset, { cache: freshCache(), names })), expected);
  failures = 1e9;
  const cache = freshCache();
  await assert.rejects(fetchTorch(asset, { cache, names }), isNetworkProblem);
  assert.deepEqual(readdirSync(cache), []);
  answer = (_, response) => void response.writeHead(404).end();
  await assert.rejects(fetchTorch(asset, { cache, names }), /cannot get .*: HTTP 404/);
});

test('fetchTorch can be cancelled, and names a tensor that is not there', async () => {
  answer = ranges(bytes);
  const missing = [...names, 'features.3.weight'];
  await assert.rejects(
    fetchTorch(asset, { cache: freshCache(), names: missing }),
    /must hold the tensors features.3.weight; is it the right file/,
  );
  answer = () => {};
  const signal = AbortSignal.timeout(50);
  await assert.rejects(fetchTorch(asset, { cache: freshCache(), names, signal }), /cancelled|cannot get/);
});

test('fetchTorch refuses a kept file that was changed, and one that was cut', async () => {
  const cache = freshCache();
  answer = ranges(bytes);
  await fetchTorch(asset, { cache, names });
  const [file] = readdirSync(cache) as [string];
  const kept = readFileSync(join(cache, file));
  const changed = Buffer.from(kept);
  changed[kept.length - 1]! ^= 1;
  writeFileSync(join(cache, file), changed);
  await assert.rejects(fetchTorch(asset, { cache, names }), /must have the hash it was written with; delete it/);
  writeFileSync(join(cache, file), kept.subarray(0, kept.length - 4));
  await assert.rejects(fetchTorch(asset, { cache, names }), /truncated or corrupt/);
});

test('the manifest knows the official weights of all three networks', () => {
  for (const net of ['alex', 'squeeze', 'vgg']) {
    const trunk = assetOf(`torchvision-${net}`);
    const { sha256 } = trunk.hash as { sha256: string };
    assert.equal(sha256.length, 64);
    assert.ok(trunk.name.includes(sha256.slice(0, 8)), 'torchvision names its files by the begin of their hash');
    assert.match(assetOf(`lpips-${net}`).url, /PerceptualSimilarity\/master\/lpips\/weights\/v0\.1/);
  }
});
