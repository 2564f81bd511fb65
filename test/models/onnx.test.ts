import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { tf, toTensor } from '../../src/engine/index.js';
import { forward, loadNetwork } from '../../src/models/index.js';
import { paddingOf, windowed } from '../../src/models/onnx/match-windows.js';
import { temporaryFolder } from '../assets/temporary.js';
import { forEachEngine } from '../engines.js';
import { root } from '../fixtures.js';
import { constant, node, onnxFile, whole } from '../onnx-files.js';

interface Exported {
  readonly networks: readonly { name: string; file: string; images: number[]; answers: number[]; log: boolean }[];
  readonly refused: readonly { name: string; file: string; says: string }[];
}
/** Networks that exporters wrote (test/golden/onnx-*.py), with answers in float64; Keras' in float32. */
const files = ['onnx-networks', 'onnx-modern', 'onnx-mobile', 'onnx-moved', 'onnx-keras'].map(
  (name) => JSON.parse(readFileSync(join(root, `test/golden/${name}.json`), 'utf8')) as Exported,
);
const golden: Exported = {
  networks: files.flatMap(({ networks }) => networks),
  refused: files.flatMap(({ refused }) => refused),
};
const folder = temporaryFolder();
const fileOf = (file: string | Uint8Array, name: string): string => {
  const path = join(folder, `${name.replace(/\W+/g, '-')}.onnx`);
  writeFileSync(path, typeof file === 'string' ? Buffer.from(file, 'base64') : file);
  return path;
};

forEachEngine(
  (engine, setup) => {
    for (const { name, file, images, answers, log } of golden.networks)
      test(`loadNetwork: ${name}, on ${engine}`, async () => {
        await setup();
        const model = await loadNetwork(fileOf(file, name));
        assert.deepEqual([model.imageShape, model.classes], [[8, 8, 3], 4]);
        const found = tf.tidy(() => {
          const x = toTensor(ndarray([2, 8, 8, 3], Float32Array.from(images)));
          const logits = forward(model)(model.parameters.map(toTensor), x);
          return (log ? tf.logSoftmax(logits) : logits).dataSync();
        });
        found.forEach((value, i) => {
          const expected = answers[i]!;
          assert.ok(Math.abs(value - expected) < 1e-4 * (1 + Math.abs(expected)), `${i}: ${value}, ${expected}`);
        });
      });
  },
  ['compiled', 'cpu'],
);

for (const { name, file, says } of golden.refused)
  test(`loadNetwork refuses ${name}`, async () => {
    await assert.rejects(loadNetwork(fileOf(file, name)), (error: Error) => error.message.includes(says));
  });

test('loadNetwork: damaged and hostile files are one line each', async () => {
  const good = Buffer.from(golden.networks[0]!.file, 'base64');
  for (let cut = 0; cut < good.length; cut += 1 + Math.floor(good.length / 60))
    await assert.rejects(loadNetwork(fileOf(good.subarray(0, cut), 'cut')), { name: 'RoglabError' }, `cut at ${cut}`);
  const shaped = golden.networks.filter(({ name }) => /cropped, learned slopes|^ConvNeXt$/.test(name));
  assert.equal(shaped.length, 2);
  for (const file of [good, ...shaped.map((one) => Buffer.from(one.file, 'base64'))])
    for (let at = 0; at < file.length; at += 1 + Math.floor(file.length / 150)) {
      const flipped = Buffer.from(file);
      flipped[at]! ^= 0x55;
      const read = await loadNetwork(fileOf(flipped, 'flipped')).catch((error: Error) => error);
      if (read instanceof Error) assert.equal(read.name, 'RoglabError', `flipped at ${at}: ${read.stack}`);
    }
  await assert.rejects(loadNetwork(fileOf(Buffer.from('PK no network'), 'zip')), { name: 'RoglabError' });
  await assert.rejects(loadNetwork(folder), /this is no file/);
  await assert.rejects(loadNetwork(join(folder, 'none.onnx')), /cannot read it: ENOENT/);
});

const field = (number: number, wire: number, ...bytes: number[]): Buffer => Buffer.of((number << 3) | wire, ...bytes);
const inside = (number: number, content: Buffer): Buffer => {
  const length: number[] = [];
  for (let n = content.length; ; n >>>= 7) {
    length.push(n > 127 ? (n & 127) | 128 : n);
    if (n < 128) return Buffer.concat([Buffer.of((number << 3) | 2, ...length), content]);
  }
};

test('loadNetwork: weights beside the file stay in its folder; graphs inside nodes are refused', async () => {
  const beside = (location: string): Buffer => {
    const entry = inside(13, Buffer.concat([inside(1, Buffer.from('location')), inside(2, Buffer.from(location))]));
    const tensor = [field(1, 0, 2), field(2, 0, 1), inside(8, Buffer.from('w')), entry, field(14, 0, 1)];
    return inside(7, inside(5, Buffer.concat(tensor)));
  };
  for (const location of ['../../etc/passwd', '/etc/passwd', '..', 'a/../../b', 'a\\b', '', 'a/'])
    await assert.rejects(
      loadNetwork(fileOf(beside(location), 'beside')),
      /weights beside the file must lie in its own folder/,
      location,
    );
  await assert.rejects(loadNetwork(fileOf(beside('none.data'), 'beside')), /cannot read none.data: ENOENT/);
  await assert.rejects(loadNetwork(fileOf(beside('a/none'), 'beside')), /cannot read a\/none: ENOENT/);
  const outside = temporaryFolder();
  writeFileSync(join(outside, 'secret'), Buffer.alloc(8));
  symlinkSync(join(outside, 'secret'), join(folder, 'link'));
  symlinkSync(outside, join(folder, 'below'));
  for (const location of ['link', 'below/secret'])
    await assert.rejects(
      loadNetwork(fileOf(beside(location), 'beside')),
      /must lie in its own folder, got ".*, a link out of it"/,
    );
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner', 'w'), Buffer.alloc(8));
  await assert.rejects(loadNetwork(fileOf(beside('inner/w'), 'beside')), /holds a graph with nodes/);
  const nested = inside(
    7,
    inside(1, Buffer.concat([inside(4, Buffer.from('If')), inside(5, inside(6, Buffer.alloc(0)))])),
  );
  await assert.rejects(loadNetwork(fileOf(nested, 'nested')), /a node of kind If holds a graph of its own/);
});

test('paddingOf: a window that would begin in the last zeros is not counted, as in PyTorch', () => {
  const pool = (pads: number[], strides: number[]) => ({
    ...{ name: 'pool', op: 'MaxPool', inputs: ['x'], outputs: ['y'] },
    attributes: { ceil_mode: 1, pads, strides },
  });
  assert.deepEqual(windowed(pool([1, 1, 1, 1], [2, 2]), [1, 2, 7, 7], [2, 2], 2), [1, 2, 4, 4]);
  assert.deepEqual(windowed(pool([0, 0, 0, 0], [2, 2]), [1, 2, 7, 8], [3, 3], 2), [1, 2, 3, 4]);
  assert.deepEqual(paddingOf(pool([0, 0, 0, 0], [2, 2]), [7, 8], [3, 3]), [0, 0, 0, 1]);
});

test('loadNetwork: an image scaled by 2 x - 1, axes squeezed one by one, pads computed from constants', async () => {
  const whole64 = (name: string, values: number[]): Buffer => constant(name, [values.length], values, 7);
  const graph = [
    ...[constant('two', [], [2]), constant('one', [], [1]), whole64('order', [0, 0, 0, 0, 1, 2, 0, 0])],
    ...[whole64('from', [-1]), whole64('to', [-1000]), whole64('axis', [0]), whole64('step', [-1])],
    node('Mul', ['image', 'two'], ['m']),
    node('Sub', ['m', 'one'], ['n']),
    node('Slice', ['order', 'from', 'to', 'axis', 'step'], ['pads']),
    node('Pad', ['n', 'pads'], ['p']),
    constant(
      'k',
      [4, 3, 3, 3],
      Array.from({ length: 108 }, (_, i) => Math.sin(i)),
    ),
    node('Conv', ['p', 'k'], ['c']),
    node('GlobalAveragePool', ['c'], ['g']),
    ...[
      whole64('last', [3]),
      whole64('next', [2]),
      node('Squeeze', ['g', 'last'], ['h']),
      node('Squeeze', ['h', 'next'], ['answer']),
    ],
  ];
  const { layers } = await loadNetwork(fileOf(onnxFile(graph), 'scaled'));
  assert.deepEqual(layers[0], { kind: 'normalize', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  assert.deepEqual(layers[1]!.kind === 'conv' && layers[1].padding, [2, 0, 1, 0]);
});

test('loadNetwork: cells of the other side as PyTorch 2 and Pad write them, and no other cells', async () => {
  const whole64 = (name: string, values: number[]): Buffer => constant(name, [values.length], values, 7);
  const kernel = Array.from({ length: 108 }, (_, i) => Math.sin(i));
  const rest = [
    constant('k', [4, 3, 3, 3], kernel),
    node('Conv', ['p', 'k'], ['c']),
    node('GlobalAveragePool', ['c'], ['g']),
    node('Flatten', ['g'], ['answer']),
  ];
  const slices = (from: number) => [
    ...[whole64('from', [from]), whole64('end', [8]), whole64('start', [0]), whole64('one', [1]), whole64('axis', [2])],
    node('Slice', ['image', 'from', 'end', 'axis'], ['last']),
    node('Slice', ['image', 'start', 'one', 'axis'], ['first']),
    node('Concat', ['last', 'image', 'first'], ['p'], [whole('axis', 2)]),
  ];
  const { layers } = await loadNetwork(fileOf(onnxFile([...slices(-2), ...rest]), 'circular'));
  assert.deepEqual(layers[0], { kind: 'pad', padding: [2, 1, 0, 0], mode: 'circular' });
  await assert.rejects(
    loadNetwork(
      fileOf(
        onnxFile([
          ...slices(-2).slice(0, -1),
          node('Concat', ['first', 'image', 'last'], ['p'], [whole('axis', 2)]),
          ...rest,
        ]),
        'no',
      ),
    ),
    /\(Concat\) is no layer that is known/,
  );
});

test('loadNetwork: windows that do not fit never reach ONNX Runtime, which would end the process', async () => {
  const list = (name: string, values: number[]): Buffer =>
    inside(5, Buffer.concat([inside(1, Buffer.from(name)), inside(8, Buffer.from(values)), Buffer.of(0xa0, 1, 7)]));
  const kernel = Array.from({ length: 108 }, (_, i) => Math.sin(i));
  const head = [node('GlobalAveragePool', ['c'], ['g']), node('Flatten', ['g'], ['answer'])];
  for (const attributes of [
    [list('kernel_shape', [3, 86])],
    [list('strides', [0, 1])],
    [list('strides', [1])],
    [list('dilations', [9, 1])],
    [list('pads', [0, 0, 0])],
  ]) {
    const graph = [constant('k', [4, 3, 3, 3], kernel), node('Conv', ['image', 'k'], ['c'], attributes), ...head];
    await assert.rejects(loadNetwork(fileOf(onnxFile(graph), 'windows')), /the windows of node of c \(Conv\) must fit/);
  }
  const pool = [node('MaxPool', ['image'], ['c'], [list('kernel_shape', [9, 2])]), ...head];
  await assert.rejects(loadNetwork(fileOf(onnxFile(pool), 'pool')), /the windows of node of c \(MaxPool\) must fit/);
});
