import assert from 'node:assert/strict';
import test from 'node:test';
import { OPTIMIZERS } from '../../src/attacks/search/optimizers/index.js';
import type { Step } from '../../src/attacks/search/optimizers/types.js';
import type { ClientOptimizer } from '../../src/core/types.js';
import { tf } from '../../src/engine/index.js';
import { corrections, ruleOf } from '../../src/federation/client-optimizers.js';
import { adam, type Moved, type Optimizer, sgd } from '../../src/training/index.js';
import { forEachEngine } from '../engines.js';

const START = [0.5, -1.25, 2, 0];
const GRADIENTS = [
  [0.1, -2, 0, 1e-6],
  [0.3, 1, -0.5, 1e-6],
  [-0.2, 0.25, 0.5, 0],
].map((g) => Float32Array.from(g));
const RATE = 0.1;
const decayed = { beta1: 0.8, beta2: 0.95, weightDecay: 0.1 };
const nesterov = { momentum: 0.9, nesterov: true, weightDecay: 0.01 };
const heavy = { momentum: 0.5, nesterov: false };

/** The same three gradients by torch.optim in float64, learning rate 0.1 (PyTorch 1.13). */
const CASES: readonly [name: string, Optimizer, ClientOptimizer, readonly number[]][] = [
  ['Adam', adam(), { kind: 'adam' }, [0.28243152289, -1.11001031853, 2.06989545639, -0.274384583998]],
  [
    'AdamW',
    adam(decayed),
    { kind: 'adamw', ...decayed },
    [0.27498897371, -1.0864255115, 2.00748762021, -0.26739472882],
  ],
  [
    'SGD, Nesterov',
    sgd(nesterov),
    { kind: 'sgd', ...nesterov },
    [0.418503662, -0.87235335463, 2.02424930228, -6.1351e-7],
  ],
  ['SGD, momentum', sgd(heavy), { kind: 'sgd', ...heavy }, [0.4575, -1.075, 2.025, -3.25e-7]],
];

const close = (got: ArrayLike<number>, wanted: readonly number[]): void =>
  wanted.forEach((value, i) => {
    assert.ok(Math.abs(got[i]! - value) <= 2e-6 * Math.abs(value) + 1e-9, `entry ${i}: ${got[i]} for ${value}`);
  });

for (const [name, { step, slots }, , wanted] of CASES)
  test(`${name} of a training: three steps are those of torch.optim`, () => {
    const zeros = Array.from({ length: slots }, () => new Float32Array(START.length));
    const start: Moved = { x: Float32Array.from(START), slots: zeros };
    const end = GRADIENTS.reduce(
      ({ x, slots }, gradient, k) => step({ x, gradient, slots, rate: RATE, t: k + 1, decays: true }),
      start,
    );
    close(end.x, wanted);
    assert.deepEqual([...start.x], START);
  });

test('Adam of an attack: three steps are those of torch.optim', () => {
  const { start, step } = OPTIMIZERS.adam;
  const first: Step = { x: Float32Array.from(START), state: start(START.length) };
  const end = GRADIENTS.reduce(({ x, state }, gradient) => step({ x, value: 0, gradient }, state, RATE), first);
  close(end.x, CASES[0]![3]);
});

forEachEngine((engine, setup) => {
  for (const [name, , optimizer, wanted] of CASES)
    test(`${engine}: ${name} of a client: three steps are those of torch.optim`, async () => {
      await setup();
      const { slots, step } = ruleOf(optimizer);
      const end = tf.tidy(() => {
        let weight = tf.tensor1d(START);
        let kept: readonly tf.Tensor[] = Array.from({ length: slots }, () => tf.zerosLike(weight));
        for (const [t, gradient] of GRADIENTS.entries()) {
          const at = { gradient: tf.tensor1d(gradient), weight, slots: kept, corrections: corrections(optimizer, t) };
          const { move, slots: next } = step(at);
          weight = tf.sub(weight, tf.mul(move, RATE));
          kept = next;
        }
        return weight;
      });
      close(await end.data(), wanted);
      end.dispose();
    });
});
