import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { decodeImage, encodePng } from '../../src/assets/pictures/index.js';
import { openDataset } from '../../src/data/index.js';
import { temporaryFolder } from '../assets/temporary.js';

const root = temporaryFolder();
let count = 0;

/** A folder with images of one colour each: path -> [width, height, r, g, b], or the text of a file. */
async function folderOf(
  files: Record<string, readonly [number, number, number, number, number] | string>,
): Promise<string> {
  const folder = join(root, `set${count++}`);
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (typeof content === 'string') {
      writeFileSync(join(folder, path), content);
      continue;
    }
    const [width, height, ...colour] = content;
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!);
    writeFileSync(join(folder, path), await encodePng({ width, height, data }));
  }
  return folder;
}

const RED = [10, 10, 255, 0, 0] as const;
const BLUE = [10, 10, 0, 0, 255] as const;
const open = (folder: string, options = {}) => openDataset(`folder:${folder}`, options);

test('folder: one sub-folder per class, in the order of the names, at the own size of the images', async () => {
  const folder = await folderOf({ 'zebra/a.png': RED, 'ant/b.PNG': BLUE, 'ant/notes.txt': 'x', '.hidden/c.png': RED });
  const data = await open(folder);
  assert.deepEqual(data.classNames, ['ant', 'zebra']);
  assert.deepEqual([data.imageShape, data.sizes], [[10, 10, 3], { train: 0, test: 2 }]);
  const { images, labels } = data.batch({ indices: [0, 1] });
  assert.deepEqual([...labels], [0, 1]);
  assert.deepEqual([...images.data.subarray(0, 3), ...images.data.subarray(300, 303)], [0, 0, 1, 1, 0, 0]);
  assert.throws(() => data.batch({ split: 'train' }), /the train split is empty; use split: 'test' \(2 images\)/);
});

test('folder: images of several sizes become 128, or the size that is asked for, by the centre square', async () => {
  const folder = await folderOf({ 'a/x.png': RED, 'a/y.png': [30, 20, 0, 255, 0] });
  assert.deepEqual((await open(folder)).imageShape, [128, 128, 3]);
  const small = await open(folder, { size: 16 });
  assert.deepEqual(small.batch({ size: 2 }).images.shape, [2, 16, 16, 3]);
  // left and right thirds black, the middle white: only the middle is left
  const wide = Uint8Array.from({ length: 60 * 20 * 3 }, (_, i) =>
    Math.floor(i / 3) % 60 >= 20 && Math.floor(i / 3) % 60 < 40 ? 255 : 0,
  );
  const { data } = await decodeImage(await encodePng({ width: 60, height: 20, data: wide }), 20);
  assert.ok(data.every((value) => value === 255));
});

test('folder: labels.csv with names or numbers, classes.txt and the option classes', async () => {
  const named = await folderOf({
    'x.png': RED,
    'y.png': BLUE,
    'labels.csv': 'file,label\r\nx.png,dog\r\n"y.png", cat\r\n',
  });
  const { labels, classNames } = (await open(named)).batch({ indices: [0, 1] });
  assert.deepEqual(
    [[...labels], classNames],
    [
      [1, 0],
      ['cat', 'dog'],
    ],
  );
  const numbered = await folderOf({ 'x.png': RED, 'labels.csv': 'x.png,2', 'classes.txt': 'ant\nbee\ncow\ndog\n' });
  const data = await open(numbered);
  assert.deepEqual([data.batch().labels[0], data.classNames], [2, ['ant', 'bee', 'cow', 'dog']]);
  assert.deepEqual((await open(numbered, { classes: 5 })).classNames[4], '4');
  await assert.rejects(
    open(numbered, { classes: 2 }),
    /classes must be an integer from 3 to .*, got 2; the largest label is 2/,
  );
  await assert.rejects(open(named, { classes: 3 }), /classes must be 2, the number of class names, got 3/);
});

test('folder: train and test sub-folders are the splits and share their classes', async () => {
  const data = await open(await folderOf({ 'train/a/1.png': RED, 'train/b/2.png': RED, 'test/b/3.png': BLUE }));
  assert.deepEqual([data.sizes, data.classNames], [{ train: 2, test: 1 }, ['a', 'b']]);
  assert.deepEqual([data.batch().labels[0], data.batch().images.data[2]], [1, 1]);
});

/** A PNG of 4x4 equal grey pixels, one channel of 8 or 16 bits. */
function greyPng(depth: 8 | 16, value: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const pixel = depth === 8 ? [value >> 8] : [value >> 8, value & 255];
  const row = [0, ...pixel, ...pixel, ...pixel, ...pixel];
  const header = Buffer.of(0, 0, 0, 4, 0, 0, 0, 4, depth, 0, 0, 0, 0);
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const pixels = deflateSync(Buffer.from([...row, ...row, ...row, ...row]));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

test('decodeImage: grey of 8 and 16 bits and transparency become three 8-bit channels', async () => {
  for (const depth of [8, 16] as const)
    assert.deepEqual([...(await decodeImage(greyPng(depth, 0x8040))).data], new Array(48).fill(128), `${depth} bits`);
  const clear = await sharp({ create: { width: 4, height: 4, channels: 4, background: '#00000000' } })
    .png()
    .toBuffer();
  assert.deepEqual([...(await decodeImage(clear)).data], new Array(48).fill(255));
});

test('folder refuses what it cannot use, by name', async () => {
  const text = await folderOf({ 'a/fine.png': RED, 'a/broken.png': 'no picture' });
  await assert.rejects(open(text), /cannot read the image .*broken.png \(.*\); remove or replace it/);
  const bytes = await encodePng({
    width: 64,
    height: 64,
    data: new Uint8Array(64 * 64 * 3).map((_, i) => (i * 7919) % 256),
  });
  const cut = await folderOf({ 'a/fine.png': RED });
  writeFileSync(join(cut, 'a/cut.png'), bytes.subarray(0, bytes.length / 2));
  await assert.rejects(open(cut), /cannot read the image .*cut.png/);
  await assert.rejects(open(await folderOf({})), /no images in .*one sub-folder per class, or labels.csv/);
  await assert.rejects(open(await folderOf({ 'a/b.txt': 'x' })), /no images in/);
  await assert.rejects(open(join(root, 'nowhere')), /folder:DIR needs a folder that exists, got ".*nowhere"/);
  await assert.rejects(openDataset('folder'), /folder:DIR needs a folder that exists/);
  await assert.rejects(
    open(await folderOf({ 'labels.csv': 'file,label\nx.png,1' })),
    /line 2 names a file that is not there, got "x.png"/,
  );
  await assert.rejects(
    open(await folderOf({ 'labels.csv': 'file,label\nnothing' })),
    /labels.csv: line 2 must be file,label, got "nothing"/,
  );
  await assert.rejects(open(text, { size: 4 }), /size must be an integer from 8 to 1024, got 4/);
});
