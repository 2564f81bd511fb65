/** Pictures and packed data that cost their decoder more than their size says: refused, or read cheaply. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { LIMITS } from '../../src/assets/limits.js';
import { temporaryFolder } from '../assets/temporary.js';
import { root as project } from '../fixtures.js';

const root = temporaryFolder();
let count = 0;

/** What a process of its own says on opening a data set, with its seconds of processor and its peak in MB. */
function opened(kind: string, files: Readonly<Record<string, Uint8Array>>) {
  const folder = join(root, String(count++));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  const code = `import { existsSync, readFileSync } from 'node:fs';
    const { openDataset } = await import(${JSON.stringify(join(project, 'dist/src/data/index.js'))});
    const began = process.cpuUsage();
    const said = await openDataset(${JSON.stringify(`${kind}:${folder}`)}).then(
      ({ imageShape }) => imageShape.join('x'), ({ name, message }) => name + ' ' + message);
    const { user, system } = process.cpuUsage(began);
    // what a process starts with in maxRSS is its parent's
    const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
    const peak = (/VmHWM:\\s+(\\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS) / 1024;
    console.log(JSON.stringify({ said, cpu: (user + system) / 1e6, peak }));
    process.exit(0);`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 60_000 });
  return JSON.parse(run.stdout || `{"said": ${JSON.stringify(`no end: ${run.stderr}`)}}`);
}

function costs(kind: string, files: Readonly<Record<string, Uint8Array>>, says: RegExp, seconds = 2): void {
  const { said, cpu, peak } = opened(kind, files);
  assert.match(said, says);
  assert.ok(cpu < seconds, `${cpu} s`);
  assert.ok(peak < 512, `${peak} MB`);
}

const picture = (ending: string, bytes: Uint8Array, says: RegExp, seconds?: number) =>
  costs('folder', { [`a/x.${ending}`]: bytes }, says, seconds);

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A PNG of zeros. */
function png(width: number, height: number, { depth = 8, interlaced = 0 } = {}): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([depth, 2, 0, 0, interlaced], 8);
  const zeros = Buffer.alloc(Math.ceil(height * (1 + (width * 3 * depth) / 8) * (interlaced ? 1.01 : 1)));
  return Buffer.concat([
    ...[Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head)],
    ...[chunk('IDAT', deflateSync(zeros, { level: 1 })), chunk('IEND', Buffer.of())],
  ]);
}

test('png: one row, one column of 33,554,432 pixels', () => {
  for (const [width, height] of [
    [2 ** 25, 1],
    [1, 2 ** 25],
  ] as const)
    picture('png', png(width, height), /RoglabError .* a side of a picture may have at most 16384 .*make it smaller/);
  picture('png', png(16_384, 64), /^64x16384x3$/);
});

test('png: of 16 bits, interlaced, at its limit and beyond', () => {
  const beyond = png(4097, 4096, { depth: 16, interlaced: 1 });
  picture('png', beyond, /more than 8 bits .*may have at most 16777216 pixels, got "4097x4096"; .*save it as JPEG/);
  picture('png', png(4096, 4096, { depth: 16, interlaced: 1 }), /^4096x4096x3$/);
});

test('avif: a photograph of 16 megapixels is read, one of 24 is not', async () => {
  const avif = (width: number, height: number, channels: 3 | 4 = 3) =>
    sharp({ create: { width, height, channels, background: { r: 9, g: 99, b: 9, alpha: 0.5 } } })
      .avif({ effort: 0 })
      .toBuffer();
  picture('avif', await avif(4096, 4096), /^4096x4096x3$/);
  /** The same with other sizes in its header. */
  const said = (bytes: Buffer, width: number, height: number): Buffer => {
    for (let at = bytes.indexOf('ispe'); at >= 0; at = bytes.indexOf('ispe', at + 1)) {
      bytes.writeUInt32BE(width, at + 8);
      bytes.writeUInt32BE(height, at + 12);
    }
    return bytes;
  };
  picture('avif', said(await avif(64, 64), 5712, 4284), /AVIF.* may have at most 16777216 pixels/);
  picture('avif', said(await avif(64, 64, 4), 4096, 4096), /AVIF.* may have at most 12582912 pixels/);
});

test('pbm and pgm: at their limits', () => {
  const netpbm = (head: string, bytes: number) => Buffer.concat([Buffer.from(head), Buffer.alloc(bytes)]);
  picture('pbm', netpbm('P4 5792 5792\n', 724 * 5792), /^5792x5792x1$/, 1.5);
  picture('pgm', netpbm('P5 4096 4096 65535\n', 2 ** 25), /^4096x4096x1$/);
  picture('pgm', netpbm('P5 5792 5792 65535\n', 2 * 5792 ** 2), /may have at most 16777216 pixels/);
});

/** A progressive JPEG of a flat picture: one scan of the mean, then each coefficient bit by bit. */
function jpegOf(scans: number): Buffer {
  const part = (marker: number, ...data: number[]) => Buffer.from([255, marker, 0, data.length + 2, ...data]);
  const code = (kind: number, symbol: number) => part(0xc4, kind, 1, ...new Array(15).fill(0), symbol);
  const blocks = 64;
  const run = Buffer.of(0b00000001); // code 0, then six bits: 64 blocks without an entry
  const parts = [
    Buffer.of(255, 0xd8),
    part(0xdb, 0, ...new Array(64).fill(16)),
    part(0xc2, 8, 0, 64, 0, 64, 1, 1, 17, 0),
  ];
  parts.push(code(0, 0), code(16, 0x60), part(0xda, 1, 1, 0, 0, 0, 0), Buffer.alloc(blocks / 8));
  for (let k = 0; k < scans - 1; k++) {
    const [at, bit] = [1 + (k % 63), 13 - Math.floor(k / 63)];
    parts.push(part(0xda, 1, 1, 0, at, at, bit === 13 ? bit : ((bit + 1) << 4) | bit), run);
  }
  return Buffer.concat([...parts, Buffer.of(255, 0xd9)]);
}

test('jpeg: hundreds of scans', () => {
  picture('jpg', jpegOf(60), /^64x64x1$/);
  picture('jpg', jpegOf(880), /a JPEG may have at most 64 scans, got 880; save its first picture alone/);
});

test('tiff: pages without end; webp and gif: a hundred thousand frames', async () => {
  const tiff = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .tiff()
    .toBuffer();
  const first = tiff.readUInt32LE(4);
  const entries = tiff.subarray(first, first + 2 + 12 * tiff.readUInt16LE(first));
  const pages = (many: number): Buffer => {
    const each = entries.length + 4;
    const chain = Array.from({ length: many }, (_, k) => {
      const next = Buffer.alloc(4);
      next.writeUInt32LE(k < many - 1 ? tiff.length + (k + 1) * each : 0);
      return Buffer.concat([entries, next]);
    });
    const whole = Buffer.concat([tiff, ...chain]);
    whole.writeUInt32LE(tiff.length, 4);
    return whole;
  };
  picture('tif', pages(1024), /^8x8x3$/);
  picture('tif', pages(200_000), /a TIFF may have at most 1024 pages/);
  const one = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
    .webp({ lossless: true })
    .toBuffer();
  const riff = (type: string, data: Uint8Array): Buffer => {
    const head = Buffer.from(`${type}....`);
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
  };
  const frame = riff('ANMF', Buffer.concat([Buffer.alloc(16), one.subarray(12)]));
  const moving = (frames: number): Buffer => {
    const parts = [riff('VP8X', Buffer.of(2, 0, 0, 0, 0, 0, 0, 0, 0, 0)), riff('ANIM', Buffer.alloc(6))];
    return riff('RIFF', Buffer.concat([Buffer.from('WEBP'), ...parts, ...new Array(frames).fill(frame)]));
  };
  picture('webp', moving(1024), /^1x1x3$/);
  picture('webp', moving(100_000), /a WEBP may have at most 1024 frames, got 100000/);
  const gif = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(LIMITS.gifBytes)]);
  picture('gif', gif, /a GIF may have at most 16777216 bytes/);
  const small = { width: 64, height: 64, channels: 3, background: '#456' } as const;
  const avif = await sharp({ create: small }).avif({ effort: 0 }).toBuffer();
  picture('avif', Buffer.concat([avif, Buffer.alloc(LIMITS.avifBytes)]), /an? AVIF may have at most 16777216 bytes/);
});

const idx = (shape: readonly number[], values: Uint8Array): Buffer => {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, 8, shape.length]);
  for (const [i, size] of shape.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([head, values]);
};

test('mnist: a .gz that unpacks to more than it announces, or may', () => {
  const labels = { 't10k-labels-idx1-ubyte': idx([2], Buffer.of(1, 2)) };
  const file = 't10k-images-idx3-ubyte.gz';
  const bomb = gzipSync(idx([2, 28, 28], Buffer.alloc(2 ** 29 - 1000)));
  costs('mnist', { ...labels, [file]: bomb }, /corrupt .*larger than 134217728 bytes/, 1);
  bomb.writeUInt32LE(16 + 1568, bomb.length - 4);
  costs('mnist', { ...labels, [file]: bomb }, /truncated or corrupt/, 1);
  costs('mnist', { ...labels, [file]: gzipSync(idx([2, 28, 28], Buffer.alloc(1568))) }, /^28x28x1$/, 1);
});

test('cifar: files of more than 256 MB together', () => {
  const bytes = Buffer.alloc(3073 * 44_000);
  costs(
    'cifar10',
    { 'test_batch.bin': bytes, 'data_batch_1.bin': bytes },
    /may have at most 268435456 bytes, got 270424000/,
  );
});
