import assert from 'node:assert/strict';
import test from 'node:test';
import { closedFormDeclines } from '../../src/attacks/closed-form/suits.js';
import { inferLabels } from '../../src/attacks/index.js';
import { oneGradient } from '../../src/attacks/search/one-gradient.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { type ClientOptions, clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';

const model = network({
  name: 'head',
  imageShape: [8, 8, 3],
  classes: 10,
  layers: [{ kind: 'dense', units: 32, bias: true }, { kind: 'relu' }, { kind: 'dense', units: 10, bias: true }],
});
const batch = { images: ndarray([6, 8, 8, 3], uniformStream(3)), labels: Int32Array.of(1, 1, 1, 4, 4, 7) };
const seen = async (client: ClientOptions) =>
  observe(model, await clientUpdate(model, batch, { learningRate: 1e-4, ...client }), { labels: 'infer' });

const CLIENTS: Record<string, ClientOptions> = {
  'five steps': { localSteps: 5 },
  momentum: { localSteps: 4, optimizer: { kind: 'sgd', momentum: 0.9 } },
  'Nesterov and weight decay': {
    localSteps: 3,
    optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.05 },
  },
  'a falling rate': { localSteps: 4, schedule: 'cosine' },
  'one step of a small factor': { localSteps: 1, schedule: [0.25] },
};

for (const [name, client] of Object.entries(CLIENTS))
  test(`the update of ${name} at a small rate is taken as the gradient it is, labels counted by it`, async () => {
    const [observed, plain] = [await seen(client), await seen({})];
    for (const [k, { data }] of plain.tensors.entries()) {
      const { observed: got } = oneGradient(observed, k);
      const away = Math.hypot(...got.map((value, i) => value - data[i]!));
      assert.ok(away < 2e-3 * Math.hypot(...data), `parameter ${k}: ${away}`);
    }
    assert.deepEqual([...(await inferLabels(observed)).labels].sort(), [...batch.labels]);
  });

test('the closed form declines what Adam sends: moves of one size', async () => {
  const observed = await seen({ optimizer: 'adam' });
  assert.match((await closedFormDeclines(observed, batch.labels)) ?? '', /Adam/);
});
