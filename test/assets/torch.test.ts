import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorch, memorySource, torchTensors } from '../../src/assets/torch/index.js';
import { root, shared } from '../fixtures.js';
import { legacyFile, op, pickle, stateDict, type Tensor, zip, zipFile } from './torch-files.js';

const folder = join(root, 'test/assets/checkpoints');
const read = (bytes: Uint8Array, options = {}) => torchTensors(memorySource('made.pt', bytes), options);
const FORMATS = { zip: zipFile, legacy: legacyFile } as const;

for (const format of ['zip', 'legacy'])
  test(`torchTensors reads what PyTorch wrote: ${format}`, async () => {
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
    const found = await loadTorch(join(folder, `${format}.pt`));
    assert.deepEqual(
      found.map(({ name, shape, data }) => [name, shape, [...data]]),
      expected.map(([name, shape, data]: [string, number[], number[]]) => [name, shape, data.map(Math.fround)]),
    );
  });

const linear = ['alex', 'squeeze', 'vgg'].map((net) => shared(`data/lpips-linear/${net}.pth`));
test('loadTorch reads the linear weights of LPIPS: legacy, on cuda, written by Python 2', {
  skip: linear.every((file) => existsSync(file)) ? false : 'no linear weights in ../shared/data',
}, async () => {
  const channels = [
    [64, 192, 384, 256, 256],
    [64, 128, 256, 384, 384, 512, 512],
    [64, 128, 256, 512, 512],
  ];
  for (const [k, file] of linear.entries()) {
    const tensors = await loadTorch(file);
    assert.deepEqual(
      tensors.map(({ name, shape }) => [name, shape]),
      channels[k]!.map((c, layer) => [`lin${layer}.model.1.weight`, [1, c, 1, 1]]),
    );
    // the published weights are not negative: training clamped them
    assert.ok(tensors.every(({ data }) => data.every((weight) => weight >= 0 && weight < 100)));
  }
});

const tensors: Tensor[] = [
  { name: 'a.weight', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: 'b', shape: [2], data: Float32Array.of(7, 8) },
  { name: 'c', shape: [50_000], data: new Float32Array(50_000).fill(9) },
  { name: 'd', shape: [1], data: Float32Array.of(10) },
];

for (const [format, write] of Object.entries(FORMATS)) {
  test(`torchTensors touches only the bytes of wanted tensors: ${format}`, async () => {
    const source = memorySource('made.pt', write(tensors));
    const ranges: [number, number][] = [];
    const read = (start: number, end: number) => {
      ranges.push([start, end]);
      return source.read(start, end);
    };
    const progress: number[][] = [];
    const found = await torchTensors(
      { ...source, read },
      { wanted: (name) => 'abd'.includes(name[0]!), onProgress: (...at) => progress.push(at) },
    );
    assert.deepEqual(
      found.map(({ name, data }) => [name, ...data]),
      [
        ['a.weight', 1, 2, 3, 4, 5, 6],
        ['b', 7, 8],
        ['d', 10],
      ],
    );
    // neighbours come in one read, what lies between two distant ones is left out
    const [near, far] = ranges.slice(-2) as [[number, number], [number, number]];
    assert.ok(near[1] - near[0] < 500 && far[1] - far[0] < 200 && far[0] - near[1] > 200_000, String(ranges));
    assert.deepEqual(progress.at(-1)![0], progress.at(-1)![1]);
  });

  test(`torchTensors refuses every truncation and one more byte: ${format}`, async () => {
    const bytes = write(tensors.slice(0, 2));
    for (let length = 0; length < bytes.length; length++)
      await assert.rejects(read(bytes.subarray(0, length)), { name: 'RoglabError' }, `${length} of ${bytes.length}`);
    if (format === 'legacy') await assert.rejects(read(Buffer.concat([bytes, Buffer.of(0)])), /truncated or corrupt/);
  });

  const bent: [string, Parameters<typeof stateDict>[2], RegExp][] = [
    ['a storage that is larger than the file says', { count: 1e9 }, /storage 0 needs 4000000000 bytes|need a file of/],
    ['a negative length', { count: -1 }, /must be a storage with a key and a length/],
    ['a shape that does not fit', { shape: [3, 3] }, /shape \[3,3\] .* does not fit its storage of 6 entries/],
    ['strides that leave the storage', { strides: [3, 2] }, /does not fit its storage/],
    ['an offset beyond the storage', { offset: 2 ** 30 }, /does not fit its storage/],
    ['a shape of huge product', { shape: [65536, 65536, 65536], strides: [0, 0, 0] }, /does not fit its storage/],
    ['an unknown storage', { storage: 'QUInt8Storage' }, /names torch.QUInt8Storage, which is not allowed/],
    ['a path as key', { key: '../../etc/passwd' }, /storage \.\.\/.*no file|must name each of them once/],
  ];
  for (const [what, bend, message] of bent)
    test(`torchTensors refuses ${what}: ${format}`, async () => {
      const one = tensors.slice(0, 1);
      await assert.rejects(read(write(one, stateDict(one, format === 'legacy', bend))), message);
    });

  /** os.system('...') and its relatives: the name itself is refused, before anything is called. */
  const calls: [string, Buffer, RegExp][] = [
    ['os.system', call('posix', 'system'), /names posix.system, which is not allowed/],
    ['eval', call('builtins', 'eval'), /names builtins.eval, which is not allowed/],
    ['a nested attribute', call('torch', '_utils.os.system'), /names torch._utils.os.system, which is not allowed/],
    ['__proto__', call('__proto__', 'constructor'), /names __proto__.constructor, which is not allowed/],
    ['constructor', pickle(Buffer.from('cconstructor\n\n.')), /names constructor\., which is not allowed/],
    ['a type as function', call('torch', 'FloatStorage'), /calls torch.FloatStorage, which is not allowed/],
    ['STACK_GLOBAL', pickle(op.string('os'), op.string('system'), Buffer.of(0x93)), /names os.system, which is/],
    ['INST', pickle(op.mark, Buffer.from('ios\nsystem\n')), /the opcode INST at byte \d+, which is not allowed/],
    ['NEWOBJ', pickle(op.emptyTuple, op.emptyTuple, Buffer.of(0x81)), /the opcode NEWOBJ at byte/],
    ['EXT1', pickle(Buffer.of(0x82, 1)), /the opcode EXT1/],
    ['an opcode that is none', pickle(Buffer.of(0xff)), /the opcode 0xff/],
    ['a state for a list', pickle(op.emptyList, op.emptyDict, Buffer.from('b')), /state of something that is no dict/],
    ['an empty stack', pickle(op.reduce), /takes from an empty stack/],
    ['an unknown memo', pickle(op.get(9)), /recalls memo 9, which was never stored/],
    ['a text of 4 GB', pickle(Buffer.from('58ffffffff', 'hex')), /needs 4294967295 bytes/],
    ['a list that holds itself', selfish(), /containers may be nested 8 deep/],
    ['an OrderedDict of numbers', ordered(), /an OrderedDict must be made of pairs/],
  ];
  for (const [what, object, message] of calls)
    test(`torchTensors refuses ${what}: ${format}`, async () => {
      await assert.rejects(read(write([], object)), message);
    });
}

function call(module: string, name: string): Buffer {
  return pickle(op.global(module, name), op.mark, op.string('touch /tmp/owned'), op.tuple, op.reduce);
}

function selfish(): Buffer {
  return pickle(op.emptyList, op.put(0), op.mark, op.get(0), op.appends);
}

function ordered(): Buffer {
  const pairs = [op.emptyList, op.mark, op.int(1), op.appends];
  return pickle(op.global('collections', 'OrderedDict'), op.mark, ...pairs, op.tuple, op.reduce);
}

test('torchTensors: a flipped bit in a zip is found by the checksum', async () => {
  const bytes = Buffer.from(zipFile(tensors));
  bytes[bytes.length - 100_000]! ^= 1;
  await assert.rejects(read(bytes), /archive\/data\/2 must have the checksum of its directory entry/);
});

test('torchTensors refuses other files by what they are', async () => {
  const html = Buffer.from('<html>not found</html>');
  await assert.rejects(
    read(html),
    /made.pt: this is no checkpoint of torch.save; zip and legacy pickle files are read/,
  );
  await assert.rejects(read(Buffer.of(1, 2)), /at least 4 bytes, got 2/);
  await assert.rejects(read(pickle(op.int(1))), /the pickle needs 1 bytes|no checkpoint of torch.save/);
  await assert.rejects(read(zip([['word/document.xml', html]])), /has one NAME\/data.pkl/);
  await assert.rejects(read(zip([['a/data.pkl', html]], 12)), /a\/data.pkl must be stored or deflated/);
  const big = [
    ['a/data.pkl', pickle(op.none)],
    ['a/byteorder', Buffer.from('big')],
  ] as const;
  await assert.rejects(read(zip(big)), /byte order must be little, got "big"/);
  const twice = [
    ['a/data.pkl', pickle(op.none)],
    ['a/data.pkl', pickle(op.none)],
  ] as const;
  await assert.rejects(read(zip(twice)), /every file of the archive needs its own name/);
  await assert.rejects(loadTorch('/no/such/file.pt'), /cannot read .*file.pt: ENOENT/);
  await assert.rejects(read(zipFile(tensors), { want: 1 }), /unknown option "want"; did you mean "wanted"/);
});
