import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import type { NdArray } from '../../src/core/types.js';
import { sanitize } from '../../src/notebook/page/sanitize.js';
import { encodeJpeg, photographGrid } from '../../src/report/photographs.js';
import { thumbnails } from '../../src/report/thumbnails.js';

/** Soft colours with an edge, another phase in every image. */
const photographs = (count: number, height: number, width: number, channels = 3): NdArray => ({
  shape: [count, height, width, channels],
  data: Float32Array.from({ length: count * height * width * channels }, (_, i) => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width) % height];
    return 0.5 + 0.3 * Math.sin(x / 7 + c + i / (height * width * channels)) + (y > height / 2 ? 0.2 : 0);
  }),
});

const pixels = (bytes: Uint8Array) => sharp(bytes).raw().toBuffer({ resolveWithObject: true });
const bytesOf = (html: string, kind: string): Buffer[] =>
  [...html.matchAll(new RegExp(`src="data:image/${kind};base64,([^"]*)"`, 'g'))].map(([, text]) =>
    Buffer.from(text!, 'base64'),
  );

test('encodeJpeg: another decoder reads the image asked for, in colour and grey, within 40 dB', async () => {
  for (const channels of [3, 1]) {
    const images = photographs(2, 64, 96, channels);
    const { data, info } = await pixels(encodeJpeg(images, 1));
    assert.deepEqual([info.width, info.height, info.channels], [96, 64, 3]);
    const start = 64 * 96 * channels;
    const squares = Array.from(data, (value, i) => {
      const at = start + Math.floor(i / 3) * channels + (channels === 3 ? i % 3 : 0);
      return (value / 255 - images.data[at]!) ** 2;
    });
    const error = squares.reduce((sum, square) => sum + square, 0) / squares.length;
    assert.ok(error < 1e-4, `mean squared error ${error} of ${channels} channels`);
  }
});

test('encodeJpeg: values beyond [0, 1] are clamped, every step-th pixel is taken', async () => {
  const images: NdArray = {
    shape: [1, 16, 16, 3],
    data: Float32Array.from({ length: 768 }, (_, i) => (i < 384 ? -1 : 2)),
  };
  const { data, info } = await pixels(encodeJpeg(images, 0, 2));
  assert.deepEqual([info.width, info.height], [8, 8]);
  assert.ok(data[0]! < 8 && data.at(-1)! > 247);
});

test('photographGrid: JPEGs in the order of the rows, small images by every pixel, names as text', async () => {
  const small = photographs(1, 8, 8);
  const marked: Uint8Array[] = [];
  const html = photographGrid([photographs(3, 64, 64), small], {
    title: '<T>',
    names: ['private', 'a & b'],
    headings: ['one', 'two', 'three'],
    captions: [['x', 'y', 'z'], ['21.3 dB']],
    columns: 2,
    zoom: [1, 14],
    png: (images, index) => {
      assert.deepEqual([images, index], [small, 0]);
      marked.push(Uint8Array.of(1, 2));
      return marked[0]!;
    },
  });
  assert.deepEqual([bytesOf(html, 'jpeg').length, bytesOf(html, 'png').length], [2, 1]);
  assert.deepEqual([...bytesOf(html, 'png')[0]!], [1, 2]);
  assert.deepEqual(bytesOf(html, 'jpeg')[1], Buffer.from(encodeJpeg(photographs(3, 64, 64), 1)));
  const text = html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  assert.equal(text, '&#60;T&#62; one two private x y a &#38; b 21.3 dB and 1 more');
  assert.equal(html.match(/image-rendering:pixelated/g)!.length, 1);
  assert.equal(bytesOf(sanitize(html), 'jpeg').length, 2, 'a page shows them too');
});

test('thumbnails: photographs are JPEGs 96 pixels high, a third of the bytes', async () => {
  const images = photographs(9, 128, 64);
  const shown = bytesOf(thumbnails(images), 'jpeg');
  assert.equal(shown.length, 8);
  assert.match(thumbnails(images), /width="48" height="96"/);
  assert.equal((await pixels(shown[0]!)).info.height, 64);
  assert.equal(bytesOf(thumbnails(photographs(1, 32, 32)), 'png').length, 1);
});
