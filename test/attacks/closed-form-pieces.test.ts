import assert from 'node:assert/strict';
import test from 'node:test';
import { deviation, deviations } from '../../src/attacks/closed-form/activation-estimates.js';
import { featureSolver } from '../../src/attacks/closed-form/feature-solver.js';
import { guessFrom } from '../../src/attacks/closed-form/guess.js';
import { explainedBy } from '../../src/attacks/closed-form/guess-explained.js';
import { type Head, readHead } from '../../src/attacks/closed-form/head.js';
import { logCdf, logDensity, posterior } from '../../src/attacks/closed-form/normal-posterior.js';
import { aroundGuess } from '../../src/attacks/closed-form/null-direction.js';
import { refreshed } from '../../src/attacks/closed-form/recover.js';
import { closedFormDeclines, suitsClosedForm } from '../../src/attacks/closed-form/suits.js';
import { shares } from '../../src/attacks/sparse/scale.js';
import { ndarray } from '../../src/core/arrays.js';
import { EXACT, noised, rounded, signed } from '../../src/core/evidence.js';
import { gramNorm, type Matrix, matrix, product } from '../../src/core/linear-algebra.js';
import { softmax } from '../../src/core/numbers.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import type { Evidence, Layer } from '../../src/core/types.js';
import { start } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { denseHead, lenet, network } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { near } from '../near.js';

const normal = normalStream(7);
const numbers = (count: number): Float64Array => Float64Array.from({ length: count }, normal);
const norm = (list: readonly number[]): number => Math.sqrt(list.reduce((sum, x) => sum + x * x, 0));
const inner = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** The first dense layer of a head: 4 inputs, 5 units. */
const headOf = (observed: ArrayLike<number>, evidence: Evidence): Head => {
  const weights = matrix(4, 5, numbers(20));
  const first = { weights, bias: numbers(5), observed: Float32Array.from(observed), evidence };
  return { first, nonNegative: false } as unknown as Head;
};

for (const [name, evidence] of [
  ['of known length', EXACT],
  ['of unknown length', signed(EXACT, false)],
] as const)
  test(`explainedBy: the correlation of each picture's part with what the others leave, ${name}`, async () => {
    const [x, delta] = [matrix(3, 4, Float32Array.from(numbers(12))), matrix(3, 5, numbers(15))];
    const part = (b: number): number[] =>
      Array.from({ length: 20 }, (_, at) => x.data[b * 4 + Math.floor(at / 5)]! * delta.data[b * 5 + (at % 5)]!);
    const parts = [0, 1, 2].map(part);
    const sum = parts[0]!.map((_, at) => parts.reduce((total, p) => total + p[at]!, 0));
    const observed = Array.from(Float32Array.from(sum.map((value) => 0.7 * value + 0.3 * normal())));
    const length = evidence === EXACT ? 1 : inner(sum, observed) / inner(observed, observed);
    const found = await explainedBy(headOf(observed, evidence), delta, {
      shape: [3, 4],
      data: Float32Array.from(x.data),
    });
    parts.forEach((own, b) => {
      const left = observed.map((value, at) => length * value - sum[at]! + own[at]!);
      near(found[b]!, Math.min(1, Math.max(0, inner(own, left) / (norm(own) * norm(left)))), 1e-6);
    });
    assert.ok(
      found.every((c) => c > 0.05 && c < 0.999),
      `${found}`,
    );
  });

test('guessFrom: x W + b, and |x| sqrt(1 - cos^2) times the root mean square of W', async () => {
  const head = headOf(numbers(20), EXACT);
  const { weights, bias } = head.first;
  const x = matrix(2, 4, numbers(8));
  const { inputs, spread } = await guessFrom(head, x, 0.6);
  const size = norm([...weights.data]) / Math.sqrt(20);
  for (const b of [0, 1]) {
    const row = [...x.data.subarray(4 * b, 4 * b + 4)];
    near(spread[b]!, norm(row) * 0.8 * size);
    for (let u = 0; u < 5; u++)
      near(
        inputs.data[5 * b + u]!,
        inner(
          row,
          [0, 1, 2, 3].map((i) => weights.data[5 * i + u]!),
        ) + bias[u]!,
      );
  }
});

test('deviation: noise its own, rounding as of a uniform error, float32 a millionth of the largest', async () => {
  const observed = Float32Array.of(0, 2, -4, 1);
  near(await deviation({ ...EXACT, noise: 0.3, tolerance: 9 }, observed), 0.3);
  const mean = (0.25 * 2 ** 2 + 0.75 * 0.5 ** 2) / 3;
  near(await deviation(rounded(EXACT, 0.5, 2), observed), Math.sqrt(mean));
  near(await deviation(EXACT, observed), 4e-6, 1e-12);
});

test('deviations: the roots of the diagonal of (A^T A)^-1, times the noise', () => {
  const a = matrix(3, 2, [1, 2, 3, 4, 5, 7]);
  // A^T A = [[35, 49], [49, 69]], determinant 14
  near(deviations(a, 0.5), [0.5 * Math.sqrt(69 / 14), 0.5 * Math.sqrt(35 / 14)], 1e-7);
});

test('posterior: with nothing observed that of the guess alone, with an exact output that output', () => {
  for (const [m, s] of [
    [0.7, 0.5],
    [-0.4, 0.8],
  ] as const) {
    const { odds, mean } = posterior(m, s, 0, Number.POSITIVE_INFINITY);
    near(odds, logCdf(m / s) - logCdf(-m / s));
    near(mean, m * Math.exp(logCdf(m / s)) + s * Math.exp(logDensity(m / s)), 1e-9);
  }
  near(posterior(0.1, 1, 2.5, 1e-4).mean, 2.5, 1e-6);
  near(posterior(0.1, 1, 0, 1e-4).mean, 0, 1e-4);
});

test('gramNorm: the largest eigenvalue of delta delta^T, and one per cent more', () => {
  const small = matrix(2, 3, [0.03, 0, 0.04, 0, 0.02, 0]);
  near(gramNorm(small), 1.01 * 0.05 ** 2, 1e-9);
});

test('features behind noise: one unknown between the prior and what the update says', async () => {
  const [prior, delta, seen, noise] = [0.8, 2, 3, 0.6];
  const weights = matrix(1, 1, [1]);
  const first = { weights, bias: numbers(1), observed: Float32Array.of(seen), evidence: { ...EXACT, noise } };
  const solver = await featureSolver({ first, nonNegative: false } as unknown as Head, 1, one(prior));
  const { data } = await solver.solve(one(delta), one(0));
  solver.dispose();
  const ridge = noise ** 2 / (0.15 * prior ** 2); // 1 / spread^2, in units of 1 / noise^2
  near(data[0]!, prior + (delta * (seen - delta * prior)) / (delta ** 2 + ridge), 1e-6);
});

test('aroundGuess: one free direction: the likeliest move where all are active, else the least to touch 0', () => {
  const [v, spreads] = [Math.SQRT1_2, Float64Array.of(0.3, 0.6)];
  const found = (guesses: readonly [number, number], difference: number): number[] => {
    const inputs = matrix(2, 1, guesses);
    const [equations, seen] = [matrix(1, 2, [1, -1]), matrix(1, 1, [difference])];
    const guess = { inputs, spread: spreads };
    const rest = { free: Float64Array.of(v, v), unsure: Float64Array.of(1e-9, 1e-9) };
    return [...aroundGuess({ equations, seen, guess, factor: 1, ...rest }).data];
  };
  // least (h - 2.4)^2 / 0.09 + (h + 1 - 3.2)^2 / 0.36
  const h = (2.4 / 0.09 + 2.2 / 0.36) / (1 / 0.09 + 1 / 0.36);
  const active = found([2.4, 3.2], -1);
  near(active[0]!, h, 1e-6);
  near(active[1]!, h + 1, 1e-6);
  // units do not know of each other
  const inputs = matrix(2, 2, [2.4, -1, 3.2, 1.1]);
  const guess = { inputs, spread: spreads };
  const given = { equations: matrix(1, 2, [1, -1]), seen: matrix(1, 2, [-1, -1]), guess, factor: 1 };
  const both = aroundGuess({ ...given, free: Float64Array.of(v, v), unsure: Float64Array.of(1e-9, 1e-9) });
  near(both.data, [h, 0, h + 1, 1], 1e-6);
  const touching = found([-1, 1.1], -1);
  near(touching[0]!, 0, 1e-6);
  near(touching[1]!, 1, 1e-6);
});

test("shares: the part 1 - p that scales each image's features is found where the forward pass closes", async () => {
  const layer = (inputs: number, units: number) => ({
    weights: matrix(inputs, units, numbers(inputs * units)),
    bias: numbers(units).map((b) => 0.1 * b),
  });
  const head = { first: layer(4, 6), last: layer(6, 3), factor: 0.5 } as unknown as Head;
  const labels = Int32Array.of(0, 1, 2, 1);
  const features = matrix(4, 4, numbers(16));
  const inputs = product(features, head.first.weights);
  const probabilities = Array.from(labels, (_, b) => {
    const hidden = Float64Array.from({ length: 6 }, (__, u) =>
      Math.max(0, 0.5 * (inputs.data[b * 6 + u]! + head.first.bias[u]!)),
    );
    const logits = product(matrix(1, 6, hidden), head.last.weights).data;
    return softmax(Float64Array.from(logits, (value, j) => value + head.last.bias[j]!));
  });
  const wanted = probabilities.map((p, b) => 1 - p[labels[b]!]!);
  const mixes = probabilities.map((p, b) => p.map((value, j) => (value - (j === labels[b] ? 1 : 0)) / wanted[b]!));
  const scaled = matrix(
    4,
    4,
    features.data.map((value, at) => value * wanted[Math.floor(at / 4)]!),
  );
  (await shares(head, labels, scaled, mixes)).forEach((found, b) => {
    near(found, wanted[b]!, 1e-9);
  });
});

test('suitsClosedForm: exact updates of several steps of few images are left to the simulated steps', async () => {
  await start();
  const model = lenet({ imageShape: [8, 8, 3], classes: 10 });
  const suits = async (batch: number, localSteps: number, phi = 'none'): Promise<boolean> => {
    const labels = Int32Array.from({ length: batch }, (_, i) => i);
    const images = ndarray([batch, 8, 8, 3], uniformStream(3));
    const update = await clientUpdate(model, { images, labels }, { localSteps, learningRate: 0.003 });
    return suitsClosedForm(observe(model, update, { labels, obfuscation: parseObfuscation(phi) }), labels);
  };
  assert.deepEqual(
    [await suits(1, 1), await suits(2, 1), await suits(2, 2), await suits(4, 2), await suits(5, 2)],
    [false, true, false, false, true],
  );
  assert.equal(await suits(2, 2, 'quantize:3'), true);
});

test('closedFormDeclines: few noisy entries for many pixels behind any layer; not the pixels themselves', async () => {
  await start();
  const head = [{ kind: 'dense', units: 4 }, { kind: 'relu' }, { kind: 'dense', units: 3 }] as const;
  const conv = { kind: 'conv', filters: 2, size: 3, stride: 4 } as const;
  const labels = Int32Array.of(0, 1);
  const images = ndarray([2, 16, 16, 1], uniformStream(3));
  const said = async (body: readonly Layer[]): Promise<string | undefined> => {
    const model = network({ name: 'm', imageShape: [16, 16, 1], classes: 3, layers: [...body, ...head] });
    const update = await clientUpdate(model, { images, labels });
    return closedFormDeclines(observe(model, update, { labels, obfuscation: parseObfuscation('noise:-5') }), labels);
  };
  for (const body of [[conv], [conv, { kind: 'relu' }]] as const) assert.match((await said(body))!, /more prior/);
  assert.equal(await said([]), undefined);
});

test('refreshed: a rounded first update tells again which units are active; signs and exact ones do not', async () => {
  await start();
  const layers = [{ kind: 'dense', units: 40 }, { kind: 'relu' }, { kind: 'dense', units: 3 }] as const;
  const model = network({ name: 'm', imageShape: [4, 4, 1], classes: 3, layers });
  const [labels, images] = [Int32Array.of(2, 0), ndarray([2, 4, 4, 1], uniformStream(3))];
  const update = await clientUpdate(model, { images, labels });
  const hears = async (phi: string): Promise<boolean> => {
    const read = readHead(observe(model, update, { labels, obfuscation: parseObfuscation(phi) }));
    const head = { ...read, last: { ...read.last, evidence: noised(EXACT, 1) } }; // leaves open what is active
    const { first } = head;
    const turned = { ...head, first: { ...first, observed: first.observed.map((q) => -q) } };
    const features = { shape: [2, 16], data: images.data };
    const [found, other] = [await refreshed(head, labels, features), await refreshed(turned, labels, features)];
    return found.delta.data.some((value, at) => value !== other.delta.data[at]);
  };
  assert.deepEqual([await hears('quantize:3'), await hears('sign'), await hears('none')], [true, false, false]);
});

const one = (value: number): Matrix => matrix(1, 1, [value]);

test('the dense head is read through flatten and dropout that is off, and through none that is on', () => {
  const off = { kind: 'dropout', rate: 0.5 } as const;
  const layers = [
    { kind: 'conv', filters: 2, size: 3, stride: 2 },
    { kind: 'relu' },
    off,
    { kind: 'flatten' },
    { kind: 'dense', units: 6, bias: true },
    { kind: 'relu' },
    { ...off, mask: 'off' },
    { kind: 'dense', units: 5 },
    { kind: 'scale', factor: 0.5 },
  ] as const satisfies Layer[];
  const places = (list: readonly Layer[]) => denseHead(list).map(({ at, bias, factor }) => [at, bias, factor]);
  const last = { kind: 'dense', units: 3, bias: true } as const;
  assert.deepEqual(places([...layers.slice(0, 7), last]), [
    [4, true, 1],
    [7, true, 1],
  ]);
  assert.deepEqual(places([...layers.slice(0, 8), { kind: 'relu' }, off, { kind: 'scale', factor: 0.5 }, last]), [
    [4, true, 1],
    [7, false, 1],
    [11, true, 0.5],
  ]);
  assert.deepEqual(places([...layers.slice(0, 6), { ...off, mask: 'unknown' }, last]), [[7, true, 1]]);
  assert.deepEqual(places([...layers.slice(0, 5), { kind: 'tanh' }, last]), [[6, true, 1]]);
  assert.deepEqual(places(layers), []);
});

test('the same network with idle layers has the same head, and pixels for features', async () => {
  const image = { imageShape: [4, 4, 1] as const, classes: 3, seed: 5 };
  const dense = (units: number) => ({ kind: 'dense', units, bias: true }) as const;
  const bare = network({ name: 'bare', ...image, layers: [dense(6), { kind: 'relu' }, dense(3)] });
  const idle = { kind: 'dropout', rate: 0.5, mask: 'off' } as const;
  const layers = [{ kind: 'flatten' }, idle, dense(6), { kind: 'relu' }, idle, dense(3)] as const;
  const padded = network({ name: 'padded', ...image, layers });
  const batch = {
    ...{ images: ndarray([2, 4, 4, 1], uniformStream(3)), labels: Int32Array.of(2, 0) },
    ...{ classNames: ['a', 'b', 'c'], source: 'made up' },
  };
  const heads = [];
  for (const model of [bare, padded]) heads.push(readHead(observe(model, await clientUpdate(model, batch))));
  assert.deepEqual(heads[1], heads[0]);
  assert.deepEqual(heads[1]!.body, []);
});
