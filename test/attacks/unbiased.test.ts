/** An attack's own bias, taken off its pictures by what it makes of the update that they would give. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { unbiased } from '../../src/attacks/choose/unbiased.js';
import { closedForm, rog } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray, Observation, Progress, Reconstruction } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { score } from '../../src/studies/index.js';
import { forEachEngine } from '../engines.js';

const truth = ndarray([3, 2, 2, 1], uniformStream(4));
const labels = Int32Array.of(1, 1, 0);
const observation = { tensors: [{ name: 'pictures', shape: [12], data: truth.data }] } as unknown as Observation;

/** Sees pictures as they are but for a factor; those of one label change places. */
async function* darkened(seen: Observation): AsyncGenerator<Progress, Reconstruction> {
  const { data } = seen.tensors[0]!;
  const swapped =
    seen === observation ? data : Float32Array.of(...data.slice(4, 8), ...data.slice(0, 4), ...data.slice(8));
  const images: NdArray = { ...truth, data: swapped.map((value) => 0.8 * value) };
  return { images, labels, closures: 7, seconds: 0, history: [] } as unknown as Reconstruction;
}

test('x + f(received) - f(update of x), picture by picture, whatever order f gives those of one label', async () => {
  const found = (await darkened(observation).next()).value as Reconstruction;
  const once = await unbiased(observation, darkened, found, { images: found.images, update: [found.images] }).next();
  const { images, closures } = once.value as Reconstruction;
  images.data.forEach((value, i) => {
    assert.ok(Math.abs(value - 0.96 * truth.data[i]!) < 1e-6);
  });
  assert.equal(closures, 7);
});

const photos = await openDataset('photos', { size: 16, channels: 1 });
const batch = photos.batch({ size: 5, seed: 3 });
const model = network({
  ...{ name: 'dense', imageShape: photos.imageShape, classes: 12, seed: 2 },
  layers: [{ kind: 'dense', units: 64, bias: true }, { kind: 'relu' }, { kind: 'dense', units: 12, bias: true }],
});

// several hundred closures: eager engines would take minutes, and their closures are compared elsewhere
forEachEngine(
  (name, setup) =>
    test(`${name}: five local steps of a dense network: 3 dB and more above the closed form alone`, async () => {
      await setup();
      const update = await clientUpdate(model, batch, { localSteps: 5, learningRate: 0.01 });
      const seen = observe(model, update, { labels: batch.labels });
      const mean = async (result: Reconstruction) => {
        const { psnr } = await score(batch, result, { lpips: false });
        return psnr.reduce((sum, value) => sum + value, 0) / psnr.length;
      };
      const alone = await mean(await closedForm(seen, { iterations: 60 }));
      const chosen = await rog(seen, { iterations: 60 });
      const race = chosen.settings.race as { candidate: string; yardstick: number }[];
      const measured = (name: string) => race.find(({ candidate }) => candidate === name)!.yardstick;
      assert.ok(measured('closed-form, bias taken off') < measured('closed-form'));
      const whole = await mean(chosen);
      assert.ok(whole > alone + 3, `${whole} dB, alone ${alone}`);
    }),
  ['compiled'],
);
