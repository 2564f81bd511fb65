/** What bounds of phi leave to the picture that stands in one image's first dense layer. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { quotientError } from '../../src/attacks/choose/quotient-error.js';
import { analytic, rog } from '../../src/attacks/index.js';
import { openDataset } from '../../src/data/index.js';
import { type ClientOptions, clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { score } from '../../src/studies/index.js';
import { forEachEngine } from '../engines.js';

const scenes = await openDataset('scenes', { size: 16 });
const model = network({
  ...{ name: 'dense', imageShape: scenes.imageShape, classes: 10, seed: 3 },
  layers: [{ kind: 'dense', units: 48, bias: true }, { kind: 'relu' }, { kind: 'dense', units: 10, bias: true }],
});

async function seen(phi: string, client: ClientOptions = {}, size = 1) {
  const batch = await scenes.batch({ size, seed: 17 });
  const update = await clientUpdate(model, batch, { localSteps: 3, learningRate: 0.01, ...client });
  const observation = observe(model, update, { obfuscation: parseObfuscation(phi), labels: batch.labels, seed: 5 });
  const { images } = await analytic(observation);
  const square = images.data.reduce((sum, x, i) => sum + (x - batch.images.data[i]!) ** 2, 0);
  return { batch, observation, images, rmse: Math.sqrt(square / images.data.length) };
}

for (const phi of ['none', 'quantize:10', 'quantize:8', 'quantize:6', 'quantize:4', 'quantize:8+topk:0.3'])
  test(`quotientError: ${phi}: what is told is about what is there`, async () => {
    const { observation, images, rmse } = await seen(phi);
    const told = quotientError(observation, images);
    assert.ok(rmse <= 1.5 * told + 1e-4, `${rmse}, and ${told} told`);
    assert.ok(told <= 3 * rmse + 1e-4, `${told} told, and ${rmse}`);
  });

test('quotientError: no bound where phi gives none, nor of an Adam client', async () => {
  for (const [phi, client] of [
    ['sign', {}],
    ['noise:20', {}],
    ['none', { optimizer: { kind: 'adam' }, learningRate: 0.001 }],
  ] as const) {
    const { observation, images } = await seen(phi, client);
    assert.equal(quotientError(observation, images), Infinity);
  }
});

test('quotientError: what is no product of picture and bias counts as error', async () => {
  for (const [client, size] of [
    [{}, 2],
    [{ optimizer: { kind: 'sgd', weightDecay: 0.5 } }, 1],
  ] as const) {
    const { observation, images, rmse } = await seen('none', client, size);
    const told = quotientError(observation, images);
    assert.ok(told > 0.02, `${told} told, and ${rmse}`);
  }
});

forEachEngine((engine, setup) => {
  test(`rog: a picture known to a level of 8 bits is not matched any more, ${engine}`, async () => {
    await setup();
    const { batch, observation } = await seen('quantize:8');
    const result = await rog(observation, { iterations: 60 });
    assert.equal(result.settings.method, 'analytic');
    assert.ok((await score(batch, result, { lpips: false })).psnr[0]! > 45);
    const coarse = await rog((await seen('quantize:3')).observation, { iterations: 60 });
    assert.equal(coarse.settings.method, 'matching');
  });
});
