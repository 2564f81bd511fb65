import assert from 'node:assert/strict';
import test from 'node:test';
import { rog } from '../../src/attacks/index.js';
import { drift, simulation } from '../../src/attacks/search/drift.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Obfuscation } from '../../src/core/types.js';
import { applyUpdate, clientUpdate, observe } from '../../src/federation/index.js';
import { lenet } from '../../src/models/index.js';
import { sign, uniformQuantizer } from '../../src/obfuscation/index.js';

const model = lenet({ imageShape: [8, 8, 3] });
const images = ndarray([2, 8, 8, 3], uniformStream(1));
const labels = Int32Array.of(0, 1);
const seen = async (localSteps: number, learningRate: number, obfuscation?: Obfuscation) =>
  observe(model, await clientUpdate(model, { images, labels }, { localSteps, learningRate }), { obfuscation, labels });
const length = (data: Float32Array): number => Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));

test('drift: the largest relative move of a tensor, computed from the weights themselves', async () => {
  const observation = await seen(4, 0.05);
  const after = applyUpdate(model, observation.tensors, 0.05).parameters;
  const moved = model.parameters.map(
    (w, k) => length(w.data.map((value, i) => value - after[k]!.data[i]!)) / length(w.data),
  );
  assert.ok(Math.abs(drift(observation) / Math.max(...moved) - 1) < 1e-3);
});

test('simulation: steps where the weights moved, else the direction', async () => {
  assert.equal(simulation(await seen(5, 0.003)), 'steps');
  assert.equal(simulation(await seen(5, 0.003, uniformQuantizer({ bits: 3 }))), 'steps');
  assert.equal(simulation(await seen(5, 1e-5)), 'direction');
  assert.equal(simulation(await seen(1, 10)), 'direction', 'one step is a gradient, however long');
  assert.equal(simulation(await seen(5, 1e-5, sign())), 'steps', 'signs do not tell how far the weights moved');
});

test("rog: simulate 'auto' takes what the drift says, and the settings name it", async () => {
  const chosen = async (learningRate: number) =>
    (await rog(await seen(3, learningRate), { iterations: 3 })).settings.simulate;
  assert.equal(await chosen(0.01), 'steps');
  assert.equal(await chosen(1e-5), 'direction');
});
