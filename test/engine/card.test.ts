/** Graphs laid out for a card, run on the processor: the numbers of the processor and of tensorflow.js. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ndarray, oneHot } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';
import { disagreement } from '../../src/engine/agreement.js';
import { compileGraph } from '../../src/engine/compiled/index.js';
import { eagerStep } from '../../src/engine/eager-step.js';
import { crossEntropy, start, type Tensor, type Tensor2D, type Tensor4D, tf } from '../../src/engine/index.js';

before(() => start({ backend: 'wasm', compiled: 'on' }));

const random = (shape: number[], seed: number): NdArray => {
  const next = uniformStream(seed);
  return ndarray(shape, () => 2 * next() - 1);
};

type Program = (...all: Tensor[]) => Tensor[];

const planOf = (inputs: NdArray[], fixed: NdArray[], constants: NdArray[]) =>
  ({ inputs, fixed, constants, threads: 1, provider: 'cpu' }) as const;

async function laidOut(
  program: Program,
  card: boolean,
  [inputs, fixed, constants]: readonly NdArray[][],
): Promise<NdArray[]> {
  const session = await compileGraph(program, { ...planOf(inputs!, fixed!, constants!), card });
  try {
    return await session.run(inputs!);
  } finally {
    session.release();
  }
}

/** Three runs in one, of different inputs: what each of them gives. */
async function together(
  program: Program,
  card: boolean,
  [inputs, fixed, constants]: readonly NdArray[][],
): Promise<NdArray[][]> {
  const compiled = () => compileGraph(program, { ...planOf(inputs!, fixed!, constants!), card, stack: 3 });
  const sessions = await Promise.all([compiled(), compiled(), compiled()]);
  try {
    const given = [-1, 1, 2].map((factor) => inputs!.map((x) => ({ ...x, data: x.data.map((v) => factor * v) })));
    return await Promise.all(sessions.map((session, run) => session.run(given[run]!)));
  } finally {
    for (const session of sessions) session.release();
  }
}

/** All graphs against the program itself, operation by operation. */
async function assertSame(program: Program, arrays: readonly NdArray[][]): Promise<void> {
  const [inputs, fixed, constants] = arrays;
  const eager = eagerStep(program, [...fixed!, ...constants!]);
  const wanted = await eager.run(...inputs!).finally(eager.dispose);
  for (const card of [false, true]) {
    const three = await together(program, card, arrays);
    assert.notDeepEqual(three[0]!.at(-1), three[1]!.at(-1));
    for (const outputs of [await laidOut(program, card, arrays), three[1]!])
      for (const [k, output] of outputs.entries()) {
        assert.deepEqual(output.shape, wanted[k]!.shape);
        const apart = disagreement(output, wanted[k]!);
        assert.ok(apart < 5e-5, `${card ? 'card' : 'processor'}: output ${k} is ${apart} apart`);
      }
  }
}

interface Layer {
  readonly image: number[];
  readonly kernel: number[];
  readonly stride?: number;
  readonly padding: 'same' | 'valid';
  readonly dilation?: number;
}

/** Both ways to a kernel's gradient, what a stride leaves over, and channels apart. */
const layers: Record<string, Layer> = {
  'a few entries': { image: [1, 8, 8, 3], kernel: [5, 5, 3, 4], padding: 'same' },
  'many entries': { image: [3, 20, 20, 2], kernel: [3, 3, 2, 4], padding: 'same' },
  'rows that a stride leaves': { image: [2, 8, 9, 3], kernel: [2, 2, 3, 4], stride: 3, padding: 'valid' },
  'many entries, stride 2': { image: [5, 33, 32, 2], kernel: [3, 3, 2, 4], stride: 2, padding: 'same' },
  'dilated, few': { image: [2, 9, 9, 3], kernel: [3, 3, 3, 4], dilation: 2, padding: 'valid' },
  'dilated, many': { image: [4, 24, 21, 3], kernel: [3, 2, 3, 4], dilation: 3, padding: 'same' },
  'one position': { image: [2, 3, 3, 4], kernel: [3, 3, 4, 5], padding: 'valid' },
};

for (const [name, { image, kernel, stride = 1, padding, dilation = 1 }] of Object.entries(layers))
  test(`gradient of a kernel and its own gradient, ${name}`, async () => {
    const program: Program = (x, w, t) => {
      const loss = (w: Tensor): tf.Scalar =>
        tf.sum(tf.square(tf.conv2d(x as Tensor4D, w as Tensor4D, stride, padding, 'NHWC', dilation))) as tf.Scalar;
      const apart = (x: Tensor): tf.Scalar => {
        const at = (w: Tensor): tf.Scalar =>
          tf.sum(tf.square(tf.conv2d(x as Tensor4D, w as Tensor4D, stride, padding, 'NHWC', dilation))) as tf.Scalar;
        return tf.sum(tf.square(tf.sub(tf.grad(at)(w), t))) as tf.Scalar;
      };
      const { value, grad } = tf.valueAndGrad(apart)(x);
      return [tf.grad(loss)(w), value, grad];
    };
    await assertSame(program, [[random(image, 1)], [random(kernel, 2), random(kernel, 3)], []]);
  });

test('an attack closure: the received update lies on the card', async () => {
  const shapes = [[5, 5, 3, 8], [8], [3, 3, 8, 6], [6 * 6 * 6, 10]];
  const weights = shapes.map((shape, k) => random(shape, 10 + k));
  const update = shapes.map((shape, k) => random(shape, 20 + k));
  const program: Program = (images, y, ...all) => {
    const [received, own] = [all.slice(0, 4), all.slice(4)];
    const loss = (x: Tensor, [a, b, c, d]: readonly Tensor[]): tf.Scalar => {
      const first = tf.relu(tf.add(tf.conv2d(x as Tensor4D, a as Tensor4D, 1, 'same'), b!));
      const second = tf.relu(tf.conv2d(tf.maxPool(first as Tensor4D, 2, 2, 'valid'), c as Tensor4D, 1, 'same'));
      return crossEntropy(tf.matMul(tf.reshape(second, [2, -1]), d as Tensor2D), y as Tensor2D);
    };
    const objective = (x: Tensor): tf.Scalar => {
      const slopes = tf.grads((...w: Tensor[]) => loss(x, w))(own);
      return tf.addN(slopes.map((g, k) => tf.sum(tf.squaredDifference(g, received[k]!)))) as tf.Scalar;
    };
    const { value, grad } = tf.valueAndGrad(objective)(images);
    return [value, grad];
  };
  const labels = oneHot('test', Int32Array.of(3, 7), 10);
  await assertSame(program, [[random([2, 12, 12, 3], 1), labels], update, weights]);
});

test('three local steps of a wide dense layer: thin products side by side, squares, masks and factors', async () => {
  const shapes = [
    [40, 60],
    [60, 50],
  ];
  const weights = shapes.map((shape, k) => random(shape, 30 + k));
  const update = shapes.map((shape, k) => random(shape, 40 + k));
  const program: Program = (images, y, ...all) => {
    const [received, own] = [all.slice(0, 2), all.slice(2)];
    const loss = ([a, b]: readonly Tensor[]): tf.Scalar =>
      crossEntropy(tf.matMul(tf.relu(tf.matMul(images as Tensor2D, a as Tensor2D)), b as Tensor2D), y as Tensor2D);
    const step = (at: readonly Tensor[]): Tensor[] => {
      const slopes = tf.grads((...w: Tensor[]) => loss(w))([...at]);
      return at.map((w, k) => tf.sub(w, tf.mul(slopes[k]!, 0.3)));
    };
    const objective = (x: Tensor): tf.Scalar => {
      images = x;
      const after = step(step(step(own)));
      return tf.addN(after.map((w, k) => tf.sum(tf.squaredDifference(tf.sub(w, own[k]!), received[k]!)))) as tf.Scalar;
    };
    const { value, grad } = tf.valueAndGrad(objective)(images);
    return [value, grad];
  };
  const labels = oneHot('test', Int32Array.of(3, 7), 50);
  await assertSame(program, [[random([2, 40], 1), labels], update, weights]);
});
