/** ONNX files and weights made to cost much or to mislead: each is refused by one line, soon and without memory. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { updateFrom } from '../../src/federation/index.js';
import { loadNetwork, loadWeights, network } from '../../src/models/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { op, pickle, stateDict, zipFile } from '../assets/torch-files.js';
import { constant, field, inside, node, onnxFile, whole } from '../onnx-files.js';

const folder = temporaryFolder();
let count = 0;
const place = (bytes: Uint8Array, ending = 'onnx'): string => {
  const path = join(folder, `${count++}.${ending}`);
  writeFileSync(path, bytes);
  return path;
};

/** Refused with one line, within five seconds of processor time and without 400 MB more. */
async function refused(what: () => Promise<unknown>, message: RegExp): Promise<void> {
  const [began, before] = [process.cpuUsage(), process.resourceUsage().maxRSS];
  await assert.rejects(what, (error: Error) => {
    assert.equal(error.name, 'RoglabError', error.stack);
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n') && error.message.length < 2000, error.message.slice(0, 200));
    return true;
  });
  const { user, system } = process.cpuUsage(began);
  assert.ok((user + system) / 1e6 < 5, `${(user + system) / 1e6} s`);
  assert.ok(process.resourceUsage().maxRSS - before < 400 * 1024, 'memory');
}

const chain = (length: number, step: (k: number) => Buffer): Buffer[] => Array.from({ length }, (_, k) => step(k));
const at = (k: number): string => (k === 0 ? 'image' : `v${k}`);
const end = (k: number): Buffer => node('Identity', [at(k)], ['answer']);

test('ONNX: products of a value with itself, sums of one with itself, a very long row', async () => {
  for (const kind of ['Mul', 'Add', 'Concat'])
    await refused(
      () =>
        loadNetwork(
          place(onnxFile([...chain(60, (k) => node(kind, [at(k), at(k)], [at(k + 1)], [whole('axis', 1)])), end(60)])),
        ),
      /./,
    );
  await refused(
    () => loadNetwork(place(onnxFile([...chain(15_000, (k) => node('Relu', [at(k)], [at(k + 1)])), end(15_000)]))),
    /more than 2000 layers in a row are not read/,
  );
  await refused(
    () =>
      loadNetwork(place(onnxFile([...chain(4_000, (k) => node('Add', [at(k), 'image'], [at(k + 1)])), end(4_000)]))),
    /./,
  );
  await refused(
    () => loadNetwork(place(onnxFile(chain(25_000, (k) => node('Relu', [at(k)], [at(k + 1)]))))),
    /at most 20000 nodes are read/,
  );
});

test('ONNX: a node of 200,000 inputs, sides of a million, 20 million dimensions of a constant', async () => {
  const many = [node('Concat', Array(200_000).fill('image'), ['v1'], [whole('axis', 1)]), end(1)];
  await refused(() => loadNetwork(place(onnxFile(many))), /a node may have at most 1024 inputs and outputs/);
  const sides = [0, 0, 1e6, 1e6, 0, 0, 1e6, 1e6];
  const wide = [constant('sides', [8], sides, 7), node('Pad', ['image', 'sides'], ['v1']), end(1)];
  await refused(() => loadNetwork(place(onnxFile(wide))), /Pad may give at most \d+ numbers an image/);
  const dimensions = inside(5, inside(1, Buffer.alloc(2e7, 1)));
  await refused(() => loadNetwork(place(onnxFile([dimensions, end(0)]))), /a constant may have at most 64 dimensions/);
  const layers = [{ kind: 'dense' as const, units: 2 ** 40 }];
  await refused(
    async () => network({ name: 'w', imageShape: [8, 8, 3], classes: 2 ** 40, layers }),
    /at most \d+ weights/,
  );
});

const DENSE = [constant('w', [4, 192], Array<number>(768).fill(0.1)), constant('b', [4], [0, 0, 0, 0])];
const head = (from: string): Buffer[] => [
  node('Flatten', [from], ['flat']),
  node('Gemm', ['flat', 'w', 'b'], ['answer'], [whole('transB', 1)]),
];

test('ONNX: 15,000 nodes in a row that change nothing, 6,000 sums of two branches', async () => {
  const same = [constant('one', [], [1]), constant('shape', [4], [1, 3, 8, 8], 7), ...DENSE];
  const second: Readonly<Record<string, readonly string[]>> = { Mul: ['one'], Div: ['one'], Reshape: ['shape'] };
  for (const kind of ['Identity', 'Cast', 'Dropout', 'Mul', 'Div', 'Reshape', 'Sigmoid']) {
    const row = chain(15_000, (k) =>
      node(kind, [at(k), ...(second[kind] ?? [])], [at(k + 1)], kind === 'Cast' ? [whole('to', 1)] : []),
    );
    const file = onnxFile([...same, ...row, ...head(at(15_000))]);
    if (kind === 'Identity') assert.equal((await loadNetwork(place(file))).layers.length, 2);
    else await refused(() => loadNetwork(place(file)), /more than 2000 layers in a row are not read/);
  }
  const sums = chain(6_000, (k) =>
    Buffer.concat([node('Relu', [at(k)], [`r${k}`]), node('Add', [`r${k}`, at(k)], [at(k + 1)])]),
  );
  const file = onnxFile([...DENSE, ...sums, ...head(at(6_000))]);
  await refused(() => loadNetwork(place(file)), /more than 2000 layers in a row are not read/);
  const grown = onnxFile([...DENSE, ...sums.slice(0, 300), ...head(at(300))]);
  await refused(() => loadNetwork(place(grown)), /answers to an image must be finite numbers, got -?(NaN|Infinity)/);
});

test('ONNX: thousands of values that cross, take all before them, or lie inside each other', async () => {
  const [deep, ladder, all] = [3_000, 6_000, 700];
  const rungs = chain(ladder, (k) =>
    Buffer.concat([
      node('Add', [`a${k}`, `b${k}`], [`a${k + 1}`]),
      node('Sigmoid', [`a${k}`], [`s${k}`]),
      node('Mul', [`s${k}`, `b${k}`], [`b${k + 1}`]),
    ]),
  );
  const ends = [node('Sigmoid', ['image'], ['a0']), node('Tanh', ['image'], ['b0'])];
  const closed = (n: number): Buffer[] => [node('Add', [`a${n}`, `b${n}`], ['z']), ...head('z')];
  const few = onnxFile([...DENSE, ...ends, ...rungs.slice(0, 20), ...closed(20)]);
  assert.deepEqual(
    (await loadNetwork(place(few))).layers.map(({ kind }) => kind),
    ['graph', 'flatten', 'dense'],
  );
  const row = chain(ladder, (k) => node('Sigmoid', [at(k)], [at(k + 1)]));
  const far = chain(ladder, (k) => node('Add', [at(ladder), at(k)], [`q${k}`]));
  const sums = chain(ladder, (k) => node('Add', [k > 0 ? `p${k}` : 'image', `q${k}`], [`p${k + 1}`]));
  const before = chain(all, (k) => {
    const inputs = Array.from({ length: k + 1 }, (_, i) => at(i));
    return Buffer.concat([node('Sum', inputs, [`u${k}`]), node('Sigmoid', [`u${k}`], [at(k + 1)])]);
  });
  const down = chain(deep, (k) => node('Sigmoid', [at(k)], [at(k + 1)]));
  const up = chain(deep, (k) => node('Add', [k > 0 ? `p${k}` : at(deep), at(deep - 1 - k)], [`p${k + 1}`]));
  for (const parts of [
    [...ends, ...rungs, ...closed(ladder)],
    [...row, ...far, ...sums, ...head(`p${ladder}`)],
    [...before, ...head(at(all))],
    [...down, ...up, ...head(`p${deep}`)],
  ])
    await refused(
      () => loadNetwork(place(onnxFile([...DENSE, ...parts]))),
      /values that cross are read up to 2000 that are joined or shared, taken 16384 times, got "\d+, \d+ times"/,
    );
});

test('ONNX: a value that is made twice, of itself', async () => {
  for (const [first, again] of [
    ['v1', 'v1'],
    ['image', 'image'],
  ] as const) {
    const file = onnxFile([
      ...DENSE,
      node('Relu', ['image'], ['v1']),
      node('Identity', [first], [again]),
      ...head(again),
    ]);
    await refused(() => loadNetwork(place(file)), /every value must be made once, got/);
  }
});

test('ONNX: millions of tiny fields, lists of millions of numbers, a field of less than no bytes', async () => {
  const fields = /at most 1048576 fields are read/;
  const twice = (n: number, ...bytes: number[]): Buffer => Buffer.alloc(n * bytes.length, Buffer.from(bytes));
  const attribute = (number: number): Buffer => inside(1, inside(5, inside(number, Buffer.alloc(2e7, 1))));
  for (const [bytes, message] of [
    [twice(5e6, 0x08, 7), fields],
    [inside(7, inside(5, twice(5e6, 0x38, 1))), fields],
    [inside(7, inside(1, twice(3e6, 0x2a, 0))), fields],
    [inside(7, inside(1, twice(3e6, 0x0a, 1, 97))), /a node may have at most 1024 inputs and outputs/],
    [inside(7, attribute(7)), /an attribute may list at most 65536 numbers/],
    [inside(7, attribute(8)), /an attribute may list at most 65536 numbers/],
    [
      inside(7, inside(5, Buffer.concat([field(2, 0, 7), inside(7, Buffer.alloc(2e7, 1))]))),
      /needs 1 numbers, got "more"/,
    ],
    [Buffer.of(0x3a, ...Array<number>(9).fill(255), 1, 97), /a field of -1 bytes does not fit/],
  ] as const)
    await refused(() => loadNetwork(place(bytes)), message);
});

test('ONNX: constants that grow by themselves', async () => {
  const wide = [constant('shape', [2], [1e6, 1e6], 7), node('ConstantOfShape', ['shape'], ['v1']), end(1)];
  await refused(() => loadNetwork(place(onnxFile(wide))), /ConstantOfShape .*at most \d+ entries/);
  const doubled = [
    constant('c0', [1], [1]),
    ...chain(50, (k) => node('Concat', [`c${k}`, `c${k}`], [`c${k + 1}`], [whole('axis', 0)])),
    node('Add', ['image', 'c50'], ['answer']),
  ];
  await refused(() => loadNetwork(place(onnxFile(doubled))), /entries/);
  const range = ['from', 'to', 'step'].map((name, k) => constant(name, [], [[0], [1e12], [1]][k]!, 7));
  await refused(
    () => loadNetwork(place(onnxFile([...range, node('Range', ['from', 'to', 'step'], ['v1']), end(1)]))),
    /entries/,
  );
});

test('ONNX: values that make themselves, a name of a megabyte, an image of a million pixels a side', async () => {
  const loop = [node('Relu', ['b'], ['a']), node('Relu', ['a'], ['b']), node('Identity', ['b'], ['answer'])];
  await refused(() => loadNetwork(place(onnxFile(loop))), /every value must be made before it is used, got "b"/);
  const long = 'x'.repeat(2 ** 20);
  await refused(
    () => loadNetwork(place(onnxFile([node(long, ['image'], [long]), node('Identity', [long], ['answer'])]))),
    /is not known/,
  );
  const big = [node('Flatten', ['image'], ['answer'])];
  await refused(() => loadNetwork(place(onnxFile(big, [1, 3, 1e6, 1e6]))), /pixels/);
});

test('ONNX: one file beside it taken ten thousand times', async () => {
  writeFileSync(join(folder, 'w.data'), Buffer.alloc(2 ** 20));
  const entry = inside(13, Buffer.concat([inside(1, Buffer.from('location')), inside(2, Buffer.from('w.data'))]));
  const tensor = (k: number): Buffer =>
    inside(
      5,
      Buffer.concat([
        Buffer.of(0x08, 0x80, 0x80, 0x10),
        field(2, 0, 1),
        inside(8, Buffer.from(`w${k}`)),
        entry,
        field(14, 0, 1),
      ]),
    );
  const many = Array.from({ length: 10_000 }, (_, k) => tensor(k));
  await refused(() => loadNetwork(place(onnxFile([...many, end(0)]))), /not be the same bytes again and again/);
});

const dense = network({
  name: 'net',
  imageShape: [2, 2, 1],
  classes: 2,
  layers: [{ kind: 'dense', units: 2, bias: true }],
});
const state = (weight: number[], shape: readonly number[] = [2, 4]) => [
  { name: 'fc.weight', shape, data: Float32Array.from(weight) },
  { name: 'fc.bias', shape: [2], data: Float32Array.of(0, 1) },
];
const torch = (tensors: ReturnType<typeof state>): string => place(zipFile(tensors), 'pt');
const numbers = [1, 2, 3, 4, 5, 6, 7, 8];

test('weights: NaN, infinities, other shapes, too few, too many: one line each, in files and networks', async () => {
  await refused(
    () => loadWeights(torch(state([...numbers.slice(1), Number.NaN])), dense),
    /must be finite; .*kernel\[\d\] is NaN/,
  );
  await refused(() => loadWeights(torch(state([Number.POSITIVE_INFINITY, ...numbers.slice(1)])), dense), /is Infinity/);
  await refused(
    () => loadWeights(torch(state(numbers, [4, 2])), dense),
    /must be .* with PyTorch's shape \[2,4\], got "?fc.weight \[4,2\]/,
  );
  await refused(() => loadWeights(torch(state(numbers).slice(0, 1)), dense), /takes 2 tensors, got "1 in the file"/);
  const after = { ...dense, parameters: dense.parameters.map((w) => ({ ...w, data: w.data.map(() => Number.NaN) })) };
  assert.throws(() => updateFrom(dense, after, { batchSize: 1, learningRate: 0.1 }), /finite/);
  const graph = [
    constant(
      'w',
      [192, 4],
      Array.from({ length: 768 }, (_, i) => (i === 5 ? Number.NaN : 0.1)),
    ),
    node('Flatten', ['image'], ['f'], [whole('axis', 1)]),
    node('MatMul', ['f', 'w'], ['answer']),
  ];
  await refused(() => loadNetwork(place(onnxFile(graph))), /must be finite/);
  const misfit = [constant('w', [190, 4], Array(760).fill(0.1)), ...graph.slice(1)];
  await refused(() => loadNetwork(place(onnxFile(misfit))), /./);
});

test('pickles: nothing is run, whoever is called; arrays that refer to each other are bounded', async () => {
  const marker = join(folder, 'owned');
  const calls = [
    'posix system',
    'builtins eval',
    'builtins exec',
    'subprocess Popen',
    'numpy.core.multiarray fromfile',
    '_codecs open',
  ];
  for (const name of calls) {
    const [module, function_] = name.split(' ') as [string, string];
    const call = pickle(op.global(module, function_), op.mark, op.string(`touch ${marker}`), op.tuple, op.reduce);
    for (const file of [place(call, 'pkl'), place(zipFile([], call), 'pt')])
      await refused(() => loadWeights(file, dense), /names .*, which is not allowed/);
  }
  assert.ok(!existsSync(marker));
  const bytes = (length: number): Buffer =>
    Buffer.concat([Buffer.of(0x42, length & 255, length >> 8, 0, 0), Buffer.alloc(length)]);
  const array = [
    ...[op.global('numpy.core.numeric', '_frombuffer'), op.mark, bytes(4000), op.global('numpy', 'dtype'), op.mark],
    ...[op.string('f4'), op.tuple, op.reduce, op.mark, op.int(1000), op.tuple, op.string('C'), op.tuple, op.reduce],
  ];
  const many = pickle(
    op.emptyList,
    op.mark,
    ...array,
    op.put(0),
    ...Array.from({ length: 100_000 }, () => op.get(0)),
    op.appends,
  );
  await refused(() => loadWeights(place(many, 'pkl'), dense), /arrays may have 67108864 entries/);
  const wrong = pickle(op.emptyList, op.mark, ...array.slice(0, 2), bytes(8), ...array.slice(3), op.appends);
  await refused(() => loadWeights(place(wrong, 'pkl'), dense), /of shape \[1000\] needs 4000 bytes, got 8/);
  const stretched = stateDict([{ name: 'w', shape: [1], data: Float32Array.of(1) }], false, {
    shape: [2 ** 20, 2 ** 12],
    strides: [0, 0],
  });
  await refused(
    () => loadWeights(place(zipFile([{ name: 'w', shape: [1], data: Float32Array.of(1) }], stretched), 'pt'), dense),
    /does not fit its storage/,
  );
});
