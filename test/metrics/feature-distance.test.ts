import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageAt, ndarray } from '../../src/core/arrays.js';
import type { NdArray } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { compile, start, type Tensor, tf } from '../../src/engine/index.js';
import { featureDistance, featureDistanceFunction, lpips, ssim } from '../../src/metrics/index.js';
import { hasOfficialLpips } from '../../src/metrics/perceptual/index.js';
import { network } from '../../src/models/index.js';
import { trunk } from '../../src/models/trunk.js';
import { forEachEngine } from '../engines.js';
import { distortions, rankCorrelation, wrongImages } from './distortions.js';
import { blend, noiseImages } from './images.js';

/** The definition in float64 for a trunk of one 1x1 convolution without a bias: features are 3 sums per pixel. */
function byHand(x: NdArray, y: NdArray, kernel: Float32Array): number {
  const filters = kernel.length / 3;
  const features = ({ data }: NdArray, pixel: number) => {
    const f = Array.from({ length: filters }, (_, k) =>
      Math.max(
        0,
        [0, 1, 2].reduce((sum, c) => sum + data[3 * pixel + c]! * kernel[c * filters + k]!, 0),
      ),
    );
    const norm = Math.sqrt(f.reduce((sum, v) => sum + v * v, 0)) || 1;
    return f.map((v) => v / norm);
  };
  const pixels = x.data.length / 3;
  let sum = 0;
  for (let p = 0; p < pixels; p++) {
    const [f, g] = [features(x, p), features(y, p)];
    sum += f.reduce((total, v, k) => total + (v - g[k]!) ** 2, 0);
  }
  return sum / pixels;
}

forEachEngine((engine, setup) => {
  test(`featureDistance is its definition on ${engine}`, async () => {
    await setup();
    const model = network({
      name: 'one',
      imageShape: [16, 16, 3],
      classes: 2,
      layers: [
        { kind: 'conv', filters: 4, size: 1, bias: false },
        { kind: 'relu' },
        { kind: 'adaptiveAveragePool', size: 1 },
        { kind: 'dense', units: 2 },
      ],
    });
    const x = noiseImages(1, [2, 16, 20, 3]);
    const y = blend(x, noiseImages(2, x.shape), (a, b) => (a + b) / 2);
    const values = await featureDistance(x, y, { trunk: model });
    values.forEach((value, i) => {
      const expected = byHand(imageAt(x, i), imageAt(y, i), model.parameters[0]!.data);
      assert.ok(Math.abs(value / expected - 1) < 1e-5, `${value}, not ${expected}`);
    });
  });
});

const cifar = process.env.ROGLAB_DATA;

test('featureDistance grows with each distortion, puts the wrong picture last, ranks as SSIM does', async (t) => {
  await start({ threads: 1 });
  const data = await openDataset(cifar ? `cifar10:${cifar}` : 'scenes');
  t.diagnostic(`on ${data.name}`);
  const { images } = data.batch({ split: 'test', size: 8, seed: 3 });
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  const [ours, theirs, perceptual]: [number[], number[], number[]] = [[], [], []];
  const official = await hasOfficialLpips('alex');
  const measured = async (changed: NdArray): Promise<number> => {
    const values = await featureDistance(images, changed);
    ours.push(...values);
    theirs.push(...ssim(images, changed));
    if (official) perceptual.push(...(await lpips(images, changed)));
    return mean(values);
  };
  const strongest: number[] = [];
  for (const [name, levels] of Object.entries(await distortions(images))) {
    const means: number[] = [];
    for (const level of levels) means.push(await measured(level));
    for (let k = 1; k < means.length; k++) assert.ok(means[k]! > means[k - 1]!, `${name}: ${means}`);
    strongest.push(means.at(-1)!);
  }
  const wrong = await measured(wrongImages(images));
  assert.ok(
    strongest.every((value) => value < wrong),
    `${strongest} beside ${wrong}`,
  );
  const correlation = rankCorrelation(
    ours,
    theirs.map((value) => -value),
  );
  t.diagnostic(`rank correlation with SSIM ${correlation.toFixed(3)}`);
  assert.ok(correlation > 0.85, `rank correlation with SSIM ${correlation}`);
  if (!official) return t.diagnostic('SKIPPED: rank correlation with LPIPS; its official weights are not in the cache');
  const beside = rankCorrelation(ours, perceptual);
  t.diagnostic(`rank correlation with LPIPS (alex) ${beside.toFixed(3)}`);
  assert.ok(beside > 0.85, `rank correlation with LPIPS ${beside}`);
});

test('featureDistanceFunction is differentiable: its slope is that of differences', async () => {
  await start();
  const { parameters, distance } = await featureDistanceFunction();
  const x = noiseImages(3, [1, 32, 32, 3]);
  const y = blend(x, noiseImages(4, x.shape), (a, b) => 0.6 * a + 0.4 * b);
  const direction = noiseImages(5, x.shape);
  const both = (truth: Tensor, image: Tensor, along: Tensor, ...w: Tensor[]) => {
    const f = (z: Tensor) => tf.sum(distance(w, truth, z)) as tf.Scalar;
    return [f(image), tf.sum(tf.mul(tf.grad(f)(image), along))];
  };
  const step = await compile(both, [x, y, direction], { constants: parameters });
  const at = async (t: number) =>
    step.run(
      x,
      blend(y, direction, (v, d) => v + t * d),
      direction,
    );
  const [, slope] = await at(0);
  const [[ahead], [behind]] = [await at(0.0005), await at(-0.0005)] as [NdArray[], NdArray[]];
  step.dispose();
  const expected = (ahead!.data[0]! - behind!.data[0]!) / 0.001;
  assert.ok(Math.abs(slope!.data[0]! / expected - 1) < 0.02, `${slope!.data[0]} beside ${expected}`);
});

test('featureDistance says what it refuses', async () => {
  const picture = (...shape: number[]) => ndarray(shape, 0.5);
  const pair = (...shape: number[]) => [picture(...shape), picture(...shape)] as const;
  const refused: [() => Promise<unknown>, RegExp][] = [
    [
      () => featureDistance(...pair(1, 15, 32, 3)),
      /featureDistance: images must be at least 16 pixels .*got \[15, 32\]/,
    ],
    [() => featureDistance(...pair(1, 32, 32, 1)), /images must be RGB/],
    [() => featureDistance(picture(1, 32, 32, 3), picture(1, 16, 16, 3)), /must have the shape of the truth/],
    [() => featureDistance(picture(1, 32, 32, 3), ndarray([1, 32, 32, 3], Number.NaN)), /image 0 has NaN/],
    [() => featureDistance(...pair(1, 32, 32, 3), { trunks: trunk() } as never), /did you mean "trunk"/],
  ];
  for (const [attempt, message] of refused) await assert.rejects(attempt(), message);
});

test('lpips without weights and without a network says so', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'roglab-test-'));
  const signal = AbortSignal.abort();
  const picture = ndarray([1, 32, 32, 3], 0.5);
  await assert.rejects(
    lpips(picture, picture, { cache, signal }),
    new RegExp(
      '(cancelled|the official weights of alex are not in the cache and cannot be fetched ' +
        '.*featureDistance\\(\\) needs no download)',
    ),
  );
  assert.ok(!existsSync(join(cache, 'alexnet-owt-7be5be79.pth.part')));
  rmSync(cache, { recursive: true });
});
