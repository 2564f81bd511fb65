import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream } from '../../src/core/random.js';
import type { NamedArray, NdArray } from '../../src/core/types.js';
import { type Tensor, tf } from '../../src/engine/index.js';
import {
  adam,
  cosineDecay,
  type FitOptions,
  fit,
  type Moved,
  oneCycle,
  sgd,
  steady,
} from '../../src/training/index.js';
import { forEachEngine } from '../engines.js';

const random = normalStream(3);
const samples = 96;
const truth = [1.5, -2, 0.5];
const x = ndarray([samples, 3], random);
const y = ndarray([samples, 1], random);
for (let i = 0; i < samples; i++) for (let k = 0; k < 3; k++) y.data[i]! += truth[k]! * x.data[3 * i + k]!;

const rows = ({ shape, data }: NdArray, indices: readonly number[]): NdArray => {
  const width = shape[1]!;
  return ndarray(
    [indices.length, width],
    Float32Array.from(indices.flatMap((i) => [...data.subarray(i * width, (i + 1) * width)])),
  );
};

/** Solves the normal equations (X^T X) w = X^T y by Gaussian elimination in float64. */
function leastSquares(): number[] {
  const a = [0, 1, 2].map((p) => {
    const dot = (f: (i: number) => number): number =>
      [...Array(samples).keys()].reduce((s, i) => s + x.data[3 * i + p]! * f(i), 0);
    return [...[0, 1, 2].map((q) => dot((i) => x.data[3 * i + q]!)), dot((i) => y.data[i]!)];
  });
  for (let p = 0; p < 3; p++)
    for (let q = 0; q < 3; q++) {
      if (q === p) continue;
      const factor = a[q]![p]! / a[p]![p]!;
      for (let k = 0; k < 4; k++) a[q]![k]! -= factor * a[p]![k]!;
    }
  return a.map((row, p) => row[3]! / row[p]!);
}

const line = (extra: Partial<FitOptions> = {}): FitOptions => ({
  name: 'line',
  parameters: [{ name: 'w', shape: [3, 1], data: new Float32Array(3) }],
  loss: ([w], [a, b]) => {
    const error = tf.sub(tf.matMul(a! as tf.Tensor2D, w! as tf.Tensor2D), b!);
    return { loss: tf.mean(tf.square(error)), absolute: tf.mean(tf.abs(error)) };
  },
  data: { size: samples, batch: (indices) => [rows(x, indices), rows(y, indices)] },
  epochs: 40,
  batchSize: 32,
  schedule: steady(0.05),
  ...extra,
});

const close = (parameters: readonly NamedArray[], tolerance: number): void => {
  const solution = leastSquares();
  parameters[0]!.data.forEach((value, k) => {
    assert.ok(Math.abs(value - solution[k]!) < tolerance, `${value} against ${solution[k]}`);
  });
};

forEachEngine(
  (engine, setup) => {
    test(`fit on a least-squares problem reaches the closed-form solution (${engine})`, async () => {
      await setup();
      const options = { batchSize: samples, epochs: 300 };
      for (const optimizer of [sgd(), sgd({ momentum: 0 }), sgd({ nesterov: false }), adam()]) {
        const { parameters, history } = await fit(line({ ...options, optimizer, schedule: cosineDecay(0.2) }));
        close(parameters, 1e-5);
        assert.ok(history.at(-1)!.losses.absolute! > 0 && history.length === 300);
      }
    });
  },
  ['compiled', 'wasm'],
);

test('fit: minibatches in another order end near the same solution; the same seed gives the same bits', async () => {
  const options = { epochs: 200, schedule: oneCycle(0.1) };
  const [a, b, other] = [await fit(line(options)), await fit(line(options)), await fit(line({ ...options, seed: 2 }))];
  close(a.parameters, 0.02);
  assert.deepEqual(a.parameters, b.parameters);
  assert.notDeepEqual(a.parameters, other.parameters);
});

test('sgd and adam move as PyTorch does (torch 1.13, float64)', () => {
  // torch.optim.SGD([x], lr=0.1, momentum=0.9, nesterov=N, weight_decay=0.01), gradients 1, then -2, x from 1
  const run = (optimizer: ReturnType<typeof sgd>): number => {
    let state: Moved = {
      x: Float32Array.of(1),
      slots: Array.from({ length: optimizer.slots }, () => new Float32Array(1)),
    };
    [1, -2].forEach((g, i) => {
      state = optimizer.step({ ...state, gradient: Float32Array.of(g), rate: 0.1, t: i + 1, decays: true });
    });
    return state.x[0]!;
  };
  const near = (got: number, wanted: number): void => assert.ok(Math.abs(got - wanted) < 1e-6, `${got}, not ${wanted}`);
  near(run(sgd({ weightDecay: 0.01, nesterov: false })), 1.007201);
  near(run(sgd({ weightDecay: 0.01 })), 1.10475461);
  near(run(adam()), 0.93661035);
  near(run(adam({ weightDecay: 0.01 })), 0.93471135);
});

test('fit: stopped anywhere and started again, it ends with the same bits as in one go', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roglab-fit-'));
  try {
    const seen: number[] = [];
    const noisy = (extra: Partial<FitOptions>): FitOptions =>
      line({
        epochs: 4,
        batchSize: 16,
        optimizer: adam({ weightDecay: 0.01 }),
        schedule: oneCycle(0.1),
        data: {
          size: samples,
          batch: (indices, seed) => {
            const noise = normalStream(seed);
            return [
              ndarray(
                [16, 3],
                rows(x, indices).data.map((value) => value + 0.1 * noise()),
              ),
              rows(y, indices),
            ];
          },
        },
        validate: async ([w]) => ({ first: w!.data[0]! }),
        ...extra,
      });
    const whole = await fit(noisy({}));
    const checkpoint = join(folder, 'line.checkpoint');
    for (let stops = 0; stops < 20; stops++) {
      const controller = new AbortController();
      const result = await fit(
        noisy({
          checkpoint,
          signal: controller.signal,
          onProgress: ({ step }) => {
            seen.push(step);
            if (step % 5 === 0) controller.abort();
          },
        }),
      );
      if (result.stopped === 'finished') {
        const bare = ({ epoch, losses, validation }: (typeof whole.history)[number]) => ({ epoch, losses, validation });
        assert.deepEqual(result.parameters, whole.parameters);
        assert.deepEqual(result.history.map(bare), whole.history.map(bare));
        break;
      }
      assert.equal(result.stopped, 'cancelled');
    }
    assert.deepEqual(
      seen,
      [...Array(24).keys()].map((i) => i + 1),
    );
    await assert.rejects(fit(noisy({ checkpoint, seed: 9 })), /belongs to other settings: seed was 1 and is 9/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('fit: clip shortens the whole gradient', async () => {
  const one = { epochs: 1, batchSize: samples, optimizer: sgd({ momentum: 0 }), schedule: steady(1), clip: 0.5 };
  const { parameters } = await fit(line(one));
  assert.ok(Math.abs(Math.hypot(...parameters[0]!.data) - 0.5) < 1e-6);
});

test('fit: constants reach the loss and are not moved', async () => {
  const fixed = ndarray([3, 1], Float32Array.from(truth));
  const { parameters } = await fit({
    ...line({ epochs: 150, batchSize: samples, schedule: cosineDecay(0.2) }),
    constants: [fixed],
    loss: ([w], [a, b], [rest]) => ({
      loss: tf.mean(tf.square(tf.sub(tf.matMul(a! as tf.Tensor2D, tf.add(w!, rest!) as tf.Tensor2D), b!))) as Tensor,
    }),
  });
  const solution = leastSquares();
  parameters[0]!.data.forEach((value, k) => {
    assert.ok(Math.abs(value + truth[k]! - solution[k]!) < 1e-4);
  });
});

test('fit: messages', async () => {
  await assert.rejects(fit({ ...line(), epoch: 3 } as never), /unknown option "epoch"; did you mean "epochs"/);
  await assert.rejects(
    fit(line({ batchSize: 97 })),
    /one batch of 97 needs as many samples, got 96; use a smaller batchSize/,
  );
  await assert.rejects(fit(line({ epochs: 0 })), /epochs must be an integer of at least 1, got 0/);
  await assert.rejects(
    fit(line({ schedule: steady(1e6), optimizer: sgd() })),
    /fit line: the loss at step \d+ is no number, got (Infinity|NaN); lower the learning rate or clip/,
  );
});

test('fit: average is the running mean of the weights, by hand, and what is validated', async () => {
  const path: Float32Array[] = [];
  const seen: (readonly NamedArray[])[] = [];
  const decay = 0.8;
  const kept = sgd({ momentum: 0 });
  const { averaged, parameters } = await fit(
    line({
      epochs: 2,
      average: decay,
      optimizer: {
        ...kept,
        step: (at) => {
          const moved = kept.step(at);
          path.push(moved.x);
          return moved;
        },
      },
      validate: async (weights) => {
        seen.push(weights);
        return {};
      },
    }),
  );
  assert.equal(path.length, 6);
  const weights = path.map((_, k) => decay ** (path.length - 1 - k));
  const total = weights.reduce((a, b) => a + b);
  averaged![0]!.data.forEach((value, i) => {
    const mean = path.reduce((sum, w, k) => sum + (weights[k]! / total) * w[i]!, 0);
    assert.ok(Math.abs(value - mean) < 1e-5, `${value} against ${mean}`);
  });
  assert.deepEqual(seen.at(-1), averaged);
  assert.notDeepEqual(averaged, parameters);
  assert.equal((await fit(line({ epochs: 1 }))).averaged, undefined);
  await assert.rejects(fit(line({ average: 1 })), /average must lie in \[0, 1\), got 1/);
});
