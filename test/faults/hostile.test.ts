/** Small files made to cost much: each is refused by a message, soon and without memory. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { unpack } from '../../src/assets/archive.js';
import { loadTensors } from '../../src/assets/index.js';
import { openDataset } from '../../src/data/index.js';
import { loadNetwork } from '../../src/models/index.js';
import { readNotebook } from '../../src/notebook/format.js';
import { semanticResults } from '../../src/studies/index.js';
import { readSweep } from '../../src/sweeps/file.js';
import { temporaryFolder } from '../assets/temporary.js';
import { legacyFile, op, pickle, stateDict, zip, zipFile } from '../assets/torch-files.js';
import { root as project } from '../fixtures.js';

const root = temporaryFolder();
let count = 0;
const place = (name: string, bytes: Uint8Array | string): string => {
  const path = join(root, String(count++), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
};

/** Refused with a message, within a second of processor time and without 200 MB more. */
async function refused(what: () => Promise<unknown>, message: RegExp): Promise<void> {
  const [began, before] = [process.cpuUsage(), process.resourceUsage().maxRSS];
  await assert.rejects(what, (error: Error) => {
    assert.equal(error.name, 'RoglabError', error.stack);
    assert.match(error.message, message);
    return true;
  });
  const { user, system } = process.cpuUsage(began);
  assert.ok((user + system) / 1e6 < 2, `${(user + system) / 1e6} s`);
  assert.ok(
    process.resourceUsage().maxRSS - before < 200 * 1024,
    `${(process.resourceUsage().maxRSS - before) / 1024} MB`,
  );
}

/** Lists of ten references to the list before: 10^n values from a few bytes. */
function laughing(levels: number): Buffer {
  const parts = [op.emptyList, op.put(0), op.mark, op.int(1), op.appends];
  for (let k = 1; k < levels; k++)
    parts.push(op.emptyList, op.put(k), op.mark, ...Array.from({ length: 10 }, () => op.get(k - 1)), op.appends);
  return pickle(...parts);
}

test('torch: nested memo lists', async () => {
  for (const write of [zipFile, legacyFile])
    await refused(
      () => loadTensors(place('x.pt', write([], laughing(7)))),
      /containers may hold at most 1000000 values/,
    );
  // an error that mentions a list which holds itself ends too
  const own = pickle(
    op.emptyList,
    op.put(0),
    op.mark,
    ...Array.from({ length: 9 }, () => op.get(0)),
    op.appends,
    op.persistent,
  );
  await refused(() => loadTensors(place('x.pt', zipFile([], own))), /persistent id must be a storage/);
});

test('torch: 3,000 views of one storage', async () => {
  const size = 100_000;
  const tensor = stateDict([{ name: 'w', shape: [size], data: new Float32Array(size) }], false);
  const object = tensor.subarray(4, -2); // without start, dict, mark and set, stop
  const views = Array.from({ length: 3000 }, (_, k) =>
    Buffer.concat([op.string(`w${k}`), object.subarray(op.string('w').length)]),
  );
  const bytes = zip([
    ['archive/data.pkl', pickle(op.emptyDict, op.mark, ...views, op.setItems)],
    ['archive/data/0', Buffer.alloc(4 * size)],
  ]);
  await refused(() => loadTensors(place('x.pt', bytes)), /the tensors may have at most \d+ entries, got 300000000/);
  const twice = zip([
    ['archive/data.pkl', pickle(op.emptyDict, op.mark, ...views.slice(0, 2), op.setItems)],
    ['archive/data/0', Buffer.alloc(4 * size)],
  ]);
  assert.equal((await loadTensors(place('x.pt', twice))).tensors.length, 2, 'tied weights load');
});

test('zip: 65,534 entries, and one that unpacks to gigabytes', async () => {
  const many = zip(Array.from({ length: 65_534 }, (_, k) => [`a/${k}.npy`, Buffer.of()] as const));
  await refused(() => loadTensors(place('x.npz', many)), /a zip may hold at most 16384 files, got 65534/);
  const zeros = deflateRawSync(Buffer.alloc(150_000_000));
  const bomb = Buffer.from(zip([['a.npy', zeros]], 8));
  for (const at of [bomb.indexOf('PK\x03\x04') + 22, bomb.indexOf('PK\x01\x02') + 24])
    bomb.writeUInt32LE(150_000_000, at);
  await refused(() => loadTensors(place('x.npz', bomb)), /a zip may unpack to at most \d+ bytes, got 150000000/);
});

test('npy: a thousand dimensions', async () => {
  const text = `{'descr': '<f4', 'fortran_order': True, 'shape': (${'1, '.repeat(1000)}), }\n`;
  const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, text.length & 255, text.length >> 8]);
  await refused(
    () => loadTensors(place('x.npy', Buffer.concat([head, Buffer.from(text), Buffer.alloc(4)]))),
    /at most 64 dimensions, got 1000/,
  );
});

test('safetensors: a header of 40 MB', async () => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(40_000_000n);
  const bytes = Buffer.concat([length, Buffer.from('{'), Buffer.alloc(39_999_999, 0x20)]);
  await refused(
    () => loadTensors(place('x.safetensors', bytes)),
    /a header may have at most 33554432 bytes, got 40000000/,
  );
});

test('pictures: 16000x16000 in 31 KB; SVG named .png; pipes and devices are not opened', async () => {
  const grey = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const huge = Buffer.from(grey);
  huge.writeUInt32BE(16_000, 16);
  huge.writeUInt32BE(16_000, 20);
  const folderOf = (name: string, bytes: Uint8Array | string): string =>
    `folder:${dirname(dirname(place(`a/${name}`, bytes)))}`;
  await refused(() => openDataset(folderOf('x.png', huge)), /x.png .*(at most 33554432 pixels|pixel limit|crc)/i);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40000" height="40000"><rect width="9" height="9"/></svg>`;
  await refused(() => openDataset(folderOf('x.png', svg)), /got "an SVG drawing"/);
  if (process.platform === 'win32') return;
  const pipe = place('a/y.txt', '');
  execFileSync('mkfifo', [join(dirname(pipe), 'x.png')]);
  await refused(() => openDataset(`folder:${dirname(dirname(pipe))}`), /no images in .*1 pipes or devices/);
  for (const name of ['labels.csv', 'classes.txt', 'SOURCE.txt']) {
    const set = dirname(place('x.png', grey));
    if (name !== 'labels.csv') writeFileSync(join(set, 'labels.csv'), 'x.png,1');
    execFileSync('mkfifo', [join(set, name)]);
    await refused(() => openDataset(`folder:${set}`), /must be a regular file/);
  }
  const state = join(root, 'state');
  execFileSync('mkfifo', [state]);
  await refused(() => loadTensors(state), /must be a regular file/);
  await refused(() => loadTensors('/dev/zero'), /must be a regular file/);
  for (const [name, read] of [
    ['n.ipynb', async (path: string) => readNotebook(path)],
    ['s.yaml', readSweep],
    ['s.json', readSweep],
    ['rogs.json', semanticResults],
    ['a.onnx', loadNetwork],
  ] as const) {
    const path = join(root, name);
    execFileSync('mkfifo', [path]);
    await refused(() => read(path), /must be a regular file|this is no file/);
  }
  const config = join(root, 'config.json');
  execFileSync('mkfifo', [config]);
  const { stderr } = spawnSync(process.execPath, [join(project, 'dist/src/cli.js'), 'audit', '--config', config], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.match(stderr, /roglab audit: .*config\.json must be a regular file/);
});

test('settings of sweeps: a file of megabytes, and aliases of aliases of aliases, are refused', async () => {
  await refused(() => readSweep(place('s.yaml', `phi: [${'none, '.repeat(400_000)}none]`)), /at most 1048576 bytes/);
  const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}*a${i}]`);
  await refused(
    () => readSweep(place('s.yaml', `a0: &a0 [none]\n${levels.join('\n')}\nphi: *a12\n`)),
    /cannot be read/,
  );
});

test('tar.gz: half a gigabyte of zeros', async () => {
  const zeros = Buffer.alloc(2 ** 24);
  const packed = gzipSync(zeros);
  const path = place('x.tar.gz', Buffer.concat(Array.from({ length: 32 }, () => packed)));
  const began = process.resourceUsage().maxRSS;
  await assert.rejects(unpack(path, join(root, 'out'), { files: ['a'] }), /truncated or corrupt/);
  assert.ok((process.resourceUsage().maxRSS - began) / 1024 < 400);
});

test('labels.csv: files outside its folder, a line of 4,000 spaces, a million lines', async () => {
  const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const secret = place('secret.png', png);
  const setOf = (text: string): string => {
    const csv = place('labels.csv', text);
    writeFileSync(join(dirname(csv), 'x.png'), png);
    return `folder:${dirname(csv)}`;
  };
  for (const name of [secret, '../secret.png', `../${count - 1}/secret.png`, './../../x', '..'])
    await refused(() => openDataset(setOf(`${name},1`)), /outside its folder|not there/);
  for (const text of [
    `x.png${' '.repeat(4000)}`,
    ' '.repeat(200_000),
    `${' '.repeat(4000)}x`,
    `"${' '.repeat(4000)}`,
    ','.repeat(100_000),
  ])
    await refused(() => openDataset(setOf(text)), /line 1 must be file,label|no images|leaves a quote open|not there/);
  await refused(() => openDataset(setOf('x.png,1\n'.repeat(500_000))), /line 2 names a file a second time/);
  await refused(() => openDataset(setOf('\n'.repeat(5_000_000))), /no images/);
});
