import assert from 'node:assert/strict';
import test from 'node:test';
import { coarseToFine } from '../../src/attacks/choose/recipes.js';
import { headCounts } from '../../src/attacks/labels/head-counts.js';
import { keptByPhi } from '../../src/attacks/labels/kept-by-phi.js';
import { pinkPictures } from '../../src/attacks/labels/pink-pictures.js';
import { comparisonOf } from '../../src/attacks/search/closure.js';
import { simulation } from '../../src/attacks/search/drift.js';
import { isDrowned, isFine, isFinelyRounded } from '../../src/attacks/search/fine.js';
import { noiseWeight } from '../../src/attacks/search/noise-weight.js';
import { intervalsTell, objectiveOfValues } from '../../src/attacks/search/objectives.js';
import { PRIORS } from '../../src/attacks/search/priors.js';
import { orOne, projected, projectedData } from '../../src/attacks/search/seen.js';
import { ndarray } from '../../src/core/arrays.js';
import { EXACT, noised, rounded, signed, UNKNOWN, UNSENT } from '../../src/core/evidence.js';
import { deriveSeed, normalStream, uniformStream } from '../../src/core/random.js';
import { resample } from '../../src/core/resample.js';
import type { Evidence, Observation } from '../../src/core/types.js';
import { start, type Tensor4D, tf } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { near } from '../near.js';

type Received = readonly (readonly [readonly number[], Evidence])[];

const seenOf = (...received: Received): Observation =>
  ({
    tensors: received.map(([data]) => ({ name: 't', shape: [data.length], data: Float32Array.from(data) })),
    obfuscation: { evidence: received.map(([, evidence]) => evidence) },
  }) as unknown as Observation;

test('isFine: a bound of at most a tenth of the root mean square, of every tensor, and no noise', () => {
  const spike = [3, 0, 0, 0]; // root mean square 1.5
  const fine = (kept: number, zero: number): boolean => isFine(seenOf([spike, rounded(EXACT, kept, zero)]));
  assert.deepEqual([fine(0.149, 0), fine(0.151, 0), fine(0, 0.149), fine(0, 0.155)], [true, false, true, false]);
  assert.equal(isFine(seenOf([[1], EXACT], [spike, rounded(EXACT, 0.2, 0)])), false);
  assert.equal(isFine(seenOf([[1], noised(EXACT, 1e-9)])), false);
  assert.equal(isFine(seenOf([[1], signed(EXACT, false)])), false);
  assert.equal(isFine(seenOf([[0], UNSENT])), false);
  assert.deepEqual([isFinelyRounded(seenOf([spike, EXACT])), isFine(seenOf([spike, EXACT]))], [false, true]);
  assert.equal(isFinelyRounded(seenOf([spike, rounded(EXACT, 0.1, 0)])), true);
});

test('isDrowned: the noise has the power of what was received without it', () => {
  const drowned = (...sigmas: readonly [number, number]): boolean =>
    isDrowned(seenOf([[2, 0, 0], noised(EXACT, sigmas[0])], [[0, 2], noised(EXACT, sigmas[1])]));
  // received: 8; noise 3 s^2 + 2 t^2 is half of it at 4
  assert.deepEqual(
    [drowned(0, 0), drowned(0, 1.4), drowned(0, 1.42), drowned(1.15, 0), drowned(1.16, 0), drowned(0.9, 0.9)],
    [false, false, true, false, true, true],
  );
});

test('noiseWeight: 4 ((1 - s) (s B h w / n)^2)^(1/3); from 0.03 on squares with that weight, of noise alone', () => {
  const small = network({ name: 'small', imageShape: [4, 6, 3], layers: [{ kind: 'dense', units: 10 }] });
  const seen = (sigma: number, optimizer = 'sgd', n = 64, batchSize = 2): Observation => {
    const { tensors, obfuscation } = seenOf([Array.from({ length: n }, () => 0.5), noised(EXACT, sigma)]);
    return {
      model: small,
      client: { batchSize, optimizer: { kind: optimizer }, localSteps: 1 },
      tensors,
      obfuscation,
    } as never;
  };
  near(noiseWeight(seen(0.25)), 4 * Math.cbrt(0.75 * ((0.25 * 48) / 64) ** 2), 1e-6);
  near(noiseWeight(seen(0.4, 'sgd', 200, 1)), 4 * Math.cbrt(0.36 * ((0.64 * 24) / 200) ** 2), 1e-6);
  // noise of more than all: of 200 entries its power is known to a tenth
  near(noiseWeight(seen(0.6, 'sgd', 200, 1)), 4 * Math.cbrt(0.1 * ((0.9 * 24) / 200) ** 2), 1e-6);
  const taken = (of: Observation) => {
    const { objective, weight } = coarseToFine(of, {});
    return [objective, weight];
  };
  assert.deepEqual(taken(seen(0.25)), ['relativeL2', noiseWeight(seen(0.25))]);
  // 4 (0.75 (0.25 x 48 / n)^2)^(1/3) is 0.03 at n = 16,000
  assert.deepEqual(taken(seen(0.25, 'sgd', 15_990)), ['relativeL2', noiseWeight(seen(0.25, 'sgd', 15_990))]);
  assert.deepEqual(taken(seen(0.25, 'sgd', 16_010)), ['cosine', 0.02]);
  assert.equal(taken(seen(0.25, 'adam'))[0], 'cosine');

  const both = { ...seen(0.25), obfuscation: { evidence: [rounded(noised(EXACT, 0.25), 0.3, 0.3)] } } as never;
  assert.equal(taken(both)[0], 'stochasticRounding');
});

test('intervalsTell: coarse rounding of bounded entries, or of entries beside open ones', () => {
  const tells = (...received: Received): boolean =>
    intervalsTell(
      received.map(([data]) => ({ data: Float32Array.from(data) })),
      received.map(([, evidence]) => evidence),
    );
  // w^2 / 3 of two entries against 1e-4 of 2
  assert.equal(tells([[1, -1], rounded(EXACT, 0.0171, 0)]), false);
  assert.equal(tells([[1, -1], rounded(EXACT, 0.0175, 0)]), true);
  // a zero counts by its own bound, however wide
  assert.equal(tells([[1, 0], rounded(EXACT, 0, 0.0171)]), false);
  assert.equal(tells([[1, 0], rounded(EXACT, 0, 0.0175)]), true);
  assert.equal(tells([[1, 0], UNSENT]), false);
  // open entries, no larger than their bound: a tenth of the whole is too much, unless all others are fine
  const beside = (open: number, width: number): boolean =>
    tells([[1, open], rounded(EXACT, Float32Array.of(width, 9), 0)]);
  assert.deepEqual([beside(0.33, 0.1), beside(0.34, 0.1)], [true, false]);
  assert.deepEqual([beside(0.34, 0.0172), beside(0.34, 0.0174)], [true, false]);
  assert.equal(tells([[1, 2], rounded(EXACT, Float32Array.of(1, 0), 0)]), true, 'a fifth is open, the rest exact');
  assert.equal(objectiveOfValues([{ data: Float32Array.of(1) }], [rounded(EXACT, 0.01, 0.01)]), 'cosine');
  assert.equal(objectiveOfValues([{ data: Float32Array.of(1) }], [rounded(EXACT, 0.1, 0.1)]), 'interval');
});

test('priors of pictures of two pixels a side, by hand', async () => {
  await start();
  const picture = tf.tensor4d([0, 0.3, 0.4, 0.1], [1, 2, 2, 1]) as Tensor4D;
  const value = (name: keyof typeof PRIORS): number => PRIORS[name](picture).dataSync()[0]!;
  near(value('tv'), (0.4 + 0.2) / 2 + (0.3 + 0.3) / 2, 1e-6);
  near(value('tvL2'), 0.6 + (0.01 * (0.09 + 0.16 + 0.01)) / 4, 1e-6);
  near(value('colorTv'), Math.sqrt(0.4 ** 2 + 0.3 ** 2 + 1e-6), 1e-6);
  picture.dispose();
});

test('keptByPhi: what phi would leave of another update; noise and what is not known leave it as it is', () => {
  const other = Float32Array.of(0.4, -0.9, 0.05, 2.2);
  const of = (evidence: Evidence, received: readonly number[]): number[] => [
    ...keptByPhi(evidence, Float32Array.from(received))(other),
  ];
  const same = [...other];
  const several = [1, -1, 2, 0];
  assert.deepEqual(of(EXACT, several), same);
  assert.deepEqual(of(noised(EXACT, 0.1), several), same);
  assert.deepEqual(of(UNKNOWN, several), same);
  assert.deepEqual(of(rounded(EXACT, 0.5, 0.5), several), [0, -1, 0, 2]);
  assert.deepEqual(of(rounded(EXACT, 1, 1, 0.3), several), same, 'random rounding has mean 0');
  assert.deepEqual(of(signed(EXACT, false), several), [1, -1, 1, 1]);
  assert.deepEqual(of(rounded(EXACT, 0, 0.5), several), [0, ...same.slice(1, 2), 0, ...same.slice(3)]);
});

test('a projection: rows on the span of its basis, of numbers and of tensors; orOne: 1 for 0 alone', async () => {
  await start();
  const basis = Float32Array.of(0.6, 0, 0, 1, 0.8, 0); // columns (0.6, 0, 0.8) and (0, 1, 0)
  const data = Float32Array.of(1, 2, 3, -1, 0.5, 0);
  // along the first: 0.6 + 2.4 = 3 and -0.6
  const wanted = [1.8, 2, 2.4, -0.36, 0.5, -0.48];
  near(projectedData(data, { basis, rank: 2 }), wanted, 1e-6);
  near(
    tf.tidy(() => projected(tf.tensor2d(data, [2, 3]), tf.tensor2d(basis, [3, 2])).dataSync()),
    wanted,
    1e-6,
  );
  const ones = tf.tidy(() => [0, 5, -0.25].map((sum) => orOne(tf.scalar(sum)).dataSync()[0]));
  assert.deepEqual(ones, [1, 5, -0.25]);
});

test('comparisonOf: parameters are inputs where moments of batch norm are compared, and only there', async () => {
  const layers = [{ kind: 'conv', filters: 2, size: 3 }, { kind: 'batchNorm' }, { kind: 'dense', units: 3 }] as const;
  const model = network({ name: 'normed', imageShape: [4, 4, 1], classes: 3, layers });
  const tensors = model.parameters.map(({ name, shape, data }) => ({ name, shape, data: data.map(() => 0.1) }));
  const client = { batchSize: 1, localSteps: 1, learningRate: 1, optimizer: { kind: 'sgd' } };
  const seen = {
    model,
    tensors,
    client,
    obfuscation: { evidence: tensors.map(() => EXACT) },
  } as unknown as Observation;
  const asked = { objective: 'l2', prior: 'tv', weight: 0, simulate: 'steps', labels: Int32Array.of(1) } as const;
  const uses = async (statistics?: number): Promise<boolean> =>
    (await comparisonOf(seen, { ...asked, statistics })).usesParameters;
  assert.deepEqual([await uses(), await uses(0), await uses(0.1)], [false, false, true]);
});

test('pinkPictures: noise of five octaves by their weights, up to brightness and contrast', async () => {
  const sides = [32, 32] as const;
  const { data } = await pinkPictures([...sides, 1], 1, 7);
  const wanted = new Float64Array(data.length);
  for (const [cells, weight] of [
    [2, 1],
    [4, 0.7],
    [8, 0.5],
    [16, 0.35],
    [32, 0.2],
  ] as const) {
    const noise = normalStream(deriveSeed(7, 'pink', cells, 1));
    const wave = resample(ndarray([1, cells, cells, 1], noise), sides).data;
    for (let i = 0; i < wanted.length; i++) wanted[i]! += weight * wave[i]!;
  }
  const inside = [...data.keys()].filter((i) => data[i]! > 0 && data[i]! < 1);
  assert.ok(inside.length > 0.5 * data.length, `${inside.length} are not cut off`);
  const [a, b] = [inside[0]!, inside.at(-1)!];
  const contrast = (data[b]! - data[a]!) / (wanted[b]! - wanted[a]!);
  for (const i of inside) near(data[i]! - data[a]!, contrast * (wanted[i]! - wanted[a]!), 1e-4);
});

test('simulation: two steps of moving weights are steps', async () => {
  await start();
  const model = lenet({ imageShape: [8, 8, 3] });
  const [images, labels] = [ndarray([1, 8, 8, 3], uniformStream(1)), Int32Array.of(3)];
  const of = async (localSteps: number): Promise<string> =>
    simulation(observe(model, await clientUpdate(model, { images, labels }, { localSteps, learningRate: 0.1 })));
  assert.deepEqual([await of(1), await of(2)], ['direction', 'steps']);
});

test('headCounts: within the bounds of every class, whatever the update says', async () => {
  await start();
  const model = lenet({ imageShape: [8, 8, 3], classes: 4 });
  const [images, labels] = [ndarray([6, 8, 8, 3], uniformStream(1)), Int32Array.of(0, 0, 0, 1, 1, 3)];
  const seen = observe(model, await clientUpdate(model, { images, labels }));
  const counts = async (least: readonly number[], most: readonly number[]): Promise<number[]> => {
    const found = await headCounts(seen, least, most);
    assert.equal(found.labels.length, found.confidence.length);
    return [0, 1, 2, 3].map((j) => found.labels.filter((label) => label === j).length);
  };
  assert.deepEqual(await counts([0, 0, 0, 0], [6, 6, 6, 6]), [3, 2, 0, 1]);
  assert.deepEqual(await counts([0, 0, 1, 0], [2, 6, 1, 6]), [2, 2, 1, 1]);
  assert.deepEqual(await counts([1, 1, 1, 1], [1, 1, 3, 3]).then(([a, b, c, d]) => [a, b, c! + d!]), [1, 1, 4]);
});
