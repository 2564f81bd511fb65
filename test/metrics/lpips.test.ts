import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { loadTorch } from '../../src/assets/index.js';
import { decodeImage } from '../../src/assets/pictures/index.js';
import { imageAt, ndarray, sizeOf } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NamedArray, NdArray } from '../../src/core/types.js';
import { compile, start, type Tensor, tf } from '../../src/engine/index.js';
import { type LpipsWeights, lpips, lpipsFunction, score } from '../../src/metrics/index.js';
import { smallestFor, TRUNKS, type TrunkName, trunkTensors } from '../../src/metrics/perceptual/trunks.js';
import { temporaryFolder } from '../assets/temporary.js';
import { legacyFile, zipFile } from '../assets/torch-files.js';
import { forEachEngine } from '../engines.js';
import { golden, goldens, shared } from '../fixtures.js';
import { blend, channelsLast, noiseImages } from './images.js';

/** Random tensors under torchvision's names: the k-th from stream seed + k, U(-b, b), in PyTorch's axis order. */
function randomTrunk(net: TrunkName, seed: number, kernelGain: number): NamedArray[] {
  let fan = 1;
  return trunkTensors(TRUNKS[net]).tensors.map(({ name, shape }, k) => {
    if (shape.length === 4) fan = shape[0]! * shape[1]! * shape[2]!;
    const bound = Math.sqrt((shape.length === 4 ? kernelGain : 1) / fan);
    const random = uniformStream(seed + k);
    const theirs = shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : shape;
    return { name, ...ndarray(theirs, () => (2 * random() - 1) * bound) };
  });
}

const randomLinear = (net: TrunkName, seed: number): NamedArray[] =>
  trunkTensors(TRUNKS[net]).channels.map((c, k) => ({
    name: `lin${k}.model.1.weight`,
    ...ndarray([1, c, 1, 1], uniformStream(seed + 100 + k)),
  }));

const near = (what: string, actual: readonly number[], expected: readonly number[], relative = 1e-5) => {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, i) => {
    const error = Math.abs(value / expected[i]! - 1);
    assert.ok(error <= relative, `${what} ${i}: ${value}, not ${expected[i]} (relative error ${error})`);
  });
};

const linear = shared('data/lpips-linear/alex.pth');
const missing = existsSync(linear) ? false : 'no official linear weights';

for (const { from, numbers } of goldens('metrics').filter(({ numbers }) => numbers.lpipsAlexRandomTrunk))
  forEachEngine((engine, setup) => {
    test(`lpips of alex with the official linear weights on ${engine}, ${from}`, { skip: missing }, async () => {
      await setup();
      const { seed, lpipsAlexRandomTrunk: wanted } = numbers;
      const stream = (k: number) => noiseImages(seed + k, [2, 3, 64, 64]);
      const a = stream(1);
      const b = blend(a, stream(2), (x, y) => 0.7 * x + 0.3 * y);
      const weights = { trunk: randomTrunk('alex', wanted.seed, 1), linear: await loadTorch(linear) };
      const pair = [channelsLast(a), channelsLast(b)] as const;
      near('sum', await lpips(...pair, { weights }), wanted.calibrated);
      const layers = await lpips(...pair, { weights, perLayer: true });
      for (const [k, layer] of layers.entries()) near(`layer ${k}`, layer, wanted.perLayer[k]);
    });
  });

const reference = golden('lpips');
const cases = (Object.keys(reference) as TrunkName[]).map((net) => {
  const { seed, shape } = reference[net];
  const a = noiseImages(seed + 90, shape);
  const b = blend(a, noiseImages(seed + 91, shape), (x, y) => 0.7 * x + 0.3 * y);
  const make = (): LpipsWeights => ({ trunk: randomTrunk(net, seed, 6), linear: randomLinear(net, seed) });
  let made: LpipsWeights | undefined;
  const weights = (): LpipsWeights => {
    made ??= make();
    return made;
  };
  return { net, x: channelsLast(a), y: channelsLast(b), weights, expected: reference[net] };
});

for (const { net, x, y, weights, expected } of cases)
  forEachEngine((engine, setup) => {
    test(`lpips of ${net} equals PyTorch's, with layers, maps and gradient, on ${engine}`, async () => {
      await setup();
      const how = { net, weights: weights() };
      near('sum', await lpips(x, y, how), expected.values);
      const layers = await lpips(x, y, { ...how, perLayer: true });
      // one layer of thirteen convolutions, summed in float32 in one go, is off by 1.2e-5 on cpu and tensorflow
      const relative = engine === 'compiled' || engine === 'wasm' ? 1e-5 : 3e-5;
      for (const [k, layer] of layers.entries()) near(`layer ${k}`, layer, expected.perLayer[k], relative);
      if (engine === 'cpu') return; // the rest would take long there

      const map = await lpips(x, y, { ...how, spatial: true });
      assert.deepEqual(map.shape, x.shape.slice(0, 3));
      near('map', [map.data.reduce((sum, value) => sum + value, 0)], [expected.spatial.sum]);
      const [, height, width] = map.shape as [number, number, number];
      for (const [i, r, c, value] of expected.spatial.at)
        near('map', [map.data[(i * height + r) * width + c]!], [value], 1e-4);

      const { parameters, distance } = await lpipsFunction(how);
      const slope = (image: Tensor, other: Tensor, ...w: Tensor[]) =>
        tf.grad((z: Tensor) => tf.sum(distance(w, image, z)))(other);
      const step = await compile(slope, [x, y], { constants: parameters });
      const [gradient] = await step.run(x, y);
      step.dispose();
      const l2 = Math.sqrt(gradient!.data.reduce((sum, g) => sum + g * g, 0));
      near('gradient', [l2], [expected.gradient.l2], 1e-4);
      for (const [i, c, r, k, value] of expected.gradient.at) {
        const got = gradient!.data[((i * height + r) * width + k) * 3 + c]!;
        assert.ok(Math.abs(got - value) < 2e-4 * Math.max(Math.abs(value), l2 / 60), `slope ${got}, not ${value}`);
      }
    });
  });

const small = cases.find(({ net }) => net === 'squeeze')!;

test('lpips: zero to itself, symmetric, growing with noise, per image independent of its batch', async () => {
  await start({ compiled: 'auto' });
  const { x, y, weights } = small;
  const how = { net: 'squeeze', weights: weights() } as const;
  assert.deepEqual(await lpips(x, x, how), [0, 0]);
  const there = await lpips(x, y, how);
  near('symmetric', await lpips(y, x, how), there, 1e-6);
  assert.equal((await lpips(imageAt(x, 1), imageAt(y, 1), how))[0], there[1]);
  const further = blend(x, y, (a, b) => a + 1.5 * (b - a));
  (await lpips(x, further, how)).forEach((value, i) => {
    assert.ok(value > there[i]!);
  });
});

test('lpips as a loss: steps along its gradient bring a picture nearer', async () => {
  await start({ compiled: 'auto' });
  const { weights } = small;
  const crop = ({ data }: NdArray): NdArray => ({ shape: [1, 20, 20, 3], data: data.slice(0, 1200) });
  const [x, y] = [crop(small.x), crop(small.y)];
  const { parameters, distance } = await lpipsFunction({ net: 'squeeze', weights: weights() });
  const loss = (truth: Tensor, image: Tensor, ...w: Tensor[]) => {
    const { value, grad } = tf.valueAndGrad((z: Tensor) => tf.sum(distance(w, truth, z)))(image);
    return [value, tf.sub(image, tf.mul(grad, 0.25))];
  };
  const step = await compile(loss, [x, y], { constants: parameters });
  const values: number[] = [];
  let image: NdArray = y;
  for (let i = 0; i < 8; i++) {
    const [value, next] = await step.run(x, image);
    values.push(value!.data[0]!);
    image = next!;
  }
  step.dispose();
  assert.ok(Math.min(...values) < 0.85 * values[0]!, String(values));
});

test('lpips: a silent layer gives neither NaN nor an infinite slope', async () => {
  await start({ compiled: 'auto' });
  const { x, weights } = small;
  const dead = weights().trunk.map((tensor) => ({ ...tensor, data: new Float32Array(tensor.data.length) }));
  const { parameters, distance } = await lpipsFunction({
    net: 'squeeze',
    weights: { trunk: dead, linear: weights().linear },
  });
  const slope = (z: Tensor, ...w: Tensor[]) =>
    tf.grad((image: Tensor) => tf.sum(distance(w, tf.mul(image, 0.5), image)))(z);
  const step = await compile(slope, [x], { constants: parameters });
  const [gradient] = await step.run(x);
  step.dispose();
  assert.ok(gradient!.data.every((g) => g === 0));
});

/** Runs with a folder of weights of the user's own. */
async function withWeights<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const before = process.env.ROGLAB_WEIGHTS;
  process.env.ROGLAB_WEIGHTS = folder;
  try {
    return await body();
  } finally {
    if (before === undefined) delete process.env.ROGLAB_WEIGHTS;
    else process.env.ROGLAB_WEIGHTS = before;
  }
}

test('lpips takes files from a folder of weights, of the trunk only what it needs; score takes it up', async () => {
  await start({ compiled: 'auto' });
  const { x, y, weights, expected } = small;
  const folder = temporaryFolder();
  const tensors = [...weights().trunk, { name: 'classifier.1.weight', ...ndarray([1000, 512], 1) }];
  writeFileSync(join(folder, 'squeezenet1_1-b8a52dc0.pth'), zipFile(tensors));
  writeFileSync(join(folder, 'lpips-v0.1-squeeze.pth'), legacyFile(weights().linear));
  await withWeights(folder, async () => {
    near('sum', await lpips(x, y, { net: 'squeeze' }), expected.values);
    const tagger = () => [['a'], ['b']];
    near('score', (await score(x, y, { match: 'none', tagger, lpips: 'squeeze' })).lpips!, expected.values);
    assert.equal((await score(x, y, { tagger })).lpips, undefined); // 'auto' waits for alex
    assert.equal((await score(x, y, { tagger, lpips: false })).lpips, undefined);
  });
  assert.equal(readdirSync(folder).length, 2);
});

test('lpips: a file in the cache that is not the official one is not taken', async () => {
  const cache = temporaryFolder();
  writeFileSync(join(cache, 'squeezenet1_1-b8a52dc0.pth'), zipFile(small.weights().trunk));
  writeFileSync(join(cache, 'lpips-v0.1-squeeze.pth'), legacyFile(small.weights().linear));
  const signal = AbortSignal.timeout(1);
  await assert.rejects(lpips(small.x, small.y, { net: 'squeeze', cache, signal }));
});

test('lpips: a checkpoint of another network is refused by the tensor it lacks', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'squeezenet1_1-b8a52dc0.pth'), zipFile(small.weights().trunk.slice(1)));
  await assert.rejects(
    withWeights(folder, () => lpips(small.x, small.y, { net: 'squeeze' })),
    /squeezenet1_1.* must hold the tensors features.0.weight; is it the right file/,
  );
});

const trunks = shared('data/lpips-trunks');
test('lpips with the official weights: the reference pictures of its authors, 0.722 and 0.138', async (t) => {
  if (!existsSync(trunks)) return t.skip('the official weights are not here');
  await start({ compiled: 'auto' });
  const folder = temporaryFolder();
  copyFileSync(join(trunks, 'alexnet-features.pth'), join(folder, 'alexnet-owt-7be5be79.pth'));
  copyFileSync(linear, join(folder, 'lpips-v0.1-alex.pth'));
  const picture = async (name: string) => {
    const { data, width, height } = await decodeImage(readFileSync(join(trunks, name)));
    return ndarray(
      [1, height, width, 3],
      Float32Array.from(data, (byte) => byte / 255),
    );
  };
  const reference = await picture('ex_ref.png');
  const others = [await picture('ex_p0.png'), await picture('ex_p1.png')];
  const values = await withWeights(folder, async () => [
    (await lpips(reference, others[0]!, { net: 'alex' }))[0]!,
    (await lpips(reference, others[1]!, { net: 'alex' }))[0]!,
  ]);
  assert.deepEqual(
    values.map((value) => value.toFixed(3)),
    ['0.722', '0.138'],
  );
});

test('lpips says what it refuses', async () => {
  const { x, y, weights } = small;
  const how = { net: 'squeeze', weights: weights() } as const;
  const [first, ...rest] = weights().trunk as [NamedArray, ...NamedArray[]];
  const trunk = (tensor: NamedArray) => ({ ...how, weights: { ...weights(), trunk: [tensor, ...rest] } });
  const picture = (...shape: number[]) => ndarray(shape, 0.5);
  const refused: [() => Promise<unknown>, RegExp][] = [
    [() => lpips(x, imageAt(y, 0), how), /lpips\(squeeze\): there must be 2 images to compare with, got 1/],
    [
      () => lpips(x, picture(2, 40, 40, 3), how),
      /must have the shape of the truth, \[2,37,30,3\], got \[2, 40, 40, 3\]/,
    ],
    [() => lpips(x, { ...y, data: y.data.map(() => Number.NaN) }, how), /pixels must be numbers; image 0 has NaN/],
    [
      () => lpips(picture(1, 16, 40, 3), picture(1, 16, 40, 3), how),
      /at least 17 pixels high and wide, got \[16, 40\]/,
    ],
    [() => lpips(picture(1, 40, 40, 1), picture(1, 40, 40, 1), how), /images must be RGB, got "1 channels"/],
    [() => lpips(x, y, { net: 'alexnet' as never }), /net must be one of alex, squeeze, vgg, got "alexnet"/],
    [() => lpips(x, y, { netw: 'alex' } as never), /unknown option "netw"; did you mean "net"/],
    [() => lpips(x, y, trunk({ ...first, name: 'conv.weight' })), /trunk: must have a tensor features.0.weight/],
    [() => lpips(x, y, trunk({ ...first, shape: [64, 27] })), /features.0.weight must be \[64,3,3,3\], got \[64, 27\]/],
    [
      () => lpips(x, y, trunk({ ...first, data: first.data.map(() => Number.NaN) })),
      /every entry .* must be finite; features.0.weight\[0\] is NaN/,
    ],
    [
      () => lpips(x, y, { net: 'squeeze', weights: { ...weights(), linear: [] } }),
      /linear weights: must have a tensor lin0.model.1.weight/,
    ],
  ];
  for (const [attempt, message] of refused) await assert.rejects(attempt(), message);
});

test('the least side of each network is the one that PyTorch accepts', () => {
  // PyTorch 1.13 (torchvision's layer lists): one pixel less raises "Output size is too small"
  assert.deepEqual((['alex', 'squeeze', 'vgg'] as const).map(smallestFor), [31, 17, 16]);
  assert.equal(sizeOf(trunkTensors(TRUNKS.vgg).tensors[0]!.shape), 27 * 64);
});
