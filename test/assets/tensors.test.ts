import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTensors } from '../../src/assets/index.js';
import type { NamedArray } from '../../src/core/types.js';
import { root } from '../fixtures.js';
import { temporaryFolder } from './temporary.js';
import { zip } from './torch-files.js';

/** Files that numpy and PyTorch wrote (test/golden/tensor-files.py). */
const golden = JSON.parse(readFileSync(join(root, 'test/golden/tensor-files.json'), 'utf8')) as {
  files: {
    format: string;
    title: string;
    bytes: string;
    tensors: { name: string; shape: number[]; data: number[] }[];
  }[];
  refused: { title: string; bytes: string; says: string }[];
};

const folder = temporaryFolder();
const load = (bytes: Uint8Array) => {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  return loadTensors(path);
};
const plain = (tensors: readonly NamedArray[]) =>
  tensors.map(({ name, shape, data }) => ({ name, shape: [...shape], data: [...data] }));

for (const { format, title, bytes, tensors } of golden.files)
  test(`loadTensors: ${format}: ${title}`, async () => {
    const read = await load(Buffer.from(bytes, 'base64'));
    assert.equal(read.format, format);
    const rounded = tensors.map((tensor) => ({ ...tensor, data: tensor.data.map(Math.fround) }));
    assert.deepEqual(plain(read.tensors), rounded);
  });

for (const { title, bytes, says } of golden.refused)
  test(`loadTensors refuses ${title}`, async () => {
    await assert.rejects(load(Buffer.from(bytes, 'base64')), (error: Error) => error.message.includes(says));
  });

test('loadTensors: every truncation of every file is refused, and so is every flipped byte of a zip', async () => {
  for (const { title, bytes, format } of golden.files) {
    const whole = Buffer.from(bytes, 'base64');
    for (let cut = 0; cut < whole.length; cut += 1 + Math.floor(whole.length / 40)) {
      const several = /three times/.test(title) && [232, 408].some((end) => Math.abs(cut - end) < 200);
      if (!several) await assert.rejects(load(whole.subarray(0, cut)), /RoglabError/, `${title} cut at ${cut}`);
    }
    if (format !== 'npz') continue;
    const { tensors } = await load(whole);
    for (let at = 0; at < whole.length; at += 1 + Math.floor(whole.length / 60)) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 0x10;
      const read = await load(flipped).catch((error: Error) => error);
      if (!(read instanceof Error))
        assert.deepEqual(
          plain(read.tensors).map(({ data }) => data),
          plain(tensors).map(({ data }) => data),
          `${title} at ${at}`,
        );
      else assert.equal(read.name, 'RoglabError', `${title} at ${at}: ${read.message}`);
    }
  }
});

test('loadTensors says what a file is that holds no tensors', async () => {
  await assert.rejects(load(Buffer.from('hello, this is a text')), /no file of tensors, got "21 bytes"; PyTorch/);
  await assert.rejects(load(Buffer.alloc(0)), /no file of tensors, got "0 bytes"/);
  await assert.rejects(load(zip([['a.txt', Buffer.from('x')]])), /neither a PyTorch checkpoint nor numpy arrays/);
  await assert.rejects(loadTensors('/no/such/file.pt'), /cannot read \/no\/such\/file.pt: ENOENT/);
});
