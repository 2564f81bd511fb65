import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { classRows } from '../../src/attacks/latent/class-meaning.js';
import { decoder } from '../../src/attacks/latent/decoder.js';
import { detailed } from '../../src/attacks/latent/detail.js';
import { matchOf } from '../../src/attacks/latent/update-match.js';
import { type RogsOptions, rogs } from '../../src/attacks/rogs.js';
import { ndarray } from '../../src/core/arrays.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import type { NdArray, Observation } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { temporaryFolder } from '../assets/temporary.js';
import { forEachEngine } from '../engines.js';
import { smallGenerator } from '../models/small-generator.js';

const generator = smallGenerator(3);
const { classNames } = generator;
const model = lenet({ imageShape: [16, 16, 3], classes: 3, seed: 2 });
const folder = temporaryFolder();

const observed = async (images: NdArray, labels: number[], phi = 'none', known = true): Promise<Observation> => {
  const update = await clientUpdate(model, { images, labels: Int32Array.from(labels) });
  return observe(model, update, {
    obfuscation: parseObfuscation(phi),
    seed: 5,
    labels: known ? Int32Array.from(labels) : 'infer',
  });
};

const pictures = (n: number, seed = 1) => ndarray([n, 16, 16, 3], uniformStream(seed));
const short: RogsOptions = { generator, iterations: 8, raw: { images: ndarray([1, 16, 16, 3], 0.5) } };

/** Pictures of the generator, and the point they come from. */
async function drawn(labels: number[]): Promise<{ images: NdArray; point: NdArray; rows: NdArray }> {
  const decoding = await decoder(generator, labels.length);
  const rows = classRows(labels, 3);
  const normal = normalStream(8);
  const point = ndarray([labels.length, 1, 1, decoding.size]);
  point.data.forEach((_, i) => {
    if (i % decoding.size < decoding.latent) point.data[i] = 0.1 * normal();
  });
  const images = await decoding.images(point, rows);
  decoding.dispose();
  return { images, point, rows };
}

test('rogs: the private image counts through the observation alone: replacing it changes no bit', async () => {
  await start();
  const images = pictures(1);
  const observation = await observed(images, [1], 'sign');
  const before = await rogs(observation, short);
  images.data.fill(0.25); // the truth is another one now
  const after = await rogs(observation, short);
  assert.deepEqual(after.images.data, before.images.data);
  assert.deepEqual([after.objective, after.explained], [before.objective, before.explained]);
  const other = await rogs(await observed(pictures(1, 2), [1], 'sign'), short);
  assert.notDeepEqual(other.images.data, before.images.data);
});

test('rogs: finds the generator picture behind an update better than it began, and says which labels', async () => {
  await start();
  const { images } = await drawn([0, 2]);
  const observation = await observed(images, [0, 2]);
  const gray = { images: ndarray([2, 16, 16, 3], 0.5) };
  const result = await rogs(observation, { generator, raw: gray, iterations: 60, draws: 0, classNames });
  assert.ok(
    result.objective < 0.5 * result.history[0]!.objective,
    `${result.history[0]!.objective} ${result.objective}`,
  );
  assert.deepEqual([...result.labels], [0, 2]);
  assert.equal(result.explained!.length, 2);
  assert.ok(result.explained!.every((c) => c >= 0 && c <= 1) && result.images.data.every((x) => x >= 0 && x <= 1));
  assert.deepEqual(result.raw!.data, gray.images.data);
});

test('rogs: several starts keep the best; labels are inferred; unknown classes are an even mixture', async () => {
  await start();
  const one = await observed(pictures(1), [1], 'noise:-10', false);
  const alone = await rogs(one, short);
  assert.deepEqual([...alone.labels], [1]);
  const several = await rogs(one, { ...short, restarts: 3 });
  assert.ok(several.objective <= alone.objective && several.closures === 24);
  const all = await rogs(one, { ...short, iterations: 3, restarts: 5 });
  const names = (all.settings.start as string[]).toSorted();
  assert.deepEqual(names, ['draw 1', 'draw 2', 'mean', 'raw', 'raw, halved']);
  const blind = await rogs(one, { ...short, classes: 'unknown', relax: false });
  assert.notDeepEqual(blind.images.data, alone.images.data);
});

test('rogs: a run that is stopped goes on from its checkpoint to the same bits', async () => {
  await start();
  const observation = await observed(pictures(1), [1], 'quantize:3');
  const whole = await rogs(observation, short);
  const checkpoint = join(folder, 'rogs.checkpoint');
  const stop = new AbortController();
  const onProgress = ({ closure }: { closure: number }) => closure === 5 && stop.abort();
  const part = await rogs(observation, { ...short, checkpoint, signal: stop.signal, onProgress });
  assert.equal(part.stopped, 'cancelled');
  assert.ok(part.closures === 5 && existsSync(checkpoint));
  const rest = await rogs(observation, { ...short, checkpoint });
  assert.deepEqual(rest.images.data, whole.images.data);
  await assert.rejects(
    rogs(observation, { ...short, iterations: 9, checkpoint }),
    /other settings: .*iterations was 8 and is 9/,
  );
});

test('rogs: draws fill up what is short of the prior, nothing else; the draw that matches best is kept', async () => {
  const latent = 48;
  const values = Float32Array.from({ length: 2 * 53 }, (_, i) => (i % 53 < 24 ? 1.2 : 0.1));
  const point = ndarray([2, 1, 1, latent + 5], values);
  const filled = detailed(point, latent, 3);
  const band = (data: Float32Array, b: number, from: number, to: number) => data.slice(53 * b + from, 53 * b + to);
  for (const b of [0, 1]) {
    assert.deepEqual(band(filled.data, b, 0, 24), band(point.data, b, 0, 24));
    assert.deepEqual(band(filled.data, b, 48, 53), band(point.data, b, 48, 53));
    const energy = band(filled.data, b, 24, 48).reduce((sum, z) => sum + z * z, 0) / 24;
    assert.ok(energy > 0.4 && energy < 2, String(energy));
  }
  assert.notDeepEqual(band(filled.data, 0, 24, 48), band(filled.data, 1, 24, 48));
  await start();
  const observation = await observed(pictures(1), [1], 'quantize:3');
  const [one, many] = [
    await rogs(observation, { ...short, draws: 1 }),
    await rogs(observation, { ...short, draws: 4 }),
  ];
  assert.ok(many.objective <= one.objective);
});

const refused: Record<string, [make: () => Promise<unknown>, message: RegExp]> = {
  'no observation': [() => rogs({} as never, short), /the first argument must be an observation/],
  'an unknown class': [
    async () => rogs(await observed(pictures(1), [1]), { ...short, classNames: ['cat', 'zebra', 'ship'] }),
    /rogs: the generator knows the classes cat, dog, ship, got "zebra"; classes: 'unknown' searches without/,
  ],
  'a generator of another image size': [
    async () =>
      rogs(await observed(pictures(1), [1]), {
        ...short,
        generator: smallGenerator(1, { side: 8, classes: 3, bands: 4, widths: [2, 2, 2] }),
      }),
    /the generator makes images of shape \[8,8,3\], got \[16, 16, 3\]/,
  ],
  'labels that are neither given nor readable': [
    async () => {
      const odd = network({
        name: 'odd',
        imageShape: [16, 16, 3],
        classes: 3,
        layers: [
          { kind: 'conv', filters: 3, size: 3, stride: 2 },
          { kind: 'adaptiveAveragePool', size: 1 },
        ],
      });
      const batch = { images: pictures(1), labels: Int32Array.of(1) };
      return rogs(observe(odd, await clientUpdate(odd, batch), { labels: 'infer' }), short);
    },
    /rogs: needs the labels, or a last dense layer with one output per class/,
  ],
  'a phi that the server was not told': [
    async () => {
      const known = await observed(pictures(1), [1]);
      return rogs({ ...known, obfuscation: { ...known.obfuscation, name: 'unknown' } }, short);
    },
    /needs to know phi.*defenseAware: false/,
  ],
  'raw pictures of another size': [
    async () => rogs(await observed(pictures(1), [1]), { ...short, raw: { images: pictures(2) } }),
    /raw must hold images of shape \[1,16,16,3\], got \[2, 16, 16, 3\]/,
  ],
  'an unknown option': [
    async () => rogs(await observed(pictures(1), [1]), { ...short, iteration: 3 } as never),
    /did you mean "iterations"/,
  ],
};

for (const [what, [make, message]] of Object.entries(refused))
  test(`rogs refuses ${what}`, async () => {
    await start();
    await assert.rejects(make, (error: Error) => {
      assert.match(error.message, message);
      return true;
    });
  });

forEachEngine(
  (engine, setup) => {
    test(`rogs: nothing is left to match when the private image is the generator's own, on ${engine}`, async () => {
      await setup();
      const { images, point, rows } = await drawn([2]);
      for (const phi of ['none', 'sign', 'quantize:3']) {
        const observation = await observed(images, [2], phi);
        const match = await matchOf(observation, Int32Array.of(2), 1);
        const decoding = await decoder(generator, 1);
        const own = (await match.evaluate(await decoding.images(point, rows))).objective;
        const gray = (await match.evaluate(ndarray([1, 16, 16, 3], 0.5))).objective;
        decoding.dispose();
        match.dispose();
        assert.ok(Math.abs(own) < 1e-5 && gray > 1e-2, `${phi}: ${own}, gray ${gray}`);
      }
    });

    test(`rogs: the gradient at the latent is that of the whole objective on ${engine}`, async () => {
      await setup();
      const { point, rows } = await drawn([1]);
      const decoding = await decoder(generator, 1);
      const images = await decoding.images(point, rows);
      const along = images.data.map((x, i) => (x > 0.02 && x < 0.98 ? Math.sin(i) : 0));
      const value = async (at: NdArray): Promise<number> =>
        (await decoding.images(at, rows)).data.reduce((sum, x, i) => sum + along[i]! * x, 0);
      const { data } = await decoding.pull(point, rows, { shape: images.shape, data: along });
      for (const k of [3, decoding.latent - 1, decoding.latent + 5, decoding.size - 1]) {
        const moved = (by: number) => ({ shape: point.shape, data: point.data.map((x, i) => (i === k ? x + by : x)) });
        const numeric = ((await value(moved(1e-3))) - (await value(moved(-1e-3)))) / 2e-3;
        assert.ok(Math.abs(numeric - data[k]!) < 0.05 * Math.abs(numeric) + 1e-3, `${k}: ${data[k]} ${numeric}`);
      }
      decoding.dispose();
    });
  },
  ['compiled', 'wasm'],
);
