import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import type { NdArray } from '../../src/core/types.js';
import { LETTERS } from '../../src/report/glyphs.js';
import { imageGridPng, imagePng } from '../../src/report/image-grid.js';
import { fitText, textWidth, typeface, wrapText } from '../../src/report/lettering.js';
import { encodePng } from '../../src/report/png.js';

const batch = (shape: number[], seed = 0): NdArray => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => ((i * 37 + seed) % 256) / 255),
});
const decode = async (png: Uint8Array) => {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return {
    data,
    ...info,
    at: (x: number, y: number) => {
      const first = (y * info.width + x) * info.channels;
      return [...data.subarray(first, first + info.channels)];
    },
  };
};
/** Left top corners of the blocks of colour (r, 0, 0) in reading order, found in the decoded picture. */
const find = (picture: Awaited<ReturnType<typeof decode>>, colour: number[]): [number, number] | undefined => {
  for (let y = 0; y < picture.height; y++)
    for (let x = 0; x < picture.width; x++) if (String(picture.at(x, y)) === String(colour)) return [x, y];
  return undefined;
};

test('encodePng: another decoder reads back every pixel, repeated rows included', async () => {
  const width = 7;
  const data = Uint8Array.from(
    { length: width * 6 * 3 },
    (_, i) => (Math.floor(i / (width * 3 * 2)) * 91 + i * 13) % 256,
  );
  data.copyWithin(width * 3, 0, width * 3);
  const picture = await decode(encodePng({ width, height: 6, data }));
  assert.deepEqual([picture.width, picture.height, picture.channels], [width, 6, 3]);
  assert.deepEqual(new Uint8Array(picture.data), data);
});

test('encodePng: four channels keep their transparency', async () => {
  const data = Uint8Array.from({ length: 3 * 2 * 4 }, (_, i) => (i * 29) % 256);
  const picture = await decode(encodePng({ width: 3, height: 2, data, channels: 4 }));
  assert.deepEqual([picture.channels, [...picture.data]], [4, [...data]]);
});

test('imagePng: exactly the pixels of one image, grey as grey', async () => {
  const images = batch([3, 4, 5, 3], 11);
  const picture = await decode(imagePng(images, 2));
  assert.deepEqual(
    [...picture.data],
    Array.from(images.data.subarray(2 * 60), (v) => Math.round(v * 255)),
  );
  const grey = await decode(imagePng({ shape: [1, 1, 2, 1], data: Float32Array.of(0, 0.5) }));
  assert.deepEqual([...grey.data], [0, 0, 0, 128, 128, 128]);
  assert.throws(() => imagePng(images, 3), /imagePng: index must be an integer from 0 to 2, got 3/);
});

test('imageGridPng: every image stands in the picture, each pixel enlarged to a square of its own colour', async () => {
  const corner = (r: number, g: number): NdArray => {
    const image = batch([1, 4, 4, 3]);
    image.data.fill(0.5);
    image.data.set([r / 255, g / 255, 1]);
    return image;
  };
  const rows = [corner(10, 20), corner(30, 40)];
  const picture = await decode(
    imageGridPng(rows, { rows: ['private', 'rebuilt'], captions: [['a'], ['21.3 dB']], title: 'Title', scale: 10 }),
  );
  const places = [
    [10, 20, 255, 255],
    [30, 40, 255, 255],
  ].map((colour) => find(picture, colour)!);
  for (const [k, [x, y]] of places.entries())
    for (let dy = 0; dy < 80; dy += 1)
      for (let dx = 0; dx < 80; dx += 1) {
        const expected = dx < 20 && dy < 20 ? [k ? 30 : 10, k ? 40 : 20, 255, 255] : [128, 128, 128, 255];
        assert.deepEqual(picture.at(x + dx, y + dy), expected, `row ${k} pixel ${dx},${dy}`);
      }
  assert.equal(places[0]![0], places[1]![0], 'columns are aligned');
  assert.ok(places[1]![1] >= places[0]![1] + 80);
  assert.equal(picture.at(0, 0)[3], 0, 'the ground is transparent');
  for (const [x, y] of places) {
    const around = [picture.at(x - 1, y - 1), picture.at(x + 80, y + 80), picture.at(x + 40, y - 1)];
    assert.deepEqual(around, Array(3).fill([128, 128, 128, 96]), 'a hairline around each image');
  }
  const ink = (y0: number, y1: number) => {
    let dark = 0;
    for (let y = y0; y < y1; y++)
      for (let x = places[0]![0]; x < places[0]![0] + 80; x++) if (picture.at(x, y)[3]! > 100) dark++;
    return dark;
  };
  assert.ok(ink(places[1]![1] + 80, picture.height) > 50, 'the caption is written under its image');
});

test('imageGridPng: rows of different sizes fit the picture, long captions break at spaces', async () => {
  const grid = (caption: string) =>
    decode(
      imageGridPng([batch([12, 8, 8, 3]), batch([2, 32, 32, 1])], { maxColumns: 3, captions: [[], [caption, 'b']] }),
    );
  const [short, long] = [await grid('a'), await grid('a caption that is longer')];
  const bare = await decode(imageGridPng([batch([3, 8, 8, 3])]));
  assert.deepEqual([short.width, long.width], [bare.width, bare.width]);
  assert.equal(long.height - short.height, 30, 'two lines');
  assert.equal((await grid('one '.repeat(40))).height - short.height, 60, 'three at most');
  const word = await grid('incomprehensibilities');
  assert.ok(word.width > bare.width && word.height === short.height, 'a long word widens the column');
});

test('imageGridPng: no wider than a page at any number of columns: smaller images, then rows below', async () => {
  const numbered = (count: number): NdArray => {
    const images = batch([count, 8, 8, 3]);
    images.data.forEach((_, k) => {
      images.data[k] = [Math.floor(k / 192) / 255, 1, 0.2][k % 3]!;
    });
    return images;
  };
  const options = { rows: ['private'], maxColumns: 40 };
  for (const [count, scale, lines] of [
    [8, undefined, 1],
    [16, undefined, 2],
    [33, 10, 4],
  ] as const) {
    const picture = await decode(imageGridPng([numbered(count)], { ...options, ...(scale && { scale }) }));
    assert.ok(picture.width <= 1800, `${count} columns: ${picture.width}`);
    const first = new Map<number, number>();
    for (let i = 0; i < picture.data.length; i += 4)
      if (picture.data[i + 3] === 255 && picture.data[i + 1] === 255 && picture.data[i + 2] === 51)
        if (!first.has(picture.data[i]!)) first.set(picture.data[i]!, Math.floor(i / 4 / picture.width));
    assert.equal(first.size, count, 'every image is there');
    const rows = Array.from({ length: count }, (_, k) => first.get(k)!);
    assert.equal(new Set(rows).size, lines, `${count} columns: ${rows}`);
    assert.deepEqual(
      [...rows].sort((x, y) => x - y),
      rows,
      'in order',
    );
  }
  const captions = [Array.from({ length: 8 }, () => '17.0 dB, automobile')];
  const bare = await decode(imageGridPng([numbered(8)], { ...options, scale: 10 }));
  const told = await decode(imageGridPng([numbered(8)], { ...options, captions, scale: 10 }));
  assert.ok(told.width <= 1800 && told.height - bare.height === 64, 'captions break before the row does');
  const eight = await decode(imageGridPng([numbered(8)], options));
  assert.ok(eight.width > 8 * 160 && eight.width <= 1800, 'eight stand side by side, each 80 CSS pixels wide or more');
});

test('imageGridPng: messages name the argument and the rule', () => {
  const image = batch([1, 2, 2, 3]);
  assert.throws(() => imageGridPng(image as never), /must be a list of image batches.*write \[batch\.images\]/);
  assert.throws(
    () => imageGridPng([{ shape: [1, 1, 1, 1], data: Float32Array.of(2) }]),
    /pixels must lie in \[0, 1\], got 2/,
  );
  assert.throws(() => imageGridPng([batch([1, 2, 2, 2])]), /images must have 1 or 3 channels, got 2/);
  assert.throws(() => imageGridPng([image], { row: ['a'] } as never), /unknown option "row"; did you mean "rows"/);
  assert.throws(() => imageGridPng([image], { rows: ['a', 'b'] }), /rows must name all 1 rows/);
  assert.throws(() => imageGridPng([image], { scale: 0.3 }), /scale must be a positive multiple of 0\.5, got 0\.3/);
});

test('lettering: every letter that charts and captions use has a shape; lines are cut and wrapped to fit', () => {
  const face = typeface('regular');
  for (const letter of 'φ−×±·≤≥→αβλσ…°') assert.ok(LETTERS.includes(letter), letter);
  assert.equal(textWidth(face, 'é'), textWidth(face, 'é'.normalize('NFC')));
  assert.ok(textWidth(face, fitText(face, 'a very long caption indeed', 100)) <= 100);
  assert.equal(fitText(face, 'short', 500), 'short');
  const lines = wrapText(face, 'reconstructed from the 3-bit update', 160);
  assert.ok(lines.length > 1 && lines.every((line) => textWidth(face, line) <= 160));
  assert.equal(lines.join(' '), 'reconstructed from the 3-bit update');
});
