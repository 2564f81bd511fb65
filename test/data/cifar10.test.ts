import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import type { Asset } from '../../src/assets/manifest.js';
import { fetchCifar10 } from '../../src/data/fetch-datasets.js';
import { openDataset } from '../../src/data/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { madeUpPixel, madeUpRecords, writeMadeUpCifar10 } from './made-up.js';

delete process.env.ROGLAB_DATA;
const root = temporaryFolder();
const folderOf = (name: string, train = true): string => {
  mkdirSync(join(root, name));
  writeMadeUpCifar10(join(root, name), train);
  return join(root, name);
};

test('cifar10: planes become interleaved pixels in [0, 1], with labels and class names', async () => {
  const data = await openDataset('cifar10', { root: folderOf('plain') });
  assert.deepEqual(data.sizes, { train: 20, test: 12 });
  const { images, labels, source } = data.batch({ indices: [11, 3] });
  assert.deepEqual(images.shape, [2, 32, 32, 3]);
  assert.deepEqual([...labels], [1, 3]);
  assert.deepEqual([...data.labels('test', [11, 3])], [1, 3]);
  assert.throws(() => data.labels('test', [12]), /positions in the test split are integers from 0 to 11, got 12/);
  assert.equal(source, 'cifar10 test 11,3');
  assert.equal(data.classNames[3], 'cat');
  const at = (31 * 32 + 5) * 3;
  const expected = madeUpPixel(11, 31, 5).map((value) => Math.fround(value / 255));
  assert.deepEqual([...images.data.subarray(at, at + 3)], expected);
  assert.equal(data.batch({ split: 'train', size: 20 }).labels.length, 20);
});

test('batch: a seed fixes the images, a larger batch extends a smaller one, nothing comes twice', async () => {
  const data = await openDataset(`cifar10:${join(root, 'plain')}`);
  const small = data.batch({ size: 3, seed: 7 });
  assert.deepEqual(data.batch({ size: 3, seed: 7 }), small);
  assert.notEqual(data.batch({ size: 3, seed: 8 }).source, small.source);
  const large = data.batch({ size: 12, seed: 7 });
  assert.deepEqual(large.images.data.subarray(0, small.images.data.length), small.images.data);
  assert.equal(new Set(large.source.split(' ')[2]!.split(',')).size, 12);
  assert.equal(new Set(data.batch({ size: 10, labels: 'distinct', seed: 2 }).labels).size, 10);
});

test('batch refuses what the data set does not have', async () => {
  const data = await openDataset(`cifar10:${folderOf('test only', false)}`);
  const refused: [object, RegExp][] = [
    [{ split: 'train' }, /the train split is empty; use split: 'test' \(12 images\)/],
    [{ size: 13 }, /size must be an integer from 1 to 12, got 13/],
    [{ size: 0 }, /size must be an integer from 1 to 12, got 0/],
    [{ size: 11, labels: 'distinct' }, /'distinct' allows a size of at most 10, one image per class, got 11/],
    [{ indices: [12] }, /positions in the test split are integers from 0 to 11, got 12/],
    [{ indices: [1], size: 2 }, /indices leave nothing to draw; remove size/],
    [{ split: 'tests' }, /split must be one of train, test, got "tests"; did you mean "test"/],
    [{ label: 'any' }, /unknown option "label"; did you mean "labels"/],
  ];
  for (const [options, message] of refused) assert.throws(() => data.batch(options), message);
});

test('cifar10 refuses truncated files, wrong labels and empty folders', async () => {
  const cut = folderOf('cut');
  writeFileSync(join(cut, 'data_batch_2.bin'), madeUpRecords(4).subarray(0, -7));
  await assert.rejects(
    openDataset(`cifar10:${cut}`),
    /data_batch_2.bin must hold whole records .* got "12285 bytes"; .*truncated/,
  );
  const empty = folderOf('empty');
  writeFileSync(join(empty, 'test_batch.bin'), '');
  await assert.rejects(openDataset(`cifar10:${empty}`), /test_batch.bin must hold whole records/);
  const wrong = folderOf('wrong');
  writeFileSync(join(wrong, 'test_batch.bin'), madeUpRecords(12, 11));
  const data = await openDataset(`cifar10:${wrong}`);
  assert.throws(() => data.batch(), /labels are 0 to 9; record 10 of .*test_batch.bin is corrupt, got 10/);
  await assert.rejects(
    openDataset('cifar10', { root }),
    /the folder of cifar10 must hold test_batch.bin .*for a folder of images use "folder:/,
  );
});

test('cifar10 says where its pixels come from and when training files are missing', async () => {
  const folder = folderOf('noted');
  rmSync(join(folder, 'data_batch_5.bin'));
  writeFileSync(join(folder, 'SOURCE.txt'), 'Made up.\n');
  const data = await openDataset('cifar10', { root: folder });
  assert.equal(data.source, 'Made up.');
  assert.match(data.notice!, /Only 4 of the 5 CIFAR-10 training files/);
});

const names = ['data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch'];
const tar = (records: (name: string) => Uint8Array, wanted = names): Uint8Array =>
  createTar(wanted.map((name) => ({ name: `cifar-10-batches-bin/${name}.bin`, data: records(name) })));

let served: Uint8Array = new Uint8Array(0);
const server = createServer((_, response) => void response.end(served));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());

/** Serves an archive with its true hash, into an empty cache. */
function serve(bytes: Uint8Array, cache: string): Asset {
  served = bytes;
  process.env.ROGLAB_CACHE = join(root, cache);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.tar.gz`;
  const md5 = createHash('md5').update(bytes).digest('hex');
  return { name: 'a.tar.gz', url, bytes: bytes.length, hash: { md5 }, licence: 'none' };
}

test('fetchCifar10 downloads and unpacks into the cache, where openDataset finds it', async () => {
  const asset = serve(gzipSync(tar(() => madeUpRecords(3))), 'cache');
  await fetchCifar10({}, asset);
  assert.deepEqual(readdirSync(join(root, 'cache')), ['cifar-10-batches-bin']);
  const data = await openDataset('cifar10', { fallback: 'none', download: false });
  assert.deepEqual(data.sizes, { train: 15, test: 3 });
  assert.match(data.source, /official binary archive from 127.0.0.1/);
});

test('fetchCifar10 refuses corrupt, truncated and incomplete archives, and leaves nothing half-written', async () => {
  const whole = gzipSync(tar(() => madeUpRecords(3)));
  const bad: [string, Uint8Array, RegExp][] = [
    [
      'truncated gzip',
      whole.subarray(0, whole.length / 2),
      /a.tar.gz is truncated or corrupt \(unexpected end of file\); delete/,
    ],
    ['no gzip', Buffer.from('<html></html>'), /a.tar.gz is truncated or corrupt \(incorrect header check\)/],
    ['truncated tar', gzipSync(tar(() => madeUpRecords(3)).subarray(0, 30_000)), /truncated or corrupt/],
    [
      'missing file',
      gzipSync(tar(() => madeUpRecords(3), names.slice(0, 5))),
      /must contain test_batch.bin; is it the right/,
    ],
    [
      'short file',
      gzipSync(tar((name) => madeUpRecords(3).subarray(name === 'test_batch' ? 9 : 0))),
      /must hold whole records/,
    ],
  ];
  for (const [cache, bytes, message] of bad) {
    await assert.rejects(fetchCifar10({}, serve(bytes, cache)), message, cache);
    assert.deepEqual(readdirSync(join(root, cache)), ['a.tar.gz'], cache);
  }
});
