import assert from 'node:assert/strict';
import test from 'node:test';
import { restore, restoreImages } from '../../src/attacks/restore.js';
import { rog } from '../../src/attacks/rog.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray, Reconstruction } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { restorerWeights } from '../../src/models/restorer.js';

const found = (images: NdArray, labels: number[]): Reconstruction => ({
  kind: 'reconstruction',
  attack: 'made up',
  images,
  labels: Int32Array.from(labels),
  labelSource: { method: 'given', confidence: labels.map(() => 1) },
  objective: 0,
  history: [],
  closures: 0,
  seconds: 0,
  engine: 'none',
  settings: { attack: 'made up' },
  stopped: 'finished',
});

const pictures = (n: number, height: number, width: number, channels = 3) =>
  ndarray([n, height, width, channels], uniformStream(2));

/** Weights under which a label changes colours: label k adds k / 100, "unknown" nothing. */
const telling = restorerWeights(1).map((p) => {
  const { data, name, shape } = p;
  if (name === 'label0') return { ...p, data: data.map((_, i) => Math.floor(i / shape[1]!) % 10) };
  if (name === 'up0/label') return { ...p, data: data.map(() => 0) };
  return name === 'out/kernel' ? { ...p, data: data.map(() => 1e-4) } : p;
});

test('restore: keeps the raw pictures, changes nothing given, and begins from them when done twice', async () => {
  await start();
  const images = pictures(2, 32, 32);
  const result = found(images, [3, 5]);
  const before = structuredClone(result);
  const once = await restore(result, { weights: telling });
  assert.deepEqual(result, before);
  assert.equal(once.raw, images);
  assert.notDeepEqual(once.images.data, images.data);
  assert.ok(once.images.data.every((value) => value >= 0 && value <= 1));
  assert.deepEqual(once.settings, { attack: 'made up', postprocess: { name: 'restorer', labels: 0 } });
  assert.deepEqual((await restore(once, { weights: telling })).images, once.images);
});

test('restore: names of CIFAR-10 steer it, all others count as unknown', async () => {
  await start();
  const result = found(pictures(1, 16, 16), [1]);
  const as = async (classNames?: readonly string[]) => {
    const { images, settings } = await restore(result, { classNames, weights: telling });
    return { data: images.data, labels: (settings.postprocess as { labels: number }).labels };
  };
  const [none, house, ship, horse] = [
    await as(),
    await as(['tree', 'house']),
    await as(['x', 'Ship']),
    await as(['x', 'horse']),
  ];
  assert.deepEqual(house, none);
  assert.deepEqual([none.labels, ship.labels], [0, 1]);
  assert.notDeepEqual(ship.data, none.data);
  assert.notDeepEqual(ship.data, horse.data);
});

test('restoreImages: any size from 16 on; untrained weights leave pictures as they are, edges included', async () => {
  await start();
  for (const images of [pictures(2, 16, 16), pictures(1, 19, 30), pictures(1, 40, 64)])
    assert.deepEqual(await restoreImages(images, [], restorerWeights(1)), images);
});

test('restore: what it cannot take is refused in one sentence', async () => {
  await start();
  const bad = (images: NdArray) => restore(found(images, [0]), { weights: telling });
  await assert.rejects(bad(pictures(1, 32, 32, 1)), /the restorer takes pictures of 3 channels \(RGB\), got 1/);
  await assert.rejects(bad(pictures(1, 15, 32)), /at least 16x16 pixels, got "15x32"/);
  const broken = pictures(1, 32, 32);
  broken.data[7] = Number.NaN;
  await assert.rejects(bad(broken), /pixels must lie in \[0, 1\], got NaN/);
  await assert.rejects(restore({} as Reconstruction), /first argument must be a reconstruction/);
  await assert.rejects(
    restore(found(pictures(1, 16, 16), [0]), { classnames: [] } as object),
    /did you mean "classNames"/,
  );
  await assert.rejects(
    restore(found(pictures(1, 16, 16), [0]), { weights: telling.slice(1) }),
    /restore: the network has 41 tensors, got 40/,
  );
});

test('rog({ postprocess }): refuses pictures the restorer cannot take before it attacks', async () => {
  await start();
  const model = network({
    name: 'gray',
    imageShape: [16, 16, 1],
    classes: 2,
    layers: [{ kind: 'dense', units: 2 }],
  });
  const batch = { images: pictures(1, 16, 16, 1), labels: Int32Array.of(1) };
  const observation = observe(model, await clientUpdate(model, batch), { labels: batch.labels });
  let closures = 0;
  const count = () => closures++;
  await assert.rejects(
    async () => rog(observation, { postprocess: 'restorer', onProgress: count }),
    /rog: the restorer takes pictures of 3 channels/,
  );
  assert.equal(closures, 0);
  await assert.rejects(
    // biome-ignore lint/suspicious/noExplicitAny: a wrong word on purpose
    async () => rog(observation, { postprocess: 'restore' as any }),
    /postprocess must be one of none, restorer, got "restore"; did you mean "restorer"\?/,
  );
});
