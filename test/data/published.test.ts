import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { assetOf } from '../../src/assets/manifest.js';
import { fetchIdx } from '../../src/data/fetch-datasets.js';
import { FASHION_MNIST, MNIST } from '../../src/data/idx.js';
import { openDataset } from '../../src/data/index.js';
import { temporaryFolder } from '../assets/temporary.js';

const root = temporaryFolder();
beforeEach(() => {
  delete process.env.ROGLAB_DATA;
  process.env.ROGLAB_CACHE = join(root, 'empty cache');
});

const folderOf = (name: string, files: Readonly<Record<string, Uint8Array>>): string => {
  mkdirSync(join(root, name));
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(root, name, file), bytes);
  return join(root, name);
};

/** An idx file by its definition: 0, 0, type 8 (bytes), dimensions, sizes as big-endian int32, values. */
const idxFile = (shape: readonly number[], values: readonly number[]): Buffer => {
  const sizes = Buffer.alloc(4 * shape.length);
  shape.forEach((n, i) => {
    sizes.writeUInt32BE(n, 4 * i);
  });
  return Buffer.concat([Buffer.of(0, 0, 8, shape.length), sizes, Buffer.from(values)]);
};

const COUNT = 3;
const pixels = Array.from({ length: COUNT * 784 }, (_, i) => i % 251);
const images = idxFile([COUNT, 28, 28], pixels);
const labels = idxFile([COUNT], [7, 2, 9]);

test('mnist: one channel of 28x28 from the official files, packed or not, with or without training files', async () => {
  const plain = folderOf('plain', { 't10k-images-idx3-ubyte': images, 't10k-labels-idx1-ubyte': labels });
  const packed = folderOf('packed', {
    't10k-images-idx3-ubyte.gz': gzipSync(images),
    't10k-labels-idx1-ubyte.gz': gzipSync(labels),
    'train-images.idx3-ubyte': images,
    'train-labels.idx1-ubyte': labels,
  });
  for (const [name, folder, train] of [
    ['mnist', plain, 0],
    ['fashion-mnist', packed, COUNT],
  ] as const) {
    const data = await openDataset(`${name}:${folder}`);
    assert.deepEqual([data.name, data.imageShape, data.sizes], [name, [28, 28, 1], { train, test: COUNT }]);
    const batch = data.batch({ indices: [2, 0] });
    assert.deepEqual([...batch.labels], [9, 7]);
    assert.deepEqual(
      [...batch.images.data.subarray(784, 790)],
      [0, 1, 2, 3, 4, 5].map((v) => Math.fround(v / 255)),
    );
  }
  process.env.ROGLAB_DATA = plain;
  assert.equal((await openDataset()).name, 'mnist');
  await assert.rejects(openDataset(`folder:${plain}`), /holds MNIST in its binary layout; open "mnist:/);
});

test('mnist refuses truncation, another kind of file, labels that do not fit', async () => {
  const bad: [string, Uint8Array, Uint8Array, RegExp][] = [
    ['cut', images.subarray(0, -1), labels, /t10k-images.*must hold 3x28x28 values, got 2351; it is truncated/],
    ['kind', Buffer.from('<html>'), labels, /must be an idx file of bytes in 3 dimensions/],
    ['swapped', labels, images, /must be an idx file of bytes in 3 dimensions/],
    ['huge', idxFile([2 ** 31, 2 ** 31, 2 ** 31], []), labels, /must hold .* values, got 0/],
    ['few', images, idxFile([2], [1, 2]), /must hold a label for each of the 3 images, got 2/],
    ['label', images, idxFile([3], [1, 10, 2]), /labels are 0 to 9; label 1 of .* is corrupt, got 10/],
    ['none', idxFile([0, 28, 28], []), idxFile([0], []), /must hold a label for each/],
  ];
  for (const [name, a, b, message] of bad) {
    const folder = folderOf(name, { 't10k-images-idx3-ubyte': a, 't10k-labels-idx1-ubyte': b });
    await assert.rejects(openDataset(`mnist:${folder}`), message, name);
  }
  const gz = folderOf('gz', {
    't10k-images-idx3-ubyte.gz': gzipSync(images).subarray(0, 50),
    't10k-labels-idx1-ubyte': labels,
  });
  await assert.rejects(openDataset(`mnist:${gz}`), /is truncated or corrupt \(unexpected end of file\)/);
  await assert.rejects(openDataset(`mnist:${root}`), /the folder of mnist must hold t10k-images-idx3-ubyte and/);
});

test('cifar100: the fine label of records with a coarse one before it', async () => {
  const record = (coarse: number, fine: number) => Buffer.concat([Buffer.of(coarse, fine), Buffer.alloc(3072, fine)]);
  const folder = folderOf('hundred', { 'test.bin': Buffer.concat([record(4, 0), record(11, 99)]) });
  const data = await openDataset(`cifar100:${folder}`);
  assert.deepEqual([data.classNames.length, data.sizes.test, data.imageShape], [100, 2, [32, 32, 3]]);
  const batch = data.batch({ indices: [1, 0] });
  // fine_label_names.txt of the archive begins with apple and ends with worm
  assert.deepEqual(
    [...batch.labels].map((label) => batch.classNames[label]),
    ['worm', 'apple'],
  );
  assert.equal(batch.images.data[0], Math.fround(99 / 255));
  writeFileSync(join(folder, 'test.bin'), record(1, 100));
  const wrong = await openDataset(`cifar100:${folder}`);
  assert.throws(() => wrong.batch(), /labels are 0 to 99; record 0 of .*test.bin is corrupt, got 100/);
});

test('cifar100, mnist and fashion-mnist: scenes of their size and channels stand in without files', async () => {
  for (const [name, shape] of [
    ['cifar100', [32, 32, 3]],
    ['mnist', [28, 28, 1]],
    ['fashion-mnist', [28, 28, 1]],
  ] as const) {
    const data = await openDataset(name, { download: false });
    assert.deepEqual([data.name, data.imageShape], ['scenes', shape]);
    assert.match(data.notice!, /stand in \(.*not in the cache/);
    await assert.rejects(openDataset(name, { download: false, fallback: 'none' }), /is not in the cache; To use/);
  }
});

test('channels: 1 makes luma of colour (BT.601), 3 repeats gray', async () => {
  const colour = (await openDataset('scenes')).batch({ seed: 3 }).images.data;
  const gray = await openDataset('scenes', { channels: 1 });
  const luma = gray.batch({ seed: 3 }).images;
  assert.deepEqual(luma.shape, [1, 32, 32, 1]);
  for (const i of [0, 500, 1023])
    assert.ok(
      Math.abs(luma.data[i]! - (0.299 * colour[3 * i]! + 0.587 * colour[3 * i + 1]! + 0.114 * colour[3 * i + 2]!)) <
        1e-6,
    );
  const three = await openDataset(`mnist:${join(root, 'plain')}`, { channels: 3 });
  assert.deepEqual(
    [...three.batch({ indices: [0] }).images.data.subarray(15, 18)],
    new Array(3).fill(Math.fround(5 / 255)),
  );
});

test('fetchIdx downloads four checked files, and openDataset finds them in the cache', async (t) => {
  const served: Record<string, Buffer> = {};
  const server = createServer((request, response) => void response.end(served[request.url!.slice(1)]));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  process.env.ROGLAB_CACHE = join(root, 'cache');
  for (const layout of [MNIST, FASHION_MNIST]) {
    const asset = (key: string) => {
      const real = assetOf(key);
      const bytes = gzipSync(key.includes('images') ? images : labels);
      served[real.name] = bytes;
      const md5 = createHash('md5').update(bytes).digest('hex');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${real.name}`;
      return { ...real, url, bytes: bytes.length, hash: { md5 } };
    };
    const folder = await fetchIdx(layout, {}, asset);
    assert.equal(readdirSync(folder).length, 5);
    const data = await openDataset(layout.name, { download: false, fallback: 'none' });
    assert.deepEqual(data.sizes, { train: 3, test: 3 });
    assert.match(data.source, /MNIST, the official files from 127.0.0.1/);
  }
  t.diagnostic('the official files themselves are not downloaded here');
});

test('photos: twelve photographs of any size up to 256, each a class', async () => {
  const data = await openDataset('photos', { size: 64 });
  assert.deepEqual([data.sizes, data.imageShape], [{ train: 0, test: 12 }, [64, 64, 3]]);
  const { images, labels, classNames } = data.batch({ size: 12, labels: 'distinct' });
  assert.equal(new Set(labels).size, 12);
  assert.ok(classNames.includes('astronaut'));
  const mean = images.data.reduce((sum, value) => sum + value, 0) / images.data.length;
  assert.ok(mean > 0.3 && mean < 0.6, `photographs are neither black nor white: ${mean}`);
  assert.deepEqual((await openDataset('photos', { size: 256 })).imageShape, [256, 256, 3]);
  assert.deepEqual((await openDataset('photos')).imageShape, [128, 128, 3]);
  await assert.rejects(openDataset('photos', { size: 257 }), /photos: size must be an integer from 16 to 256, got 257/);
});
