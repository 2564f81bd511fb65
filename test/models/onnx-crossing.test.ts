/** Networks whose values cross, and whose functions are spelled out: one step's gradient is PyTorch's, by its names. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { clientUpdate } from '../../src/federation/index.js';
import { inEvaluation, loadNetwork, someLayer } from '../../src/models/index.js';
import { fromTorch } from '../../src/models/torch-weights.js';
import { temporaryFolder } from '../assets/temporary.js';
import { forEachEngine } from '../engines.js';
import { root } from '../fixtures.js';
import { constant, ints, node, onnxFile, whole } from '../onnx-files.js';

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<'kept' | 'dynamo', string>>;
  readonly images: string;
  readonly labels: readonly number[];
  readonly loss: number;
  readonly gradient: readonly [name: string, shape: number[], data: string][];
}
interface File {
  readonly name: string;
  readonly file?: string;
  readonly files?: Case['files'];
}
const networksOf = (name: string): readonly Case[] =>
  JSON.parse(readFileSync(join(root, `test/golden/${name}.json`), 'utf8')).networks;
const [crossing, spelled] = [networksOf('onnx-crossing'), networksOf('onnx-spelled')];
const folder = temporaryFolder();
const floats = (text: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
const length = (data: Float32Array): number => Math.hypot(...data);

forEachEngine(
  (engine, setup) => {
    for (const { name, files, images, labels, loss, gradient } of [...crossing, ...spelled])
      for (const [form, file] of Object.entries(files))
        test(`loadNetwork: ${name}, ${form}: the gradient of one step, on ${engine}`, async () => {
          await setup();
          const path = join(folder, 'net.onnx');
          writeFileSync(path, Buffer.from(file, 'base64'));
          const model = inEvaluation(await loadNetwork(path));
          const tensors = gradient.map(([key, shape, data]) => ({ name: key, shape, data: floats(data) }));
          const statistics = Object.entries(model.file!.sources).flatMap(([, { pieces }]) =>
            pieces.flatMap(({ names, shape }) =>
              /running/.test(names[0]!) ? [{ name: names[0]!, ...ndarray(shape) }] : [],
            ),
          );
          const wanted = fromTorch('test', model, [...tensors, ...statistics]).parameters;
          const batch = { images: ndarray([2, 8, 8, 3], floats(images)), labels: Int32Array.from(labels) };
          const update = await clientUpdate(model, batch, { localSteps: 1, learningRate: 0.1 });
          assert.ok(Math.abs(update.loss - loss) < 1e-5 * loss, `${update.loss}, not ${loss}`);
          const all = Math.hypot(...wanted.map(({ data }) => length(data)));
          update.tensors.forEach(({ data }, k) => {
            const right = wanted[k]!;
            const off = length(data.map((value, i) => value - right.data[i]!));
            assert.ok(off < 1e-4 * Math.max(length(right.data), 1e-3 * all), `${right.name}: off by ${off}`);
          });
        });
  },
  ['compiled', 'cpu'],
);

test('loadNetwork: rows with a beginning in common, chains side by side, dense blocks are no graphs', async () => {
  const files = ['onnx-weights', 'onnx-modern', 'onnx-mobile'].flatMap((name) => networksOf(name) as unknown as File[]);
  for (const { name, file, files: forms } of files) {
    const path = join(folder, 'net.onnx');
    writeFileSync(path, Buffer.from(file ?? forms!.dynamo, 'base64'));
    const { layers } = await loadNetwork(path);
    assert.ok(!someLayer(layers, ({ kind }) => kind === 'graph'), name);
  }
});

test('loadNetwork: a graph only where branches share values; skips inside each other are branches', async () => {
  for (const { name, files } of crossing) {
    const path = join(folder, 'net.onnx');
    writeFileSync(path, Buffer.from(files.dynamo, 'base64'));
    const { layers } = await loadNetwork(path);
    assert.equal(
      someLayer(layers, ({ kind }) => kind === 'graph'),
      name !== 'the shape of a U',
      name,
    );
  }
});

test('loadNetwork: a graph is the smallest region that is one: within a residual block it stays there', async () => {
  const weights = Array.from({ length: 768 }, (_, i) => 0.1 * Math.sin(i));
  const file = onnxFile([
    constant('w', [4, 192], weights),
    constant('b', [4], [0, 1, 2, 3]),
    node('Sigmoid', ['image'], ['s']),
    node('Sigmoid', ['s'], ['p']),
    node('Tanh', ['s'], ['q']),
    node('Add', ['p', 'q'], ['r']),
    node('Mul', ['r', 'q'], ['t']),
    node('Add', ['t', 'p'], ['u']),
    node('Add', ['u', 'image'], ['v']),
    node('Flatten', ['v'], ['flat']),
    node('Gemm', ['flat', 'w', 'b'], ['answer'], [whole('transB', 1)]),
  ]);
  const path = join(folder, 'net.onnx');
  writeFileSync(path, file);
  const nodes = [
    { from: [0], layers: [{ kind: 'sigmoid' }] },
    { from: [0], layers: [{ kind: 'tanh' }] },
    { from: [1, 2], join: 'add', layers: [] },
    { from: [3, 2], join: 'multiply', layers: [] },
    { from: [4, 1], join: 'add', layers: [] },
  ];
  const { layers } = await loadNetwork(path);
  assert.deepEqual(layers[0], {
    kind: 'residual',
    body: [{ kind: 'sigmoid' }, { kind: 'graph', nodes }],
    shortcut: [],
  });
});

test('loadNetwork: every second pixel, channels of zeros: the shortcut without weights of CIFAR ResNets', async () => {
  const values = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i) / 5);
  const file = (pads: readonly number[], channels: number): string => {
    const path = join(folder, 'shortcut.onnx');
    const parts = [
      constant('from', [2], [1, 0], 7),
      constant('to', [2], [8, 7], 7),
      constant('axes', [2], [2, 3], 7),
      constant('step', [2], [2, 3], 7),
      constant('pads', [8], pads, 7),
      constant('w', [channels * 12, 4], values(channels * 48)),
      node('Slice', ['image', 'from', 'to', 'axes', 'step'], ['a']),
      node('Pad', ['a', 'pads'], ['b']),
      node('Flatten', ['b'], ['c']),
      node('MatMul', ['c', 'w'], ['answer']),
    ];
    writeFileSync(path, onnxFile(parts));
    return path;
  };
  // what is read must give ONNX Runtime's answers, where it loads
  for (const [before, after] of [
    [1, 2],
    [0, 3],
    [2, 0],
  ] as const) {
    const { layers } = await loadNetwork(file([0, before, 0, 0, 0, after, 0, 0], 3 + before + after));
    const [cut, pool, zeros] = layers;
    assert.ok(cut?.kind === 'pad' && String(cut.padding) === '-1,0,0,-1');
    assert.deepEqual(pool, { kind: 'averagePool', size: 1, stride: [2, 3] });
    assert.ok(zeros?.kind === 'branches' && zeros.branches.length === 1 + Number(before > 0) + Number(after > 0));
  }
  await assert.rejects(loadNetwork(file([0, 4, 0, 0, 0, 0, 0, 0], 7)), /Pad.* is no layer that is known/);
});

test('loadNetwork: one channel of a picture, and pictures without an axis of channels, as for MNIST', async () => {
  const values = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i) / 5);
  const path = join(folder, 'gray.onnx');
  const numbers = [constant('one', [1], [1], 7), constant('zero', [], [0], 7), constant('flat', [2], [1, 64], 7)];
  const net = (...nodes: Buffer[]): Buffer[] => [
    ...numbers,
    constant('k', [2, 1, 1, 1], [1, -2]),
    constant('w', [128, 4], values(512)),
    constant('v', [64, 4], values(256)),
    ...nodes,
  ];
  const conv = [node('Conv', ['b', 'k'], ['c']), node('Flatten', ['c'], ['d']), node('MatMul', ['d', 'w'], ['answer'])];
  const taken = node('Gather', ['image', 'zero'], ['a'], [whole('axis', 1)]);
  const dense = [node('Reshape', ['image', 'flat'], ['d']), node('MatMul', ['d', 'v'], ['answer'])];
  for (const [file, image, kinds] of [
    [net(taken, node('Unsqueeze', ['a', 'one'], ['b']), ...conv), [1, 1, 8, 8], 'conv,flatten,dense'],
    [net(taken, node('Unsqueeze', ['a', 'one'], ['b']), ...conv), [1, 3, 8, 8], 'takeChannels,conv,flatten,dense'],
    [net(node('Unsqueeze', ['image', 'one'], ['b']), ...conv), [1, 8, 8], 'conv,flatten,dense'],
    [net(...dense), [1, 8, 8], 'flatten,dense'],
  ] as const) {
    writeFileSync(path, onnxFile(file, image));
    const { layers, imageShape } = await loadNetwork(path);
    assert.equal(String(layers.map(({ kind }) => kind)), kinds);
    assert.deepEqual(imageShape, [8, 8, image.length === 4 ? image[1] : 1]);
  }
  writeFileSync(path, onnxFile(net(node('Relu', ['image'], ['a']), ...dense), [1, 8, 8]));
  await assert.rejects(loadNetwork(path), /must be given its channel or be flattened first, got "Relu"; export with/);
});

test('loadNetwork: patches as tokens without weights, attention without a bias of queries and keys', async () => {
  const values = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i) / 5);
  const whole64 = (name: string, list: readonly number[]): Buffer => constant(name, [list.length], list, 7);
  const perm = (list: readonly number[]): Buffer[] => [ints('perm', list)];
  const heads = (name: string, from: number): Buffer[] => [
    whole64(`${name} from`, [from]),
    whole64(`${name} to`, [from + 4]),
    node('Slice', ['qkv', `${name} from`, `${name} to`, 'last'], [`${name} flat`]),
    node('Reshape', [`${name} flat`, 'split'], [`${name} split`]),
    node('Transpose', [`${name} split`], [name], perm([0, 2, 1, 3])),
  ];
  const net = (order: readonly number[], bias: readonly Buffer[]): Buffer[] => [
    ...[whole64('six', [1, 3, 2, 4, 2, 4]), whole64('tokens', [1, 4, 48]), whole64('split', [1, 4, 2, 2])],
    ...[whole64('whole', [1, 4, 4]), whole64('last', [2]), constant('half', [], [Math.SQRT1_2])],
    ...[
      constant('fc', [48, 4], values(192)),
      constant('qkv.w', [4, 12], values(48)),
      constant('out.w', [4, 4], values(16)),
    ],
    ...[constant('out.b', [4], [1, 2, 3, 4]), constant('head', [16, 4], values(64))],
    node('Reshape', ['image', 'six'], ['a']),
    node('Transpose', ['a'], ['b'], perm(order)),
    node('Reshape', ['b', 'tokens'], ['c']),
    node('MatMul', ['c', 'fc'], ['x']),
    node('MatMul', ['x', 'qkv.w'], [bias.length ? 'product' : 'qkv']),
    ...bias,
    ...[...heads('q', 0), ...heads('k', 4), ...heads('v', 8)],
    node('Transpose', ['k'], ['kt'], perm([0, 1, 3, 2])),
    node('MatMul', ['q', 'kt'], ['scores']),
    node('Mul', ['scores', 'half'], ['scaled']),
    node('Softmax', ['scaled'], ['weights'], [whole('axis', 3)]),
    node('MatMul', ['weights', 'v'], ['mixed']),
    node('Transpose', ['mixed'], ['back'], perm([0, 2, 1, 3])),
    node('Reshape', ['back', 'whole'], ['joined']),
    node('MatMul', ['joined', 'out.w'], ['o']),
    node('Add', ['out.b', 'o'], ['p']),
    node('Flatten', ['p'], ['flat']),
    node('MatMul', ['flat', 'head'], ['answer']),
  ];
  const path = join(folder, 'patches.onnx');
  const ofIn = [constant('in.b', [12], values(12)), node('Add', ['in.b', 'product'], ['qkv'])];
  for (const [order, name] of [
    [[0, 2, 4, 3, 5, 1], 'dcr'],
    [[0, 2, 4, 1, 3, 5], 'crd'],
  ] as const)
    for (const bias of [[], ofIn]) {
      writeFileSync(path, onnxFile(net(order, bias)));
      const { layers, parameters } = await loadNetwork(path);
      assert.deepEqual(layers[0], { kind: 'spaceToDepth', block: 4, order: name });
      const learned = parameters
        .filter((one) => one.name.startsWith('attention'))
        .map((one) => one.name.split('/').slice(1));
      assert.equal(String(learned.flat()), `in,kernel,${bias.length ? 'in,bias,' : ''}out,kernel,out,bias`);
    }
});
