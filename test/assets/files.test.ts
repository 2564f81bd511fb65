import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheFolder } from '../../src/assets/cache.js';
import { diskProblem, writeAtomic } from '../../src/assets/files.js';
import { assetOf } from '../../src/assets/manifest.js';
import { temporaryFolder } from './temporary.js';

const folder = temporaryFolder();

test('writeAtomic makes folders, replaces the file, and leaves no temporary file', async () => {
  const path = join(folder, 'a/b/file.txt');
  await writeAtomic(path, 'one');
  await Promise.all(['two', 'six', 'ten'].map((text) => writeAtomic(path, text)));
  assert.match(readFileSync(path, 'utf8'), /^(two|six|ten)$/);
  assert.deepEqual(readdirSync(join(folder, 'a/b')), ['file.txt']);
});

test('writeAtomic: many at once make the same new folders', async () => {
  const folder = temporaryFolder();
  const names = Array.from({ length: 40 }, (_, i) => `a/b/c/${i}`);
  await Promise.all(names.map((name) => writeAtomic(join(folder, name), name)));
  for (const name of names) assert.equal(readFileSync(join(folder, name), 'utf8'), name);
});

test('writeAtomic keeps what was there when it fails', async () => {
  mkdirSync(join(folder, 'c/taken'), { recursive: true });
  await assert.rejects(writeAtomic(join(folder, 'c/taken'), 'text'), /cannot write .*taken: that is a folder/);
  writeFileSync(join(folder, 'plain'), '');
  await assert.rejects(writeAtomic(join(folder, 'plain/file'), 'text'), /a part of the path is a file/);
  assert.deepEqual(readdirSync(join(folder, 'c')), ['taken']);
});

test('diskProblem explains a full disk and passes other errors on', () => {
  const full = Object.assign(new Error('x'), { code: 'ENOSPC' });
  assert.match(diskProblem('download', '/big', full).message, /^download: cannot write \/big: the disk is full; free/);
  const other = new Error('other');
  assert.equal(diskProblem('download', '/big', other), other);
});

test('cacheFolder follows ROGLAB_CACHE, then XDG_CACHE_HOME, then the system', () => {
  assert.equal(cacheFolder({ ROGLAB_CACHE: '/r', XDG_CACHE_HOME: '/x' }), '/r');
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/x' }), join('/x', 'roglab'));
  assert.match(cacheFolder({}, 'linux'), /\.cache.roglab$/);
  assert.match(cacheFolder({}, 'darwin'), /Library.Caches.roglab$/);
});

test('assetOf reads the manifest and refuses unknown and broken entries', () => {
  assert.deepEqual(assetOf('cifar10').hash, { md5: 'c32a1d4ab5d03f1284b67883e8d87530' });
  assert.throws(() => assetOf('cifar'), /key must be one of .*did you mean "cifar10"/);
  assert.throws(() => assetOf('x', { x: { name: 'x', url: 'y', bytes: 1 } }), /entry x needs name, url, bytes, hash/);
});
