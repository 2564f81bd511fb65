import assert from 'node:assert/strict';
import test from 'node:test';
import { faded } from '../../src/attacks/choose/faded.js';
import { rog } from '../../src/attacks/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray, Reconstruction } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { score } from '../../src/studies/index.js';
import { ZOO } from '../../src/studies/zoo.js';

const images = ndarray([2, 4, 4, 3], uniformStream(6));
const labels = Int32Array.of(1, 0);
const contrastOf = ({ data }: NdArray): number => Math.round((1e3 * (data[0]! - 0.5)) / (images.data[0]! - 0.5)) / 1e3;

/** Measures by contrast alone. */
const by =
  (value: (contrast: number) => number) =>
  async (pictures: NdArray, own: Int32Array = labels) => {
    assert.equal(own, labels);
    return { value: value(contrastOf(pictures)), unexplained: 1, shares: [], roughness: 0, update: [] };
  };

test('faded: contrast that explains nothing is taken off, as far as it costs nothing', async () => {
  for (const [value, contrast] of [
    [() => 1, 1 / 8],
    [(c: number) => c, 1 / 8],
    [(c: number) => (c < 0.2 ? 2 : 1), 1 / 4],
    [(c: number) => (c < 0.3 ? 2 : 1), 1 / 2],
    [(c: number) => -c, undefined],
  ] as const) {
    const rule = by(value);
    const paler = await faded({ images, labels }, await rule(images), rule);
    assert.equal(paler?.contrast, contrast);
    if (!paler) continue;
    assert.equal(paler.measured.value, value(contrast!));
    paler.images.data.forEach((x, i) => {
      assert.ok(Math.abs(x - (0.5 + contrast! * (images.data[i]! - 0.5))) < 1e-6);
    });
    assert.deepEqual(paler.images.shape, images.shape);
  }
});

test('rog: pictures behind deep batch norm in training mode, which explain nothing, are made paler', async () => {
  const scenes = await openDataset('scenes', { size: 16 });
  const model = ZOO['resnet18-train']({ imageShape: [16, 16, 3], classes: 10, seed: 1 });
  const batch = scenes.batch({ size: 4, seed: 31 });
  const update = await clientUpdate(model, batch);
  const seen = observe(model, update, { obfuscation: parseObfuscation('qsgd:3'), labels: batch.labels, seed: 3 });
  const reached = async (result: Reconstruction): Promise<number> => {
    const { psnr } = await score(batch, result, { lpips: false });
    return psnr.reduce((sum, value) => sum + value, 0) / psnr.length;
  };
  const chosen = await rog(seen, { iterations: 50 });
  const race = chosen.settings.race as { candidate: string; yardstick: number }[];
  assert.match(race.at(-1)!.candidate, /contrast/);
  assert.ok(race.at(-1)!.yardstick <= race.at(-2)!.yardstick);
  const alone = await reached(await rog(seen, { iterations: 50, method: 'matching' }));
  assert.ok((await reached(chosen)) > alone + 1, `${await reached(chosen)} dB, ${alone} of matching alone`);
});
