import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  budgetTradeOff,
  composition,
  cramerRao,
  discreteTradeOff,
  dpSgdRobustness,
  gaussianDelta,
  gaussianEpsilon,
  gaussianMu,
  gaussianMuOf,
  gaussianTradeOff,
  normalCdf,
  normalQuantile,
  privacyBudget,
  releasesMu,
  renyiDivergence,
  renyiGamma,
  renyiRobustness,
  robustness,
  spectralCramerRao,
  ternaryPair,
  ternaryTradeOff,
} from '../../src/privacy/index.js';
import { golden } from '../fixtures.js';

/** Computed by test/golden/bounds.py. */
const numbers = golden('bounds') as {
  readonly normal: readonly { x: number; cdf: number }[];
  readonly quantiles: readonly { p: number; x: number }[];
  readonly gaussian: readonly { mu: number; epsilon: number; delta: number }[];
  readonly uniform: readonly { sampleRate: number; noiseMultiplier: number; steps: number; mu: number }[];
  readonly ternary: readonly { c: number; A: number; B: number; times: number; alpha: number; beta: number }[];
  readonly dpSgd: readonly {
    sampleRate: number;
    noiseMultiplier: number;
    steps: number;
    kappa: number;
    gamma: number;
  }[];
};

const within = (got: number, wanted: number, share: number, what: unknown): void =>
  assert.ok(
    Math.abs(got - wanted) <= share * Math.abs(wanted) + 1e-300,
    `${JSON.stringify(what)}: ${got} and ${wanted}`,
  );

test('normalCdf and normalQuantile agree with mpmath to 1e-13, far into the tail', () => {
  for (const { x, cdf } of numbers.normal) within(normalCdf(x), cdf, 1e-13, x);
  for (const { p, x } of numbers.quantiles)
    assert.ok(Math.abs(normalQuantile(p) - x) < 1e-13 * Math.max(1, Math.abs(x)), `${p}`);
  assert.deepEqual([0, 1].map(normalQuantile), [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  assert.deepEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY].map(normalCdf), [0, 1]);
});

test('gaussianDelta is its formula (mpmath, 50 digits); gaussianEpsilon and gaussianMuOf are its inverses', () => {
  for (const { mu, epsilon, delta } of numbers.gaussian) {
    within(gaussianDelta({ mu, epsilon }), delta, 1e-10, { mu, epsilon });
    if (delta > 0 && delta < 1 - 1e-6) {
      within(gaussianDelta({ mu, epsilon: gaussianEpsilon({ mu, delta }) }), delta, 1e-9, { mu, delta });
      if (epsilon > 0) within(gaussianEpsilon({ mu, delta }), epsilon, 1e-7, { mu, delta });
      within(gaussianMuOf({ epsilon, delta }), mu, 1e-7, { epsilon, delta });
    }
  }
  assert.equal(gaussianDelta({ mu: 0, epsilon: 0 }), 0);
  assert.equal(gaussianDelta({ mu: Number.POSITIVE_INFINITY, epsilon: 3 }), 1);
  assert.equal(gaussianEpsilon({ mu: 1e-6, delta: 1e-5 }), 0);
});

test('gaussianMu: the table of Bu et al. 2020 (MNIST, batches of 256), mpmath for uniform batches', () => {
  for (const [noiseMultiplier, epochs, mu] of [
    [1.3, 15, 0.23],
    [1.1, 60, 0.57],
    [0.7, 45, 1.13],
  ] as const) {
    const steps = Math.floor((epochs * 60000) / 256);
    const got = gaussianMu({ sampleRate: 256 / 60000, noiseMultiplier, steps });
    assert.equal(got.toFixed(2), mu.toFixed(2));
  }
  for (const { mu, ...mechanism } of numbers.uniform)
    within(gaussianMu({ ...mechanism, sampling: 'uniform' }), mu, 1e-9, mechanism);
});

test('releasesMu: the exact epsilon is never above the accountant of Renyi divergences, within a fifth of it', () => {
  for (const noiseMultiplier of [0.7, 2, 10])
    for (const steps of [1, 20, 300]) {
      const mu = releasesMu({ noiseMultiplier, steps });
      const exact = gaussianEpsilon({ mu, delta: 1e-5 });
      const { epsilon } = privacyBudget({ sampleRate: 1, noiseMultiplier, steps, delta: 1e-5 });
      assert.ok(exact <= epsilon && exact > 0.8 * epsilon, `${exact} and ${epsilon}`);
    }
});

test('gaussianMu: the limit is near the accountant where steps are many and rates small', () => {
  const mechanism = { sampleRate: 256 / 60000, noiseMultiplier: 1.1, steps: 14062 };
  const limit = gaussianEpsilon({ mu: gaussianMu(mechanism), delta: 1e-5 });
  const { epsilon } = privacyBudget({ ...mechanism, delta: 1e-5 });
  assert.ok(limit < epsilon && limit > 0.8 * epsilon, `${limit} and ${epsilon}`);
});

test('trade-off functions: convex, falling, their own inverses where symmetric, and dual to delta(epsilon)', () => {
  const grid = Array.from({ length: 101 }, (_, i) => i / 100);
  const curves = [
    gaussianTradeOff(0),
    gaussianTradeOff(1.5),
    budgetTradeOff({ epsilon: 1, delta: 0.05 }),
    ternaryTradeOff({ c: 0.1, A: 0.25, B: 0.5 }),
  ];
  for (const f of curves) {
    const values = grid.map(f);
    for (let i = 1; i < grid.length; i++) {
      assert.ok(values[i]! <= values[i - 1]! + 1e-12 && values[i]! >= 0 && values[i]! <= 1 - grid[i]! + 1e-12);
      if (i > 1) assert.ok(values[i]! + values[i - 2]! >= 2 * values[i - 1]! - 1e-12, 'convex');
    }
    for (const alpha of [0.05, 0.3]) within(f(f(alpha)), alpha, 1e-9, 'symmetric');
  }
  // Dong, Roth, Su 2019, proposition 2.12: delta(epsilon) = 1 + f*(-e^epsilon), a supremum over alpha
  for (const epsilon of [0, 0.5, 2]) {
    const f = gaussianTradeOff(1.5);
    const fine = Array.from({ length: 20001 }, (_, i) => i / 20000);
    const best = Math.max(...fine.map((alpha) => 1 - Math.exp(epsilon) * alpha - f(alpha)));
    within(best, gaussianDelta({ mu: 1.5, epsilon }), 1e-4, epsilon);
  }
});

test('ternaryTradeOff: the pieces of Jin et al., and pure differential privacy with their epsilon', () => {
  const options = { c: 0.3, A: 0.5, B: 2 };
  const { c, A, B } = options;
  const f = ternaryTradeOff(options);
  const pieces = (alpha: number): number =>
    alpha <= (A - c) / (2 * B)
      ? 1 - ((A + c) / (A - c)) * alpha
      : alpha <= 1 - (A + c) / (2 * B)
        ? 1 - c / B - alpha
        : ((A - c) / (A + c)) * (1 - alpha);
  for (let alpha = 0; alpha <= 1; alpha += 1 / 64) assert.ok(Math.abs(f(alpha) - pieces(alpha)) < 1e-12, `${alpha}`);
  const pure = budgetTradeOff({ epsilon: Math.log((A + c) / (A - c)), delta: 0 });
  for (let alpha = 0; alpha <= 1; alpha += 1 / 64) assert.ok(f(alpha) >= pure(alpha) - 1e-12);
});

test('composition: mu of Jin et al., and the exact trade-off of T coordinates within gamma of G_mu', () => {
  for (const { c, A, B, times, alpha, beta } of numbers.ternary) {
    if (times === 1) within(ternaryTradeOff({ c, A, B })(alpha), beta, 1e-9, { c, alpha });
    const { mu, gamma } = composition(ternaryPair({ c, A, B }), times);
    within(mu, (2 * Math.sqrt(times) * c) / Math.sqrt(A * B - c * c), 1e-12, times);
    const [up, down, none] = [(A + c) / (2 * B), (A - c) / (2 * B), 1 - A / B];
    const third = down * (1 + c / B) ** 3 + up * (1 - c / B) ** 3 + none * (c / B) ** 3;
    within(gamma, (0.56 * third) / ((A / B - (c / B) ** 2) ** 1.5 * Math.sqrt(times)), 1e-9, 'gamma of Jin et al.');
    const G = gaussianTradeOff(mu);
    if (alpha + gamma <= 1) assert.ok(beta >= G(alpha + gamma) - gamma, `${times} ${alpha}`);
    if (alpha - gamma >= 0) assert.ok(beta <= G(alpha - gamma) + gamma, `${times} ${alpha}`);
    if (times === 200) assert.ok(Math.abs(beta - G(alpha)) < 0.02, `${beta} and ${G(alpha)}`);
  }
});

test('robustness: Gaussian by formula, pure privacy at most exp(epsilon) kappa, the Renyi form by definition', () => {
  for (const kappa of [1e-6, 0.1, 0.9])
    for (const mu of [0, 0.5, 4]) {
      const formula = normalCdf(normalQuantile(kappa) + mu);
      within(robustness(gaussianTradeOff(mu), kappa), formula, 1e-9, { kappa, mu });
    }
  assert.equal(robustness(gaussianTradeOff(0), 0.25).toFixed(12), '0.250000000000');
  within(robustness(budgetTradeOff({ epsilon: 1, delta: 0 }), 0.01), Math.E * 0.01, 1e-9, 'pure');
  within(renyiGamma(2, 1, 0.01), Math.sqrt(0.01 * Math.E), 1e-12, 'order 2');
  within(renyiGamma(5, 0.5, 0.2), (0.2 * Math.exp(0.5)) ** 0.8, 1e-12, 'order 5');
  const release = { sampleRate: 0.1, noiseMultiplier: 1.3, steps: 20, kappa: 0.02 };
  const { gamma, order } = renyiRobustness(release);
  within(
    gamma,
    renyiGamma(order, 20 * renyiDivergence({ ...{ sampleRate: 0.1, noiseMultiplier: 1.3 }, order }), 0.02),
    1e-12,
    order,
  );
  for (const other of [1.5, 2, 4, 8, 32])
    assert.ok(
      gamma <=
        renyiGamma(other, 20 * renyiDivergence({ sampleRate: 0.1, noiseMultiplier: 1.3, order: other }), 0.02) + 1e-12,
    );
});

test('dpSgdRobustness: its interval holds the exact values (convolution; Gaussian), same seed same bits', () => {
  const rows = numbers.dpSgd;
  const off = rows.map(({ gamma, ...release }) => {
    const found = dpSgdRobustness({ ...release, samples: 20_000, seed: 3 });
    if (release.sampleRate === 1)
      within(gamma, robustness(gaussianTradeOff(releasesMu(release)), release.kappa), 2e-3, 'golden');
    assert.ok(found.low <= found.gamma && found.gamma <= found.high);
    assert.ok(found.standardError < 0.01, `${found.standardError}`);
    assert.deepEqual(dpSgdRobustness({ ...release, samples: 20_000, seed: 3 }), found);
    return (found.gamma - gamma) / found.standardError;
  });
  assert.ok(
    off.every((z) => Math.abs(z) < 4),
    String(off),
  );
  assert.ok(off.filter((z) => Math.abs(z) < 1.96).length >= 0.75 * off.length, String(off));
});

test('dpSgdRobustness: its standard error is the spread over seeds', () => {
  for (const release of [
    { sampleRate: 1, noiseMultiplier: 1, steps: 1, kappa: 0.4 },
    { sampleRate: 0.2, noiseMultiplier: 1, steps: 5, kappa: 0.05 },
  ]) {
    const found = Array.from({ length: 120 }, (_, seed) => dpSgdRobustness({ ...release, samples: 600, seed }));
    const mean = found.reduce((sum, { gamma }) => sum + gamma / found.length, 0);
    const spread = Math.sqrt(found.reduce((sum, { gamma }) => sum + (gamma - mean) ** 2, 0) / (found.length - 1));
    const said = found.reduce((sum, { standardError }) => sum + standardError / found.length, 0);
    within(said, spread, 0.2, release);
  }
});

test('dpSgdRobustness is at most the Renyi bound, at least kappa, and 1 where noise is nothing', () => {
  for (const kappa of [0.001, 0.1]) {
    const release = { sampleRate: 0.05, noiseMultiplier: 0.8, steps: 50, kappa };
    const { low, gamma } = dpSgdRobustness({ ...release, samples: 4000 });
    assert.ok(low <= renyiRobustness(release).gamma && gamma > kappa);
  }
  assert.ok(dpSgdRobustness({ sampleRate: 1, noiseMultiplier: 1e-3, steps: 1, kappa: 0.1 }).gamma > 0.999);
  assert.equal(
    dpSgdRobustness({ sampleRate: 0.1, noiseMultiplier: 1, steps: 0, kappa: 0.1 }).gamma.toFixed(9),
    '0.100000000',
  );
});

test('cramerRao, its spectral form: from 0 to the prior variance, equal for equal eigenvalues, else Jensen', () => {
  const prior = { unknowns: 4, priorVariance: 0.25 };
  assert.equal(cramerRao({ ...prior, trace: 0 }), 0.25);
  assert.equal(cramerRao({ ...prior, trace: Number.POSITIVE_INFINITY }), 0);
  within(cramerRao({ ...prior, trace: 16 }), 1 / 8, 1e-12, 'by hand');
  within(spectralCramerRao([4, 4, 4, 4], prior), 1 / 8, 1e-12, 'equal');
  within(spectralCramerRao([16, 0, 0, 0], prior), (1 / 20 + 3 / 4) / 4, 1e-12, 'by hand');
  within(spectralCramerRao([16], prior), (1 / 20 + 3 / 4) / 4, 1e-12, 'the rest is nothing');
  within(spectralCramerRao([10], { ...prior, rest: 6 }), (1 / 14 + 3 / 6) / 4, 1e-12, 'the rest is alike');
  assert.ok(spectralCramerRao([16, 0, 0, 0], prior) > cramerRao({ ...prior, trace: 16 }));
});

test('what has no meaning is refused in words', () => {
  const refused: [() => unknown, RegExp][] = [
    [() => gaussianDelta({ mu: -1, epsilon: 1 }), /gaussianDelta: mu must be a number of at least 0, got -1/],
    [() => gaussianDelta({ mu: 1, epsilon: Number.NaN }), /epsilon must be a number.*NaN/],
    [() => gaussianEpsilon({ mu: 1, delta: 0 }), /delta must be a number strictly between 0 and 1/],
    [() => gaussianMuOf({ epsilon: 1, delta: 1 }), /gaussianMuOf: delta must be/],
    [() => gaussianMu({ sampleRate: 0.1, noiseMultiplier: 0, steps: 1 }), /noiseMultiplier must be above 0/],
    [
      () => gaussianMu({ sampleRate: 0.1, noiseMultiplier: 1, steps: 1, sampling: 'fixed' as never }),
      /sampling must be one of poisson, uniform/,
    ],
    [() => gaussianTradeOff(1)(1.2), /alpha must be a number from 0 to 1, got 1.2/],
    [() => ternaryTradeOff({ c: 1, A: 1, B: 2 }), /must be c < A <= B, got \[1, 1, 2\]/],
    [() => discreteTradeOff({ p: [0.5, 0.5], q: [0.5, 0.4] }), /probabilities must sum to 1, got 0.9/],
    [() => discreteTradeOff({ p: [1.5, -0.5], q: [0.5, 0.5] }), /a probability must be a number from 0 to 1, got 1.5/],
    [() => composition({ p: [0.5, 0.5, 0], q: [0.5, 0.25, 0.25] }, 3), /every output must be possible for both inputs/],
    [() => composition({ p: [0.5, 0.25, 0.25], q: [0.5, 0.5, 0] }, 3), /every output must be possible for both inputs/],
    [() => composition({ p: [1, 0], q: [0.5, 0.5] }, 3), /every output must be possible for both inputs/],
    [() => robustness(gaussianTradeOff(1), 1.5), /kappa must be/],
    [
      () => dpSgdRobustness({ sampleRate: 0.1, noiseMultiplier: 1, steps: 1, kappa: 0.1, samples: 3 }),
      /samples must be an integer from 100/,
    ],
    [
      () => dpSgdRobustness({ sampleRate: 0.1, noiseMultiplier: 1, steps: 1, kappa: 0.1, sample: 3 } as never),
      /did you mean "sample/,
    ],
    [() => cramerRao({ trace: 1, unknowns: 0, priorVariance: 1 }), /unknowns must be an integer of at least 1/],
    [() => spectralCramerRao([1, 2], { unknowns: 1, priorVariance: 1 }), /at most 1 eigenvalues, got 2/],
  ];
  for (const [call, says] of refused) assert.throws(call, says);
});

test('at the ends of double precision trade-offs, composition and robustness are numbers in their range', () => {
  assert.equal(budgetTradeOff({ epsilon: 1000, delta: 0.1 })(0), 0.9);
  assert.equal(budgetTradeOff({ epsilon: 1000, delta: 0.1 })(1e-9), 0);
  const c = 1e-8;
  const { mu } = composition(ternaryPair({ c, A: 0.5, B: 1 }), 100);
  within(mu, (2 * 10 * c) / Math.sqrt(0.5), 1e-6, 'mu of a small c keeps its digits');
  const { gamma } = composition(ternaryPair({ c: 1e-10, A: 0.5, B: 1e300 }), 1);
  assert.ok(gamma > 0.5, `a limit that says nothing: ${gamma}`);
  const largest = { sampleRate: 0.5, noiseMultiplier: Number.MAX_VALUE, steps: 1, kappa: 0.1 };
  within(renyiRobustness(largest).gamma, 0.1, 0.01, 'without information');
  within(dpSgdRobustness({ ...largest, samples: 1000 }).gamma, 0.1, 1e-9, 'without information');
});
