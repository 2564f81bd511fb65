import assert from 'node:assert/strict';
import test from 'node:test';
import { activations } from '../../src/attacks/closed-form/activation-estimates.js';
import { featureSolver } from '../../src/attacks/closed-form/feature-solver.js';
import { type Head, readHead } from '../../src/attacks/closed-form/head.js';
import { logCdf, posterior } from '../../src/attacks/closed-form/normal-posterior.js';
import { features, meanFeatures, syntheticImages } from '../../src/attacks/closed-form/prior.js';
import { guessFrom, recover } from '../../src/attacks/closed-form/recover.js';
import { leastSquares, type Matrix, mapped, matrix, product, solve, transpose } from '../../src/core/linear-algebra.js';
import { normalStream, permutation, uniformStream } from '../../src/core/random.js';
import type { Evidence, Observation } from '../../src/core/types.js';
import { openDataset } from '../../src/data/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';

const random = (rows: number, columns: number, next: () => number): Matrix =>
  matrix(rows, columns, Float64Array.from({ length: rows * columns }, next));
/** numpy 1.x, float64. */
const NUMPY_LSTSQ = [
  0.03333333333333327, 1.0777777777777775, 0.533333333333333, -0.42222222222222194, 0.5666666666666663,
  0.3222222222222223,
];

const near = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void => {
  assert.equal(a.length, b.length);
  for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i]! - b[i]!) <= tolerance, `${i}: ${a[i]} and ${b[i]}`);
};

test('solve and leastSquares against numpy: 4 x 3 equations, two right sides', () => {
  // numpy.linalg.lstsq([[2,1,0],[1,3,1],[0,1,4],[1,0,1]], [[1,2],[2,0],[3,1],[0,1]])
  const a = matrix(4, 3, [2, 1, 0, 1, 3, 1, 0, 1, 4, 1, 0, 1]);
  const b = matrix(4, 2, [1, 2, 2, 0, 3, 1, 0, 1]);
  near(leastSquares(a, b, 0).data, NUMPY_LSTSQ, 1e-12);
  const x = solve(product(transpose(a), a), product(transpose(a), b));
  near(x.data, NUMPY_LSTSQ, 1e-12);
});

test('leastSquares: equal columns share the result evenly; equations without a solution are said to be so', () => {
  const x = leastSquares(matrix(2, 2, [1, 1, 2, 2]), matrix(2, 1, [2, 4]));
  near(x.data, [1, 1], 1e-4);
  assert.throws(() => solve(matrix(1, 1, [-1]), matrix(1, 1, [1])), /the equations must determine the unknowns/);
});

test('logCdf against known values of the normal distribution, both tails', () => {
  const known = [
    [0, Math.log(0.5)],
    [1.96, -0.025316],
    [-1.96, -3.688966],
    [-5, -15.064998],
    [-10, -53.231285],
    [-40, -804.608442],
  ] as const;
  for (const [x, value] of known)
    assert.ok(Math.abs(logCdf(x) - value) < 1e-5 * Math.max(1, Math.abs(value)), `${x}: ${logCdf(x)}`);
});

test('posterior of a ReLU unit against 400,000 draws', () => {
  const [normal, guess, spread, noise, seen] = [normalStream(5), -0.4, 1, 0.5, 0.3];
  let [weight, active, output] = [0, 0, 0];
  for (let i = 0; i < 400_000; i++) {
    const z = guess + spread * normal();
    const h = Math.max(0, z);
    const likelihood = Math.exp(-0.5 * ((seen - h) / noise) ** 2);
    weight += likelihood;
    if (z > 0) active += likelihood;
    output += likelihood * h;
  }
  const { odds, mean } = posterior(guess, spread, seen, noise);
  assert.ok(Math.abs(1 / (1 + Math.exp(-odds)) - active / weight) < 5e-3);
  assert.ok(Math.abs(mean - output / weight) < 5e-3);
  const blind = posterior(guess, spread, seen, Number.POSITIVE_INFINITY);
  assert.ok(Math.abs(1 / (1 + Math.exp(-blind.odds)) - 0.344578) < 1e-5, 'nothing seen: P(z > 0) = cdf(-0.4)');
});

const EXACT: Evidence = { tolerance: 0, zeroTolerance: 0, noise: 0, signOnly: false, scaleUnknown: false };

/** A head with known features and errors, its first layer rounded to steps of 2 w. */
function made(halfWidth: number, [size, inputs, units]: readonly [number, number, number]) {
  const [normal, uniform] = [normalStream(3), uniformStream(4)];
  const truth = random(size, inputs, () => Math.max(0, normal()));
  const delta = random(size, units, normal);
  const exact = product(transpose(truth), delta);
  const observed = Float32Array.from(exact.data, (g) =>
    halfWidth ? 2 * halfWidth * Math.round(g / (2 * halfWidth)) : g,
  );
  const layer = { weights: random(inputs, units, uniform), bias: new Float64Array(units), observed };
  const head: Head = {
    body: [],
    bodyParameters: [],
    nonNegative: true,
    factor: 1,
    first: { ...layer, evidence: { ...EXACT, tolerance: halfWidth, zeroTolerance: halfWidth } },
    last: { ...layer, evidence: EXACT },
  };
  return { head, truth, delta, observed };
}

test('featureSolver: exact entries give the true features', async () => {
  const { head, truth, delta } = made(0, [3, 20, 30]);
  const solver = await featureSolver(head, 3, matrix(3, 20));
  near((await solver.solve(delta, truth)).data, truth.data, 1e-5);
});

test('featureSolver on intervals against projected gradient descent in float64: same value, inside them', async () => {
  const halfWidth = 0.5;
  const { head, delta, observed, truth } = made(halfWidth, [3, 12, 40]);
  const outside = (x: Matrix): Matrix =>
    mapped(product(transpose(x), delta), (s, i, j) => {
      const away = s - observed[i * 40 + j]!;
      return Math.sign(away) * Math.max(0, Math.abs(away) - halfWidth);
    });
  const value = (x: Matrix): number => outside(x).data.reduce((sum, r) => sum + r * r, 0);
  const start = matrix(3, 12);
  let independent = start;
  for (let k = 0; k < 4000; k++) {
    const slope = product(delta, transpose(outside(independent)));
    independent = mapped(independent, (x, i, j) => Math.max(0, x - 5e-3 * slope.data[i * 12 + j]!));
  }
  const solver = await featureSolver(head, 3, start);
  const found = await solver.solve(delta, start);
  solver.dispose();
  assert.ok(value(truth) < 1e-9, 'the truth lies in its intervals');
  assert.ok(value(found) <= value(independent) + 1e-3 * value(start), `${value(found)} and ${value(independent)}`);
  assert.ok(found.data.every((x) => x >= 0));
});

/** Observation of LeNet on n scenes with distinct labels of 100 classes. */
async function scenes(n: number, phi = 'none', localSteps = 1): Promise<[Observation, Matrix]> {
  const data = await openDataset('scenes', { size: 16 });
  const { images } = data.batch({ size: n, seed: 4 });
  const model = lenet({ imageShape: data.imageShape, classes: 100 });
  const labels = Int32Array.from(permutation(100, 3).slice(0, n));
  const update = await clientUpdate(model, { images, labels }, { localSteps });
  const observation = observe(model, update, { labels, obfuscation: parseObfuscation(phi) });
  const { shape, data: numbers } = await features(readHead(observation), images);
  return [observation, matrix(shape[0]!, shape[1]!, numbers)];
}

const cosines = (a: Matrix, b: Matrix): number[] =>
  Array.from({ length: a.rows }, (_, r) => {
    const [x, y] = [a, b].map((m) => m.data.subarray(r * m.columns, (r + 1) * m.columns)) as [
      Float64Array,
      Float64Array,
    ];
    const dot = (p: Float64Array, q: Float64Array): number => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  });

async function recovered(observation: Observation) {
  const head = readHead(observation);
  const prior = meanFeatures(await features(head, syntheticImages(observation.model.imageShape, 1)));
  return recover(head, observation.labels!, prior);
}

test('recover: distinct labels, no obfuscation: features equal the true ones, cosine 1 to 1e-6', async () => {
  for (const n of [1, 4, 16]) {
    const [observation, truth] = await scenes(n);
    const found = await recovered(observation);
    assert.ok(Math.min(...cosines(found.features, truth)) > 1 - 1e-6, `${n} images: ${cosines(found.features, truth)}`);
  }
});

test('recover: FedAvg and 3 bits leave features that are nearer to the truth than the prior', async () => {
  for (const [phi, steps, least] of [
    ['none', 5, 0.995],
    ['quantize:3', 1, 0.97],
    ['topk:0.9', 1, 0.97],
  ] as const) {
    const [observation, truth] = await scenes(4, phi, steps);
    const found = await recovered(observation);
    assert.ok(Math.min(...cosines(found.features, truth)) > least, `${phi}: ${cosines(found.features, truth)}`);
  }
});

test('activations: the true probabilities are the fixed point when the last layer is exact', async () => {
  const [observation, truth] = await scenes(4);
  const head = readHead(observation);
  const guess = await guessFrom(head, truth, 0.9);
  const found = await activations(head, observation.labels!, guess);
  const { inputs } = guess;
  near(
    found.hidden.data,
    inputs.data.map((z) => Math.max(0, z)),
    2e-4,
  );
  found.odds.data.forEach((odds, i) => {
    assert.ok(
      odds > 0 === inputs.data[i]! > 0 || Math.abs(inputs.data[i]!) < 1e-4,
      `unit ${i}: ${odds} ${inputs.data[i]}`,
    );
  });
});

test('readHead: every dense layer linked by ReLU belongs to the head, the first one reads the features', async () => {
  const model = network({
    name: 'chain',
    imageShape: [4, 4, 2],
    classes: 5,
    layers: [
      { kind: 'conv', filters: 3, size: 3 },
      { kind: 'relu' },
      { kind: 'dense', units: 24, bias: true },
      { kind: 'relu' },
      { kind: 'scale', factor: 0.5 },
      { kind: 'dense', units: 16 },
      { kind: 'relu' },
      { kind: 'dense', units: 5, bias: true },
    ],
  });
  const images = { shape: [3, 4, 4, 2], data: Float32Array.from({ length: 96 }, uniformStream(2)) };
  const observation = observe(model, await clientUpdate(model, { images, labels: Int32Array.of(4, 0, 2) }));
  const head = readHead(observation);
  assert.deepEqual(
    [head.body.length, head.first.weights.rows, head.between!.map((l) => [l.weights.columns, l.factor]), head.factor],
    [2, 48, [[16, 0.5]], 1],
  );
});

for (const [name, widths] of [
  ['two', [40]],
  ['three', [40, 24]],
  ['four', [48, 32, 24]],
] as const)
  test(`recover: ${name} dense layers behind the features: four images' features exactly, by the update`, async () => {
    const model = network({
      name,
      imageShape: [1, 1, 20],
      classes: 8,
      seed: 5,
      layers: [
        ...widths.flatMap((units) => [{ kind: 'dense', units, bias: true } as const, { kind: 'relu' } as const]),
        { kind: 'dense', units: 8, bias: true },
      ],
    });
    const uniform = uniformStream(11);
    const images = { shape: [4, 1, 1, 20], data: Float32Array.from({ length: 80 }, uniform) };
    const labels = Int32Array.of(3, 0, 7, 5);
    const observation = observe(model, await clientUpdate(model, { images, labels }), { labels });
    const found = await recover(readHead(observation), labels, new Float64Array(20).fill(0.5));
    near(found.features.data, images.data, 5e-3);
  });

test('recover: one image of every class, whose errors sum to 0: features within 1 %', async () => {
  const model = lenet({ imageShape: [16, 16, 3], classes: 6, seed: 4 });
  const data = await openDataset('scenes', { size: 16 });
  const { images } = data.batch({ size: 6, seed: 8 });
  const labels = Int32Array.of(2, 0, 5, 1, 4, 3);
  const observation = observe(model, await clientUpdate(model, { images, labels }), { labels });
  const head = readHead(observation);
  const truth = await features(head, images);
  const prior = meanFeatures(await features(head, syntheticImages(model.imageShape, 1)));
  const found = await recover(head, labels, prior);
  const [away, size] = truth.data.reduce(
    ([a, s], value, i) => [a + (value - found.features.data[i]!) ** 2, s + value * value],
    [0, 0],
  );
  assert.ok(Math.sqrt(away / size) < 1e-2, `${Math.sqrt(away / size)}`);
});
