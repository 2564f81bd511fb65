/** Every reader of foreign bytes, with good files for it and what a user calls to read one. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import sharp from 'sharp';
import { unpack } from '../../src/assets/archive.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/assets/checkpoint.js';
import { encodeSafetensors, loadTensors } from '../../src/assets/index.js';
import { assetOf } from '../../src/assets/manifest.js';
import { openDataset } from '../../src/data/index.js';
import { loadNetwork } from '../../src/models/index.js';
import { readNotebook } from '../../src/notebook/format.js';
import { readSweep } from '../../src/sweeps/file.js';
import { legacyFile, type Tensor, zip, zipFile } from '../assets/torch-files.js';
import { madeUpRecords } from '../data/made-up.js';
import { root } from '../fixtures.js';
import { keptRow, readKeptRow, studyResults } from './kept-row.js';
import { SWEEP_STORE } from './sweep-store.js';

export interface Reader {
  /** Good files. */
  readonly good: () => Promise<readonly Buffer[]>;
  /** What is read, as JSON can tell it apart. Only errors of the library may be thrown. */
  readonly read: (bytes: Buffer) => Promise<unknown>;
  /** Whether the format has a checksum, so that no damage may load as something else. */
  readonly checked?: true;
}

const folder = await mkdtemp(join(tmpdir(), 'roglab-faults-'));
/** The folder of this process, to be removed by who started it. */
export const faultsFolder = folder;
const inFile = async <T>(bytes: Uint8Array, name: string, read: (path: string) => T | Promise<T>): Promise<T> => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return await read(path);
};

const tensors: Tensor[] = [
  { name: 'conv.weight', shape: [4, 3, 3, 3], data: Float32Array.from({ length: 108 }, (_, i) => Math.sin(i)) },
  { name: 'conv.bias', shape: [4], data: Float32Array.of(1, -2, 0.5, 4) },
];
const numbers = ({ tensors: found }: { tensors: readonly Tensor[] }) =>
  found.map(({ name, shape, data }) => [
    name,
    shape,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  ]);
const readTensors = (bytes: Buffer) => inFile(bytes, 'tensors', async (path) => numbers(await loadTensors(path)));

/** A .npy file by numpy's description of the format. */
function npy({ shape, data }: Tensor): Buffer {
  const lengths = `${shape.join(', ')}${shape.length === 1 ? ',' : ''}`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${lengths}), }`;
  const head = `${text.padEnd(117)}\n`;
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, head.length & 255, head.length >> 8]),
    Buffer.from(head),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ]);
}

const settings = { attack: 'rog', iterations: 100, labels: [1, 2] };
const state = { arrays: tensors, numbers: { step: 7, history: [{ objective: 0.5 }, { objective: Number.NaN }] } };

const pixels = Uint8Array.from({ length: 24 * 20 * 3 }, (_, i) => (i * 7919) % 251);
const picture = () => sharp(pixels, { raw: { width: 24, height: 20, channels: 3 } });

/** A data set made of one file, with the pixels of its first image. */
const dataOf = async (name: string, options = {}) => {
  const data = await openDataset(name, options);
  const { images, labels } = data.batch({ indices: [0] });
  return [data.imageShape, data.classNames.slice(0, 20), data.sizes, [...labels], images.data.slice(0, 16).join()];
};

/** A folder with one class and one picture. */
const readPicture =
  (ending: string) =>
  (bytes: Buffer): Promise<unknown> => {
    mkdirSync(join(folder, `pictures ${ending}`, 'a'), { recursive: true });
    return inFile(bytes, `pictures ${ending}/a/x.${ending}`, () =>
      dataOf(`folder:${join(folder, `pictures ${ending}`)}`, { size: 16 }),
    );
  };

const idx = (shape: readonly number[], values: readonly number[]): Buffer =>
  Buffer.concat([
    Buffer.of(0, 0, 8, shape.length),
    ...shape.map((n) => Buffer.of(0, 0, n >> 8, n & 255)),
    Buffer.from(values),
  ]);

/** A folder of files that belong together; the one under test is written anew each time. */
const inSet = (
  set: string,
  others: Readonly<Record<string, Uint8Array>>,
  name: string,
  open: (path: string) => Promise<unknown>,
) => {
  mkdirSync(join(folder, set), { recursive: true });
  for (const [file, bytes] of Object.entries(others)) writeFileSync(join(folder, set, file), bytes);
  return (bytes: Buffer) => inFile(bytes, `${set}/${name}`, () => open(join(folder, set)));
};

const bmp = (): Buffer => {
  const head = Buffer.alloc(54);
  head.write('BM');
  for (const [at, value] of [
    [10, 54],
    [14, 40],
    [18, 24],
    [22, 20],
    [26, 1 + 24 * 65536],
  ] as const)
    head.writeUInt32LE(value, at);
  return Buffer.concat([head, pixels]);
};

const table = `label,${Array.from({ length: 16 }, (_, i) => `pixel${i}`).join()}\n${[0, 1, 2]
  .map((row) => `${row},${Array.from({ length: 16 }, (_, i) => (row * 37 + i * 11) % 256).join()}`)
  .join('\n')}\n`;
const png = await picture().png().toBuffer();
const manifestFile = new URL('../../../data/manifest.json', import.meta.url);
const notebookFile = new URL('../../../notebooks/00-start.ipynb', import.meta.url);

export const READERS: Readonly<Record<string, Reader>> = {
  safetensors: {
    good: async () => [Buffer.from(encodeSafetensors(tensors, { name: 'lenet' }))],
    read: readTensors,
    checked: true,
  },
  'safetensors of others': { good: async () => [foreignSafetensors()], read: readTensors },
  'torch zip': { good: async () => [zipFile(tensors)], read: readTensors, checked: true },
  'torch legacy': { good: async () => [legacyFile(tensors)], read: readTensors },
  npz: { good: async () => [zip(tensors.map((t, i) => [`arr_${i}.npy`, npy(t)]))], read: readTensors, checked: true },
  npy: { good: async () => [npy(tensors[0]!)], read: readTensors },
  checkpoint: {
    good: () =>
      inFile(Buffer.of(), 'made.checkpoint', async (path) => {
        await saveCheckpoint(path, { settings, state });
        return [readFileSync(path)];
      }),
    read: (bytes) =>
      inFile(bytes, 'run.checkpoint', async (path) =>
        numbers({ tensors: (await loadCheckpoint(path, settings))!.arrays }),
      ),
    checked: true,
  },
  'kept rows': { good: async () => [await keptRow()], read: readKeptRow, checked: true },
  'study results': studyResults,
  'cifar binary': {
    good: async () => [madeUpRecords(3)],
    read: inSet('cifar', {}, 'test_batch.bin', (path) => dataOf(`cifar10:${path}`)),
  },
  'idx images': {
    good: async () => [
      idx(
        [2, 28, 28],
        Array.from({ length: 1568 }, (_, i) => i % 256),
      ),
      gzipSync(idx([2, 28, 28], new Array(1568).fill(7))),
    ],
    read: (bytes) =>
      inSet(
        `idx ${bytes[0] === 0x1f}`,
        { 't10k-labels-idx1-ubyte': idx([2], [3, 4]) },
        `t10k-images-idx3-ubyte${bytes[0] === 0x1f ? '.gz' : ''}`,
        (path) => dataOf(`mnist:${path}`),
      )(bytes),
  },
  'labels.csv': {
    good: async () => [
      Buffer.from('file,label\nx.png,dog\n"y, z.png", cat\n'),
      Buffer.from('image_id,width,label\nx,8,3\n"y, z.png",8,1\n'),
      Buffer.from('x.png,dog\r\n'),
    ],
    read: inSet('listed', { 'x.png': png, 'y, z.png': png }, 'labels.csv', (path) =>
      dataOf(`folder:${path}`, { size: 16 }),
    ),
  },
  'classes.txt and SOURCE.txt': {
    good: async () => [Buffer.from('ant\nbee\ncow\n')],
    read: (bytes) => {
      inSet('named', { 'x.png': png, 'labels.csv': Buffer.from('x.png,1') }, 'SOURCE.txt', async () => {})(bytes);
      return inSet('named', {}, 'classes.txt', (path) => dataOf(`folder:${path}`, { size: 16 }))(bytes);
    },
  },
  'csv of pixels': {
    good: async () => [Buffer.from(table)],
    read: (bytes) => inFile(bytes, 'pixels.csv', (path) => dataOf(`csv:${path}`)),
  },
  png: { good: async () => [png], read: readPicture('png') },
  jpeg: {
    good: async () => [await picture().jpeg().toBuffer(), await picture().jpeg({ progressive: true }).toBuffer()],
    read: readPicture('jpg'),
  },
  'webp, gif and tiff': {
    good: async () => [
      await picture().webp().toBuffer(),
      await picture().gif().toBuffer(),
      await picture().tiff().toBuffer(),
    ],
    read: readPicture('webp'),
  },
  bmp: { good: async () => [bmp()], read: readPicture('bmp') },
  netpbm: {
    good: async () => [
      Buffer.concat([Buffer.from('P6\n# made up\n24 20\n255\n'), pixels]),
      Buffer.from(`P2\n24 20\n255\n${pixels.subarray(0, 480).join(' ')}\n`),
      Buffer.concat([Buffer.from('P5 24 20 65535\n'), pixels.subarray(0, 960)]),
    ],
    read: readPicture('ppm'),
  },
  'tar.gz': {
    good: async () => [
      Buffer.from(
        gzipSync(
          createTar([
            { name: 'set/a.bin', data: pixels },
            { name: 'set/b.bin', data: 'b' },
          ]),
        ),
      ),
    ],
    read: (bytes) =>
      inFile(bytes, 'a.tar.gz', async (path) => {
        await unpack(path, join(folder, 'unpacked'), { files: ['a.bin', 'b.bin'] });
        return readFileSync(join(folder, 'unpacked/a.bin')).toString('base64');
      }),
    checked: true,
  },
  onnx: {
    good: async () =>
      (
        JSON.parse(readFileSync(join(root, 'test/golden/onnx-networks.json'), 'utf8')) as {
          networks: { file: string }[];
        }
      ).networks
        .map(({ file }) => Buffer.from(file, 'base64'))
        .sort((a, b) => a.length - b.length)
        .slice(0, 3),
    read: (bytes) =>
      inFile(bytes, 'x.onnx', async (path) => numbers({ tensors: (await loadNetwork(path)).parameters })),
  },
  ...SWEEP_STORE,
  'sweep file': {
    good: async () => [
      Buffer.from(
        'name: small\nnetworks: lenet\ndata: { name: scenes, size: 16 }\nphi: [none, sign, "quantize:3"]\nimages: 3\n',
      ),
      Buffer.from(
        '{"networks":["lenet","vgg7"],"data":"scenes","phi":["none"],"attacks":{"name":"rog","iterations":[2,4]}}',
      ),
    ],
    read: (bytes) => inFile(bytes, 'x.yaml', async (path) => (await readSweep(path)).combinations),
  },
  notebook: {
    good: async () => [smallNotebook()],
    read: (bytes) => inFile(bytes, 'x.ipynb', (path) => readNotebook(path).cells.length),
  },
  manifest: {
    good: async () => [
      Buffer.from(JSON.stringify({ cifar10: JSON.parse(readFileSync(manifestFile, 'utf8')).cifar10 })),
    ],
    read: async (bytes) => {
      let manifest: Record<string, unknown>;
      try {
        manifest = JSON.parse(bytes.toString()) ?? {};
      } catch {
        return 'no JSON';
      }
      return assetOf('cifar10', manifest);
    },
  },
};

/** Cells without their pictures, so that damage finds the structure. */
function smallNotebook(): Buffer {
  const notebook = JSON.parse(readFileSync(notebookFile, 'utf8'));
  return Buffer.from(
    JSON.stringify({
      ...notebook,
      cells: notebook.cells.slice(0, 4).map((cell: object) => ({ ...cell, outputs: [] })),
    }),
  );
}

/** As other tools write it: no checksum. */
function foreignSafetensors(): Buffer {
  const header = Buffer.from(JSON.stringify({ w: { dtype: 'F32', shape: [27], data_offsets: [0, 108] } }).padEnd(64));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.from(tensors[0]!.data.buffer, 0, 108)]);
}
