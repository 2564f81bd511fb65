import assert from 'node:assert/strict';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';
import { compile, tf } from '../../src/engine/index.js';
import { frequencyCount, lowFrequencies } from '../../src/models/frequencies.js';
import { generatorForward, generatorSpecs, latentOf } from '../../src/models/generator.js';
import { generatorFrom } from '../../src/models/generator-weights.js';
import { forEachEngine } from '../engines.js';
import { smallGenerator } from './small-generator.js';

const { design, latent, fixed, weights, classNames } = smallGenerator(1);
const constants = [...fixed, ...weights];
const forward = generatorForward(design);
const labels = ndarray([2, 3], Float32Array.from([0, 1, 0, 0.5, 0, 0.5]));
const z = ndarray([2, latent], normalStream(4));

const run = async (inputs: NdArray[], f: Parameters<typeof compile>[0]): Promise<NdArray> => {
  const step = await compile(f, inputs, { constants });
  try {
    return (await step.run(...inputs))[0]!;
  } finally {
    step.dispose();
  }
};

test('lowFrequencies: an orthonormal basis that holds constants, and no colour finer than half the bands', () => {
  const { shape, data } = lowFrequencies(16, 4);
  assert.deepEqual(shape, [frequencyCount(4), 16 * 16 * 3]);
  const dot = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < shape[1]!; i++) sum += data[a * shape[1]! + i]! * data[b * shape[1]! + i]!;
    return sum;
  };
  for (let a = 0; a < shape[0]!; a++)
    for (let b = 0; b <= a; b++) assert.ok(Math.abs(dot(a, b) - Number(a === b)) < 1e-5, `${a} ${b}`);
  assert.ok(data.subarray(0, shape[1]!).every((value) => Math.abs(value - 1 / Math.sqrt(16 * 16 * 3)) < 1e-6));
});

forEachEngine((engine, setup) => {
  test(`generator: latentOf inverts the blurred picture on ${engine}`, { timeout: 60_000 }, async () => {
    await setup();
    const silent = weights.map((p) => (p.name.startsWith('out/') ? { ...p, data: p.data.map(() => 0) } : p));
    const [x, y] = [ndarray([1, latent], normalStream(9)), ndarray([1, 3], Float32Array.from([0, 0, 1]))];
    const all = [...fixed, ...silent];
    const step = await compile(
      (at, row, ...given) => latentOf(given, forward(given.slice(0, 3), given.slice(3), at, row), row),
      [x, y],
      { constants: all },
    );
    const [again] = await step.run(x, y);
    step.dispose();
    again!.data.forEach((value, i) => {
      assert.ok(Math.abs(value - x.data[i]!) < 2e-3, `${i}: ${value} ${x.data[i]}`);
    });
  });

  test(`generator: the same pictures on ${engine}; offsets of 0 change nothing, others do`, async () => {
    await setup();
    const plain = await run([z, labels], (x, y, ...given) => forward(given.slice(0, 3), given.slice(3), x, y));
    assert.deepEqual(plain.shape, [2, 16, 16, 3]);
    // written down from the compiled engine
    const sum = plain.data.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - PICTURES) < 1e-2, String(sum));
    const offset = ndarray([2, 8, 8, 4], uniformStream(3));
    const moved = (factor: number) =>
      run([z, labels, offset], (x, y, o, ...given) =>
        forward(given.slice(0, 3), given.slice(3), x, y, [undefined, undefined, tf.mul(o, factor)]),
      );
    assert.deepEqual((await moved(0)).data, plain.data);
    assert.notDeepEqual((await moved(1)).data, plain.data);
  });
});

/** Sum over all pixels of the two pictures. */
const PICTURES = 732.752;

test('generatorFrom refuses weights of another design and names that do not fit, by name', () => {
  const all = [...fixed.slice(1), ...weights];
  assert.equal(generatorFrom(all, classNames, design).latent, latent);
  assert.throws(() => generatorFrom(all.slice(1), classNames, design), /the network has \d+ tensors, got \d+/);
  assert.throws(() => generatorFrom(all, ['one'], design), /there must be 3 class names, got 1/);
  const other = all.map((p, k) => (k === 2 ? { ...p, shape: [9, 9] } : p));
  assert.throws(
    () => generatorFrom(other, classNames, design),
    /tensor 2 must be class \[3,128\], got "class \[9,9\]"/,
  );
  const broken = all.map((p, k) => (k === 3 ? { ...p, data: p.data.map(() => Number.NaN) } : p));
  assert.throws(() => generatorFrom(broken, classNames, design), /NaN|finite/);
  assert.equal(generatorSpecs(design).length, all.length);
});
