import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { decodeImage, encodePng, imageHead } from '../../src/assets/pictures/index.js';
import { openDataset } from '../../src/data/index.js';
import { temporaryFolder } from '../assets/temporary.js';

const root = temporaryFolder();
let count = 0;
type Files = Readonly<Record<string, string | Uint8Array>>;

function folderOf(files: Files): string {
  const folder = join(root, `set${count++}`);
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const BLUE = [0, 0, 255];
const WHITE = [255, 255, 255];
/** The example of Wikipedia's article on the BMP file format: blue and green above red and white. */
const BMP = Buffer.from(
  '424d460000000000000036000000280000000200000002000000010018000000000010000000130b0000130b00000000000000000000' +
    '0000ffffffff0000ff000000ff000000',
  'hex',
);
const COLOURS = [...BLUE, ...GREEN, ...RED, ...WHITE];

/** A bitmap of 32-bit header fields, rows as they lie in the file. */
function bitmap(
  bits: number,
  width: number,
  height: number,
  rest: number[],
  { compression = 0, colours = 0 } = {},
): Buffer {
  const head = Buffer.alloc(54);
  head.write('BM');
  head.writeUInt32LE(Math.max(54, 54 + rest.length - Math.abs(height) * Math.ceil((width * bits) / 32) * 4), 10);
  for (const [at, value] of [
    [14, 40],
    [18, width],
    [22, height],
    [30, compression],
    [46, colours],
  ] as const)
    head.writeInt32LE(value, at);
  head.writeUInt16LE(bits, 28);
  return Buffer.concat([head, Buffer.from(rest)]);
}

test('decodeImage: bitmaps of 1, 4, 8, 16, 24 and 32 bits, from below and from above', async () => {
  assert.deepEqual([...(await decodeImage(BMP)).data], COLOURS);
  const palette = [...[0, 0, 255, 0], ...[255, 0, 0, 0]]; // blue, green, red, unused: red and blue
  const cases: [string, Buffer, number[]][] = [
    ['1 bit', bitmap(1, 2, 1, [...palette, 0b01000000, 0, 0, 0], { colours: 2 }), [...RED, ...BLUE]],
    ['4 bits', bitmap(4, 2, 1, [...palette, 0x10, 0, 0, 0], { colours: 2 }), [...BLUE, ...RED]],
    ['8 bits', bitmap(8, 2, 1, [...palette, 1, 0, 0, 0], { colours: 2 }), [...BLUE, ...RED]],
    ['16 bits, five each', bitmap(16, 2, 1, [0x00, 0x7c, 0x1f, 0x00]), [...RED, ...BLUE]],
    [
      '16 bits, 5-6-5',
      bitmap(16, 1, 1, [0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 0x1f, 0, 0, 0, 0xe0, 0x07, 0, 0], { compression: 3 }),
      GREEN,
    ],
    ['32 bits', bitmap(32, 1, -2, [0, 0, 255, 0, 255, 0, 0, 0]), [...RED, ...BLUE]],
  ];
  for (const [what, bytes, expected] of cases) assert.deepEqual([...(await decodeImage(bytes)).data], expected, what);
});

test('decodeImage: pbm, pgm and ppm, as text and binary, of 8 and 16 bits', async () => {
  const cases: [string, string | Buffer, number[]][] = [
    ['P1', 'P1\n# a comment\n3 1\n1 0 1\n', [0, 255, 0]],
    ['P1 without spaces', 'P1 3 1 101', [0, 255, 0]],
    ['P4', Buffer.concat([Buffer.from('P4\n3 1\n'), Buffer.of(0b10100000)]), [0, 255, 0]],
    ['P2', 'P2 2 1 15 0 15', [0, 255]],
    ['P5', Buffer.concat([Buffer.from('P5 2 1 255\n'), Buffer.of(7, 200)]), [7, 200]],
    ['P5, 16 bits', Buffer.concat([Buffer.from('P5 1 1 65535\n'), Buffer.of(0x80, 0x40)]), [128]],
  ];
  for (const [what, bytes, gray] of cases) {
    const { data } = await decodeImage(Buffer.from(bytes));
    assert.deepEqual(
      [...data],
      gray.flatMap((value) => [value, value, value]),
      what,
    );
    assert.equal((await imageHead(Buffer.from(bytes))).channels, 1);
  }
  assert.deepEqual([...(await decodeImage(Buffer.from('P3 2 1 255 255 0 0 0 255 0'))).data], [...RED, ...GREEN]);
});

test('bitmaps and pixmaps: every truncation and hostile header is refused by a message', async () => {
  const ppm = Buffer.concat([Buffer.from('P6 2 2 255\n'), Buffer.from(COLOURS)]);
  for (const whole of [BMP, ppm])
    for (let length = 0; length < whole.length - (whole === BMP ? 2 : 0); length++)
      await assert.rejects(decodeImage(whole.subarray(0, length)), { name: 'RoglabError' }, `${length}`);
  const hostile: [Buffer, RegExp][] = [
    [bitmap(24, 70_000, 70_000, []), /at most 33554432 pixels, got "70000x70000"/],
    [bitmap(24, 0, 1, []), /at least one pixel/],
    [bitmap(8, 4, 4, [1, 2], { compression: 1 }), /only bitmaps without compression are read, got 1; save it as PNG/],
    [bitmap(8, 1, 1, [0, 0, 255, 0, 9, 0, 0, 0], { colours: 1 }), /the palette has 1 colours, got 9/],
    [Buffer.from('P6 99999 99999 255\n'), /at most 33554432 pixels/],
    [Buffer.from('P5 1 1 70000\n1'), /largest value must be from 1 to 65535/],
    [Buffer.from('P2 1 1 5 9'), /values are 0 to 5, got 9/],
    [Buffer.from(`P6 ${'#'.repeat(5000)}\n1 1 255\n123`), /a whole number must stand/],
  ];
  for (const [bytes, message] of hostile) await assert.rejects(decodeImage(bytes), message);
});

test('what a picture is is read from its bytes: a drawing or a web page named .png is refused by name', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  const png = await encodePng({ width: 8, height: 8, data: new Uint8Array(192) });
  await assert.rejects(openDataset(`folder:${folderOf({ 'a/x.png': svg })}`), /x.png .*got "an SVG drawing"/);
  await assert.rejects(openDataset(`folder:${folderOf({ 'a/x.jpg': '<html>' })}`), /got "a web page"/);
  await assert.rejects(openDataset(`folder:${folderOf({ 'a/x.bmp': '' })}`), /got "an empty file"/);
  const data = await openDataset(`folder:${folderOf({ 'a/really-png.bmp': png, 'b/x.BMP': png })}`);
  assert.equal(data.sizes.test, 2);
});

test('a picture of 16000x16000 in 31 KB is refused by its header', async () => {
  const wide = await sharp({ create: { width: 16_000, height: 2_100, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  await assert.rejects(decodeImage(wide), /at most 33554432 pixels|pixel limit/);
});

const png = await encodePng({ width: 8, height: 8, data: new Uint8Array(192).fill(90) });

test('folder: what is not read is counted by kind', async () => {
  const folder = folderOf({
    ...{ 'a/1.png': png, 'a/2.heic': 'x', 'a/3.heic': 'x', 'a/notes.txt': 'x', 'a/Makefile': 'x', 'a/deep/4.png': png },
    ...{ 'b/5.ppm': 'P3 8 8 1 '.padEnd(9 + 2 * 192, '1 '), '.hidden/6.png': png, 'beside.png': png, 'README.md': 'x' },
  });
  const outside = folderOf({ 'secret.png': png });
  symlinkSync(join(outside, 'secret.png'), join(folder, 'a/link.png'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'a/pipe.png')]);
  const { notice, sizes } = await openDataset(`folder:${folder}`);
  assert.equal(sizes.test, 2);
  for (const part of [
    ...['2 .heic', '1 .txt', '1 files without an ending', '1 folders inside a class', '1 hidden'],
    ...['1 pictures beside the class folders', '1 files beside the class folders', '1 links that lead outside'],
    ...(process.platform === 'win32' ? [] : ['1 pipes or devices']),
  ])
    assert.ok(notice!.includes(part), `${part} in ${notice}`);
  await assert.rejects(openDataset(`folder:${folderOf({ 'a/2.heic': 'x' })}`), /no images in .*\(not read: 1 .heic\)/);
});

test('folder: one class is said to be of no use; with more classes it is not', async () => {
  const { notice } = await openDataset(`folder:${folderOf({ 'cats/1.png': png, 'cats/2.png': png })}`);
  assert.match(notice!, /All 2 images are of one class, "cats": .* no update to attack/);
  const numbered = folderOf({ 'x.png': png, 'labels.csv': 'x.png,0' });
  assert.match((await openDataset(`folder:${numbered}`)).notice!, /one class/);
  assert.equal((await openDataset(`folder:${numbered}`, { classes: 10 })).notice, undefined);
});

test('folder: gray pictures stay one channel, and channels decides', async () => {
  const gray = Buffer.from('P2 8 8 255 '.padEnd(11 + 64 * 4, '100 '));
  const all = folderOf({ 'a/1.pgm': gray, 'b/2.pgm': gray });
  assert.deepEqual((await openDataset(`folder:${all}`)).imageShape, [8, 8, 1]);
  assert.deepEqual((await openDataset(`folder:${all}`, { channels: 3 })).imageShape, [8, 8, 3]);
  assert.equal((await openDataset(`folder:${all}`)).batch().images.data[9], Math.fround(100 / 255));
  const mixed = folderOf({ 'a/1.pgm': gray, 'b/2.png': png });
  assert.deepEqual((await openDataset(`folder:${mixed}`)).imageShape, [8, 8, 3]);
  assert.deepEqual((await openDataset(`folder:${mixed}`, { channels: 1 })).imageShape, [8, 8, 1]);
});

test('labels.csv: columns by their names, ids without endings, quotes', async () => {
  const lists: string[] = [
    'id,breed\n1,dog\n2,cat\n',
    'image_id,width,label\n1.png,8,dog\n2.png,8,cat\n',
    'Label,Image Name\ndog,1.png\ncat,"2.png"\n',
    '1.png,dog\r\n\r\n "2.png" , "cat"\r\n',
  ];
  for (const text of lists) {
    const folder = folderOf({ 'train/1.png': png, 'train/2.png': png, '1.png': png, '2.png': png, 'labels.csv': text });
    const { classNames, batch } = await openDataset(`folder:${folder}`);
    assert.deepEqual(
      [classNames, [...batch({ indices: [0, 1] }).labels]],
      [
        ['cat', 'dog'],
        [1, 0],
      ],
      text,
    );
  }
  const inside = folderOf({ 'train/1.png': png, 'labels.csv': 'id,label\n1,3\n' });
  assert.equal((await openDataset(`folder:${inside}`)).batch().labels[0], 3);
});

test('labels.csv: files outside the folder, twice named, long lines and pixels are refused by line', async () => {
  const outside = folderOf({ 'secret.png': png });
  const linked = folderOf({ 'labels.csv': 'link.png,1' });
  symlinkSync(join(outside, 'secret.png'), join(linked, 'link.png'));
  await assert.rejects(openDataset(`folder:${linked}`), /line 1 names a file outside its folder, got "link.png"/);
  const refused: [string, RegExp][] = [
    ['../secret.png,1', /line 1 names a file outside its folder, got "..\/secret.png"/],
    ['a/../../x.png,1', /line 1 names a file outside its folder/],
    ['x.png,1\nx.png,2', /line 2 names a file a second time, got "x.png"/],
    [`x.png${' '.repeat(2_000_000)},1`, /line 1 may have at most 1048576 bytes/],
    ['x.png,"1', /line 1 leaves a quote open/],
    ['label,pixel0,pixel1\n1,2,3', /holds pixels, not the names of files; open "csv:/],
    ['x.png\0,1', /line 1 names a file that is not there/],
  ];
  for (const [text, message] of refused)
    await assert.rejects(openDataset(`folder:${folderOf({ 'x.png': png, 'labels.csv': text })}`), message);
});

test('csv: a table of labels and pixels, gray or in colour', async () => {
  const row = (label: string, n: number) => `${label},${Array.from({ length: n }, (_, i) => i).join()}`;
  const header = (n: number) => `label,${Array.from({ length: n }, (_, i) => `pixel${i}`).join()}`;
  const gray = join(folderOf({ 'train.csv': `${header(16)}\n${row('3', 16)}\n${row('0', 16)}\n` }), 'train.csv');
  const data = await openDataset(`csv:${gray}`);
  assert.deepEqual([data.imageShape, data.sizes.test, data.classNames.length], [[4, 4, 1], 2, 4]);
  const { images, labels } = data.batch({ indices: [1, 0] });
  assert.deepEqual([[...labels], images.data[5]], [[0, 3], Math.fround(5 / 255)]);
  const colour = join(folderOf({ 'c.csv': `${header(12)}\n${row('a', 12)}\n${row('b', 12)}` }), 'c.csv');
  assert.deepEqual((await openDataset(`csv:${colour}`)).imageShape, [2, 2, 3]);
  const refused: [string, RegExp][] = [
    ['a,b\n1,2', /the first line must name a column label and columns pixel0/],
    [`${header(15)}\n${row('1', 15)}`, /the pixels must be those of a square picture, got 15/],
    [`${header(4)}\n1,0,0,0`, /line 2, column 5 must be a whole number from 0 to 255, got ""/],
    [`${header(4)}\n1,0,0,0,256`, /line 2, column 5 must be a whole number from 0 to 255, got "256"/],
    [header(4), /must have a header and one row at least/],
  ];
  for (const [text, message] of refused)
    await assert.rejects(openDataset(`csv:${join(folderOf({ 'x.csv': text }), 'x.csv')}`), message);
  await assert.rejects(openDataset('csv:/nowhere.csv'), /csv:FILE needs a file that exists/);
});
