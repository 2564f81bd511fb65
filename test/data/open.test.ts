import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { openDataset } from '../../src/data/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { shared } from '../fixtures.js';
import { writeMadeUpCifar10 } from './made-up.js';

const root = temporaryFolder();
const cifar = join(root, 'cifar-10-batches-bin');
mkdirSync(cifar);
writeMadeUpCifar10(cifar);
beforeEach(() => {
  delete process.env.ROGLAB_DATA;
  process.env.ROGLAB_CACHE = join(root, 'empty cache');
});

test('openDataset: without CIFAR-10, scenes stand in and the notice says so', async () => {
  const data = await openDataset('cifar10', { download: false });
  assert.equal(data.name, 'scenes');
  assert.deepEqual(data.imageShape, [32, 32, 3]);
  assert.match(data.notice!, /procedural scenes stand in \(.*not in the cache.*set ROGLAB_DATA/);
  assert.equal((await openDataset('scenes')).notice, undefined);
});

test('openDataset: with a cache that cannot be used scenes stand in, and the notice says why', async () => {
  const taken = join(root, 'a file');
  writeFileSync(taken, '');
  for (const [cache, reason] of [
    [taken, /a part of the path is a file/],
    [join(taken, 'below'), /a part of the path is a file/],
    ['/proc/nowhere', /there is no such folder|no permission/],
  ] as const) {
    if (cache.startsWith('/proc') && !existsSync('/proc/self')) continue;
    process.env.ROGLAB_CACHE = cache;
    for (const name of ['cifar10', 'mnist']) {
      const data = await openDataset(name);
      assert.equal(data.name, 'scenes');
      assert.match(data.notice!, reason);
      await assert.rejects(openDataset(name, { fallback: 'none' }), reason);
      const photos = await openDataset(name, { fallback: 'photos' });
      assert.deepEqual([photos.name, photos.imageShape], ['photos', [48, 48, name === 'mnist' ? 1 : 3]]);
      assert.match(photos.notice!, /twelve built-in photographs stand in/);
    }
  }
});

test("openDataset: fallback 'none' throws", async () => {
  await assert.rejects(
    openDataset('cifar10', { download: false, fallback: 'none' }),
    /cifar10 is not in the cache; To use/,
  );
});

test('openDataset: ROGLAB_DATA gives the folder of CIFAR-10, or the name of a data set', async () => {
  const open = async (value: string, name?: string) => {
    process.env.ROGLAB_DATA = value;
    return (await openDataset(name, { download: false })).name;
  };
  assert.equal(await open(root), 'cifar10');
  assert.equal(await open(cifar, 'cifar10'), 'cifar10');
  assert.equal(await open(`cifar10:${cifar}`), 'cifar10');
  assert.equal(await open('scenes'), 'scenes');
  assert.equal(await open(cifar, 'scenes'), 'scenes');
  await assert.rejects(
    open('scene'),
    /ROGLAB_DATA: must be cifar10, .*photos, scenes, folder:DIR, csv:FILE, or the folder .*, got "scene"/,
  );
  await assert.rejects(open(`folder:${cifar}`), /holds CIFAR-10 in its binary layout; open "cifar10:/);
});

test('openDataset refuses unknown names, options and sizes', async () => {
  const refused: [Promise<unknown>, RegExp][] = [
    [
      openDataset('cifar'),
      new RegExp(
        'name must be one of cifar10, cifar100, mnist, fashion-mnist, photos, scenes, folder, csv, ' +
          'got "cifar"; did you mean "cifar10"',
      ),
    ],
    [openDataset('photo'), /did you mean "photos"/],
    [openDataset(5 as never), /the name must be a text, got "5"; one of cifar10/],
    [openDataset({ layers: [], parameters: [], name: 'own' } as never), /the name must be a text, got "a model \(/],
    [openDataset('/no/such/table.csv'), /a path needs the kind of its data before it.*"csv:\/no\/such\/table.csv"/],
    [openDataset('C:\\pictures'), /a path needs the kind of its data before it.*did you mean "folder:C:/],
    [openDataset('scenes', { channels: 2 as never }), /channels must be 1 or 3, got 2/],
    [openDataset('scenes', { sise: 32 } as never), /unknown option "sise"; did you mean "size"/],
    [
      openDataset('cifar10', { size: 64 }),
      /cifar10 has images of size 32, got 64; use 'photos', 'scenes' or 'folder:DIR'/,
    ],
    [openDataset('scenes', { size: 15 }), /size must be an integer from 16 to 256, got 15/],
    [
      openDataset('cifar10', { fallback: 'scene' as never }),
      /fallback must be one of scenes, photos, none.*did you mean "scenes"/,
    ],
  ];
  for (const [opened, message] of refused) await assert.rejects(opened, message);
});

const photos = shared('data/imagenet-val-128');
test('openDataset reads the photos beside the checkout', async (t) => {
  const data = await openDataset(`folder:${photos}`, { classes: 1000 }).catch(() => undefined);
  if (!data) return t.skip(`no ${photos}`);
  assert.deepEqual([data.sizes.test, data.imageShape, data.classNames.length], [16, [128, 128, 3], 1000]);
  const { images } = data.batch({ size: 16 });
  const mean = images.data.reduce((sum, value) => sum + value, 0) / images.data.length;
  assert.ok(mean > 0.3 && mean < 0.6, `photographs are neither black nor white: ${mean}`);
});
