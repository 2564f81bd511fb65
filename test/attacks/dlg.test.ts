import assert from 'node:assert/strict';
import test from 'node:test';
import { dlg } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { Layer } from '../../src/core/types.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';

const conv = (stride: number): Layer => ({ kind: 'conv', filters: 8, size: 3, stride });
const model = network({
  name: 'small sigmoid network',
  imageShape: [8, 8, 3],
  classes: 10,
  layers: [conv(2), { kind: 'sigmoid' }, conv(1), { kind: 'sigmoid' }, { kind: 'dense', units: 10, bias: true }],
});
const images = ndarray([1, 8, 8, 3], uniformStream(5));
const observed = async (localSteps = 1, learningRate = 0.003) =>
  observe(model, await clientUpdate(model, { images, labels: Int32Array.of(7) }, { localSteps, learningRate }));
const error = (x: Float32Array): number =>
  Math.sqrt(x.reduce((sum, value, i) => sum + (value - images.data[i]!) ** 2, 0) / x.length);

test('dlg: rebuilds one picture and its label from the gradient of a sigmoid network', async () => {
  const result = await dlg(await observed(), { iterations: 2000 });
  assert.deepEqual([...result.labels], [7]);
  assert.ok(error(result.images.data) < 0.02, `root mean square error ${error(result.images.data)}`);
  assert.ok(result.objective >= 0 && result.objective < 1e-4 * result.history[0]!.objective);
});

test('dlg: the same seed gives the same bits, another seed another start', async () => {
  const observation = await observed();
  const run = async (seed: number) => (await dlg(observation, { seed, iterations: 3 })).images.data;
  assert.deepEqual(await run(4), await run(4));
  assert.notDeepEqual(await run(4), await run(5));
});

test('dlg: takes the update for a gradient, so it loses the client whose weights moved', async () => {
  const moved = await dlg(await observed(10, 1), { iterations: 1000 });
  const still = await dlg(await observed(10, 1e-4), { iterations: 1000 });
  assert.ok(
    error(moved.images.data) > 3 * error(still.images.data),
    `${error(moved.images.data)} against ${error(still.images.data)}`,
  );
});

test('dlg: refuses unknown options and rates that are not positive', async () => {
  const observation = await observed();
  assert.throws(() => dlg(observation, { iteration: 5 } as never), /dlg: unknown option "iteration".*"iterations"/);
  assert.throws(() => dlg(observation, { rate: 0 }), /dlg: rate must be a number above 0/);
});
