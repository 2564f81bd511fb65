/** What compile() promises beyond numbers: refusals, fallbacks, sharing, release, and a breathing event loop. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';
import {
  compile,
  crossEntropy,
  currentSession,
  start,
  type Tensor,
  type Tensor2D,
  tf,
} from '../../src/engine/index.js';
import { loopTurns } from '../event-loop.js';

before(() => start({ backend: 'wasm', compiled: 'on' }));

const random = (shape: number[], seed: number): NdArray => {
  const next = uniformStream(seed);
  return ndarray(shape, () => next() - 0.5);
};
const x = random([2, 3], 1);
const double = (t: Tensor): Tensor => tf.mul(t, 2);

test('compile(f) says how it runs', async () => {
  const step = await compile(double, [x]);
  assert.match(step.engine, /^onnxruntime \d+\.\d+\.\d+ \(\d+ threads?\)$/);
  assert.equal(step.compiled, true);
  assert.ok(step.compileMs > 0);
  assert.deepEqual(
    [...(await step.run(x))[0]!.data],
    [...x.data].map((v) => v * 2),
  );
  step.dispose();
  const eager = await compile(double, [x], { engine: 'eager', threads: 1 });
  assert.equal(eager.engine, `tfjs ${currentSession()!.backend}`);
  assert.equal(eager.compiled, false);
  eager.dispose();
});

test('compile(f) refuses a function whose control flow follows values', async () => {
  const branches = (t: Tensor): Tensor => ((t.dataSync()[0] as number) > 0 ? t : tf.neg(t));
  for (const engine of ['auto', 'compiled'] as const)
    await assert.rejects(
      compile(branches, [x], { engine, name: 'branch' }),
      /compile\(branch\): the function reads the value of a tensor that depends on its inputs.*use tf\.where/,
    );
  const reads = (t: Tensor): Tensor => tf.mul(t, tf.scalar(tf.scalar(3).dataSync()[0] as number));
  const step = await compile(reads, [x]);
  assert.equal(step.compiled, true, 'reading a constant is fine');
  step.dispose();
});

test('compile(f) runs an unknown operation eagerly, with one warning that names operation and call', async (t) => {
  const lines: string[] = [];
  t.mock.method(console, 'warn', (line: string) => lines.push(line));
  const top = (v: Tensor): Tensor => tf.topk(v, 2).values;
  for (let i = 0; i < 2; i++) {
    const step = await compile(top, [x], { name: 'best' });
    assert.equal(step.compiled, false);
    const row = [...x.data.subarray(0, 3)].sort((a, b) => b - a);
    assert.deepEqual([...(await step.run(x))[0]!.data.subarray(0, 2)], row.slice(0, 2));
    step.dispose();
  }
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    /compile\(best\): cannot compile the operation TopK\(x: \[2, 3\]\) \(at top .*compiled\.test/,
  );
  await assert.rejects(
    compile(top, [x], { engine: 'compiled' }),
    /cannot compile the operation TopK.*engine 'eager' runs it/,
  );
});

test('compile(f) leaves the eager backend as it was, also after an error', async () => {
  const before = tf.getBackend();
  await assert.rejects(
    compile(() => {
      throw new Error('mine');
    }, [x]),
    /mine/,
  );
  await assert.rejects(compile((async (t: Tensor) => t) as never, [x]), /must not be async/);
  assert.equal(tf.getBackend(), before);
  assert.deepEqual([...tf.add(1, 2).dataSync()], [3]);
});

test('compile(f) takes tensors from outside as constants and leaves them alive', async () => {
  const outside = tf.tensor1d([1, 2, 3]);
  const step = await compile((t) => tf.mul(t, outside), [x]);
  const [y] = await step.run(x);
  assert.deepEqual(
    [...y!.data],
    [...x.data].map((v, i) => Math.fround(v * ((i % 3) + 1))),
  );
  assert.deepEqual([...outside.dataSync()], [1, 2, 3]);
  outside.dispose();
  step.dispose();
});

test('step.run checks the number and the shapes of its inputs', async () => {
  const step = await compile(double, [x], { name: 'd' });
  await assert.rejects(step.run(), /compile\(d\): the step takes 1 inputs, got 0/);
  await assert.rejects(
    step.run(random([3, 2], 1)),
    /compile\(d\): input 0 must have shape \[2,3\], got \[3, 2\]; compile one step per shape/,
  );
  step.dispose();
});

test('step.dispose twice is harmless, run after it is refused', async () => {
  for (const engine of ['compiled', 'eager'] as const) {
    const step = await compile(double, [x], { engine, constants: [x] });
    step.dispose();
    step.dispose();
    await assert.rejects(step.run(x), /compile\(step\): the step was disposed; compile it again/);
  }
});

test('compile refuses unknown options and wrong inputs', async () => {
  await assert.rejects(compile(double, [x], { threds: 2 } as never), /unknown option "threds".*did you mean "threads"/);
  await assert.rejects(
    compile(double, [x], { engine: 'fast' as never }),
    /engine must be one of auto, compiled, eager/,
  );
  await assert.rejects(compile(double, [[1, 2]] as never), /input 0 must be an array \{ shape, data: Float32Array \}/);
});

const dense = (weights: Tensor, images: Tensor, labels: Tensor): tf.Scalar =>
  crossEntropy(tf.matMul(images as Tensor2D, weights as Tensor2D), labels);

/** The sum of the gradients along some local steps. */
function attackUpdate(steps: number, images: Tensor, labels: Tensor, w0: Tensor): Tensor {
  let [w, delta] = [w0, tf.zerosLike(w0)];
  for (let k = 0; k < steps; k++) {
    const gradient = tf.grad((v: Tensor) => dense(v, images, labels))(w);
    delta = tf.add(delta, gradient);
    w = tf.sub(w, tf.mul(gradient, 0.5));
  }
  return delta;
}

/** Inner gradient in the weights, local steps, objective against a target, outer gradient in the images. */
const attack =
  (steps: number, objective: (a: Tensor, b: Tensor) => tf.Scalar) =>
  (images: Tensor, labels: Tensor, target: Tensor, w0: Tensor): Tensor[] => {
    const distance = (z: Tensor): tf.Scalar => objective(attackUpdate(steps, z, labels, w0), target);
    const { value, grad } = tf.valueAndGrad(distance)(images);
    return [value, grad];
  };

const objectives: Record<string, (a: Tensor, b: Tensor) => tf.Scalar> = {
  l2: (a, b) => tf.sum(tf.square(tf.sub(a, b))),
  cosine: (a, b) =>
    tf.sub(1, tf.div(tf.sum(tf.mul(a, b)), tf.mul(tf.sqrt(tf.sum(tf.square(a))), tf.sqrt(tf.sum(tf.square(b)))))),
  interval: (a, b) => tf.sum(tf.square(tf.relu(tf.sub(tf.abs(tf.sub(a, b)), 1e-3)))),
  masked: (a, b) => tf.sum(tf.mul(tf.square(tf.sub(a, b)), tf.cast(tf.notEqual(b, 0), 'float32'))),
  'l2 of the transposed': (a, b) => tf.sum(tf.square(tf.sub(tf.transpose(a), tf.transpose(b)))),
};

for (const [name, objective] of Object.entries(objectives))
  for (const steps of [1, 3])
    test(`compiled second gradients, dense layer, ${name}, ${steps} steps: as eager, no outer product`, async () => {
      const [images, target, w0] = [random([2, 40], 3), random([40, 30], 4), random([40, 30], 5)];
      const labels = ndarray(
        [2, 30],
        (() => {
          let i = 0;
          return () => (i++ % 31 === 0 ? 1 : 0);
        })(),
      );
      const fn = attack(steps, objective);
      const inputs = [images, labels, target];
      const [ours, theirs] = await Promise.all(
        (['compiled', 'eager'] as const).map(async (engine) => {
          const step = await compile(fn, inputs, { engine, constants: [w0] });
          const result = await step.run(...inputs);
          step.dispose();
          return result;
        }),
      );
      theirs!.forEach(({ data }, k) => {
        const scale = data.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
        data.forEach((v, i) => {
          assert.ok(Math.abs(ours![k]!.data[i]! - v) <= 3e-5 * scale, `${k}[${i}]`);
        });
      });
    });

test('compiled squared distance of a dense layer is zero at the truth, to 1e-7 of its start', async () => {
  const [truth, start, w0] = [random([4, 300], 11), random([4, 300], 12), random([300, 200], 13)];
  const labels = ndarray(
    [4, 200],
    Float32Array.from({ length: 800 }, (_, i) => (i % 201 === 0 ? 1 : 0)),
  );
  for (const steps of [1, 3]) {
    const update = await compile((z, y, w) => attackUpdate(steps, z, y, w), [truth, labels], { constants: [w0] });
    const [target] = await update.run(truth, labels);
    const step = await compile(attack(steps, objectives.l2!), [truth, labels, target!], { constants: [w0] });
    const [here] = await step.run(truth, labels, target!);
    const [there] = await step.run(start, labels, target!);
    assert.ok(
      Math.abs(here!.data[0]!) < 1e-7 * there!.data[0]!,
      `${here!.data[0]} at the truth, ${there!.data[0]} away`,
    );
    update.dispose();
    step.dispose();
  }
});

test('compiled steps hold no tensors, and memory stays flat over 2,000 runs', async () => {
  const weights = random([64, 128], 6);
  const inputs = [random([4, 64], 7), ndarray([4, 128], 1 / 128)];
  const tensors = tf.memory().numTensors;
  const step = await compile(
    (images, labels, w) => {
      const { value, grad } = tf.valueAndGrad((z: Tensor) =>
        tf.sum(tf.square(tf.grad((v: Tensor) => dense(v, z, labels))(w))),
      )(images);
      return [value, grad];
    },
    inputs,
    { constants: [weights] },
  );
  assert.equal(tf.memory().numTensors, tensors);
  const loop = async (count: number): Promise<number> => {
    for (let i = 0; i < count; i++) await step.run(...inputs);
    globalThis.gc?.();
    return process.memoryUsage.rss();
  };
  await loop(500);
  const start = await loop(100);
  const end = await loop(2000);
  step.dispose();
  assert.ok(end - start < 24 * 2 ** 20, `grew by ${((end - start) / 2 ** 20).toFixed(1)} MB`);
});

test('a loop of compiled runs lets timers through', async () => {
  const step = await compile(double, [x]);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  for (let k = 0; k < 20_000 && ticks < 5; k++) await step.run(x);
  clearInterval(timer);
  step.dispose();
  assert.ok(ticks >= 5, `${ticks} ticks`);
});

test('the event loop turns between all phases of a compilation', async () => {
  const loop = loopTurns();
  const step = await compile((t: Tensor): Tensor => tf.add(tf.square(t), 0.25), [x]);
  loop.stop();
  step.dispose();
  assert.ok(loop.turns() >= 5, `${loop.turns()} turns: trace, simplify, emit, serialise, open`);
});

test('compile(f) does not depend on the number of threads', async () => {
  const images = random([3, 6, 6, 4], 8);
  const kernel = random([3, 3, 4, 8], 9);
  const results = [];
  for (const threads of [1, 2]) {
    const step = await compile((v, w) => tf.conv2d(v as never, w as never, 1, 'same'), [images], {
      constants: [kernel],
      threads,
    });
    results.push([...(await step.run(images))[0]!.data]);
    step.dispose();
  }
  assert.deepEqual(results[0], results[1]);
});
