import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BudgetOptions, noiseFor, privacyBudget, renyiDivergence } from '../../src/privacy/index.js';
import { golden } from '../fixtures.js';

interface Point {
  readonly sampleRate: number;
  readonly noiseMultiplier: number;
  readonly steps: number;
  readonly delta: number;
  readonly improved: number;
  readonly classic: number;
}

interface Divergence {
  readonly sampleRate: number;
  readonly noiseMultiplier: number;
  readonly order: number;
  readonly divergence: number;
}

const { points, divergences } = golden('privacy') as {
  points: Point[];
  divergences: Divergence[];
};

const within = (got: number, wanted: number, share: number, what: string): void =>
  assert.ok(Math.abs(got - wanted) <= share * wanted, `${what}: ${got} and ${wanted}`);

test('privacyBudget agrees with dp-accounting at twelve points, both conversions, to 1 %', () => {
  for (const { improved, classic, ...point } of points) {
    within(privacyBudget(point).epsilon, improved, 0.01, `improved ${JSON.stringify(point)}`);
    within(
      privacyBudget({ ...point, conversion: 'classic' }).epsilon,
      classic,
      0.01,
      `classic ${JSON.stringify(point)}`,
    );
  }
});

test('privacyBudget agrees with the TensorFlow Privacy tutorial (MNIST, batches of 256, classic) to its digits', () => {
  for (const [noiseMultiplier, epochs, epsilon] of [
    [1.3, 15, 1.19],
    [1.1, 60, 3.01],
    [0.7, 45, 7.1],
  ] as const) {
    const steps = Math.floor((epochs * 60000) / 256);
    const mechanism = { sampleRate: 256 / 60000, noiseMultiplier, steps, delta: 1e-5 };
    within(privacyBudget({ ...mechanism, conversion: 'classic' }).epsilon, epsilon, 0.01, `sigma ${noiseMultiplier}`);
  }
});

test('renyiDivergence is the integral of its definition (mpmath) to 1e-9, whole and fractional orders', () => {
  for (const { divergence, ...of } of divergences)
    within(renyiDivergence(of), divergence, 1e-9, `divergence ${JSON.stringify(of)}`);
});

interface Range {
  readonly delta: number;
  readonly orders: readonly number[];
  readonly points: readonly { sampleRate: number; noiseMultiplier: number; steps: number; epsilon: number }[];
  readonly divergences: readonly Divergence[];
}

/** Computed by test/golden/accountant.py. */
const range = golden('accountant') as Range;

test('privacyBudget agrees with dp-accounting from sigma 1e-10 to 1e4 on its orders, and is no looser on ours', () => {
  const { delta, orders } = range;
  for (const { epsilon, ...point } of range.points) {
    const said = JSON.stringify(point);
    within(privacyBudget({ ...point, delta, orders }).epsilon, epsilon, 1e-6, said);
    assert.ok(privacyBudget({ ...point, delta }).epsilon <= epsilon * (1 + 1e-9), `own orders, ${said}`);
  }
});

test('renyiDivergence of fractional orders is its defining integral, sigma 0.005 to 20, rates to 1e-100', () => {
  for (const { divergence, ...of } of range.divergences)
    within(renyiDivergence(of), divergence, 1e-9, `divergence ${JSON.stringify(of)}`);
});

test('renyiDivergence is one function of sigma and of the order: no step where the way of computing changes', () => {
  for (const sampleRate of [1e-9, 1e-3, 0.2, 0.99])
    for (const order of [1.01, 1.5, 2, 2.5, 7, 12.25])
      for (const noiseMultiplier of [0.01, 0.25]) {
        const at = (sigma: number, a: number): number =>
          renyiDivergence({ sampleRate, noiseMultiplier: sigma, order: a });
        const here = at(noiseMultiplier, order);
        const near = [at(noiseMultiplier * (1 - 1e-10), order), at(noiseMultiplier, order + 1e-10)];
        for (const value of near) within(value, here, 1e-6, `rate ${sampleRate}, order ${order}, ${noiseMultiplier}`);
      }
});

test('privacyBudget is a number or Infinity for every noise and rate of a double, and never rises with noise', () => {
  for (const sampleRate of [Number.MIN_VALUE, 1e-300, 1e-9, 0.01, 0.5, 1 - 1e-16, 1]) {
    const spent = [1e-300, 1e-160, 1e-10, 1e-3, 0.0099, 0.01, 0.1, 0.249, 0.251, 1, 1e3, 1e10, 1e100, 1e300].map(
      (noiseMultiplier) => privacyBudget({ sampleRate, noiseMultiplier, steps: 1000, delta: 1e-5 }).epsilon,
    );
    assert.ok(
      spent.every((epsilon, i) => epsilon >= 0 && (i === 0 || epsilon <= spent[i - 1]!)),
      String(spent),
    );
  }
});

test('renyiDivergence of a whole order is the binomial sum of Mironov et al., section 3.3', () => {
  const binomial = (n: number, k: number): number => (k === 0 ? 1 : (binomial(n, k - 1) * (n - k + 1)) / k);
  for (const [q, sigma, order] of [
    [0.3, 1.2, 2],
    [0.3, 1.2, 7],
    [0.05, 0.8, 4],
    [0.9, 0.4, 3],
  ] as const) {
    const sum = Array.from({ length: order + 1 }, (_, k) => k).reduce(
      (total, k) =>
        total + binomial(order, k) * (1 - q) ** (order - k) * q ** k * Math.exp((k * k - k) / (2 * sigma * sigma)),
      0,
    );
    const got = renyiDivergence({ sampleRate: q, noiseMultiplier: sigma, order });
    within(got, Math.log(sum) / (order - 1), 1e-8, `q ${q}, sigma ${sigma}, order ${order}`);
  }
});

test('renyiDivergence keeps its digits where sampling is rare: q^2 (exp(1/sigma^2) - 1) at order 2', () => {
  for (const q of [1e-3, 1e-5, 1e-7])
    within(
      renyiDivergence({ sampleRate: q, noiseMultiplier: 1, order: 2 }),
      Math.log1p(q * q * Math.expm1(1)),
      1e-7,
      `q ${q}`,
    );
});

test('privacyBudget: the Gaussian mechanism alone, by its closed form over the orders', () => {
  const [sigma, delta] = [5, 1e-5];
  const exact = 1 / (2 * sigma ** 2) + Math.sqrt(2 * Math.log(1 / delta)) / sigma; // minimum over real orders
  const { epsilon } = privacyBudget({ sampleRate: 1, noiseMultiplier: sigma, steps: 1, delta, conversion: 'classic' });
  within(epsilon, exact, 1e-3, 'classic');
});

test('privacyBudget falls with noise and delta, rises with steps and rate, is 0 after 0 steps', () => {
  const base = { sampleRate: 0.02, noiseMultiplier: 1, steps: 400, delta: 1e-5 };
  const { epsilon } = privacyBudget(base);
  assert.ok(privacyBudget({ ...base, noiseMultiplier: 1.2 }).epsilon < epsilon);
  assert.ok(privacyBudget({ ...base, delta: 1e-3 }).epsilon < epsilon);
  assert.ok(privacyBudget({ ...base, steps: 500 }).epsilon > epsilon);
  assert.ok(privacyBudget({ ...base, sampleRate: 0.03 }).epsilon > epsilon);
  assert.ok(privacyBudget({ ...base, conversion: 'classic' }).epsilon > epsilon);
  assert.equal(privacyBudget({ ...base, steps: 0 }).epsilon, 0);
});

test('noiseFor is the inverse of privacyBudget', () => {
  const base = { sampleRate: 0.05, steps: 300, delta: 1e-5 };
  for (const epsilon of [0.5, 2, 8]) {
    const noiseMultiplier = noiseFor({ ...base, epsilon });
    const spent = privacyBudget({ ...base, noiseMultiplier }).epsilon;
    assert.ok(spent <= epsilon && spent > 0.99 * epsilon, `${spent} for ${epsilon}`);
  }
});

test('the accountant refuses what has no guarantee, in words', () => {
  const base = { sampleRate: 0.02, noiseMultiplier: 1, steps: 400, delta: 1e-5 };
  const cases: [Partial<BudgetOptions>, RegExp][] = [
    [{ delta: 0 }, /privacyBudget: delta must be a number strictly between 0 and 1, got 0/],
    [{ delta: 1 }, /delta must be a number strictly between 0 and 1, got 1/],
    [{ delta: -1e-5 }, /delta must be/],
    [{ delta: Number.NaN }, /delta must be.*NaN/],
    [{ noiseMultiplier: 0 }, /noiseMultiplier must be above 0, got 0; without noise epsilon is infinite/],
    [{ noiseMultiplier: -1 }, /noiseMultiplier must be a number above 0, got -1/],
    [{ sampleRate: 0 }, /sampleRate must be above 0 and at most 1, got 0/],
    [{ sampleRate: 1.5 }, /sampleRate must be above 0 and at most 1, got 1.5/],
    [{ steps: 1.5 }, /steps must be an integer of at least 0, got 1.5/],
    [{ orders: [1] }, /order must be a number above 1, got 1/],
    [{ orders: [1e9] }, /renyiDivergence: order must be at most 100000, got 1000000000/],
    [{ orders: [] }, /orders must not be empty/],
    [{ sigma: 1 } as object, /unknown option "sigma"/],
  ];
  for (const [change, message] of cases) assert.throws(() => privacyBudget({ ...base, ...change }), message);
  assert.throws(() => noiseFor({ ...base, epsilon: 0 } as never), /epsilon must be a number above 0, got 0/);
});
