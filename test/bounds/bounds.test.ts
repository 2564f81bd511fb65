import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bayesianBound,
  boundOf,
  inversionInfluence,
  type Jacobian,
  jacobianOf,
  largestEigenvalue,
  noiseLaw,
  ritzValues,
  squaredNorm,
  updateJacobian,
} from '../../src/bounds/index.js';
import { ndarray } from '../../src/core/arrays.js';
import { eigen } from '../../src/core/linear-algebra.js';
import { normalStream } from '../../src/core/random.js';
import type { Layer, NdArray, Obfuscation } from '../../src/core/types.js';
import { type Tensor, type Tensor2D, tf } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { network } from '../../src/models/index.js';
import { laplaceNoise, parseObfuscation } from '../../src/obfuscation/index.js';
import { cramerRao, spectralCramerRao } from '../../src/privacy/index.js';
import { forEachEngine } from '../engines.js';

const UNKNOWNS = 8;
const ENTRIES = [6, 4] as const;
const SHAPE = [1, 2, 2, 2];
const matrices = ENTRIES.map((rows, k) => ndarray([rows, UNKNOWNS], normalStream(20 + k)));

/** g(x) = (A_1 x, A_2 x). */
const linear = (): Promise<Jacobian> =>
  jacobianOf(
    (x: Tensor, ...fixed: Tensor[]) =>
      fixed.map((a) => tf.matMul(a as Tensor2D, tf.reshape(x, [UNKNOWNS, 1]) as Tensor2D)),
    SHAPE,
    ENTRIES.map((rows) => [rows, 1]),
    { constants: matrices, name: 'linear' },
  );

const sigmas = [0.5, 2];

/** sum over the tensors of A^T A / sigma^2. */
function information(of: readonly number[]): Float64Array[] {
  const sum = Array.from({ length: UNKNOWNS }, () => new Float64Array(UNKNOWNS));
  matrices.forEach(({ data }, k) => {
    for (let row = 0; row < ENTRIES[k]!; row++)
      for (let i = 0; i < UNKNOWNS; i++)
        for (let j = 0; j < UNKNOWNS; j++)
          sum[i]![j]! += (data[row * UNKNOWNS + i]! * data[row * UNKNOWNS + j]!) / of[k]! ** 2;
  });
  return sum;
}
const trace = (matrix: readonly Float64Array[]): number => matrix.reduce((sum, line, i) => sum + line[i]!, 0);
const near = (got: number, wanted: number, share: number, what: string): void =>
  assert.ok(Math.abs(got - wanted) <= share * Math.abs(wanted), `${what}: ${got} and ${wanted}`);

forEachEngine((engine, setup) => {
  test(`jacobianOf, linear: J v, J^T u, squared norm within its error, all eigenvalues, ${engine}`, async () => {
    await setup();
    const jacobian = await linear();
    const x = ndarray(SHAPE, normalStream(1));
    const v = ndarray(SHAPE, normalStream(2));
    const forth = await jacobian.times(x, v);
    matrices.forEach(({ data }, k) => {
      for (let row = 0; row < ENTRIES[k]!; row++) {
        const wanted = v.data.reduce((sum, value, i) => sum + value * data[row * UNKNOWNS + i]!, 0);
        assert.ok(Math.abs(forth[k]!.data[row]! - wanted) < 1e-5);
      }
    });
    const u = ENTRIES.map((rows, k) => ndarray([rows, 1], normalStream(5 + k)));
    const back = await jacobian.transposed(x, u);
    const sides = [
      back.data.reduce((sum, value, i) => sum + value * v.data[i]!, 0),
      forth.reduce((sum, { data }, k) => sum + data.reduce((part, value, i) => part + value * u[k]!.data[i]!, 0), 0),
    ];
    near(sides[0]!, sides[1]!, 1e-5, '<J^T u, v> = <u, J v>');
    const exact = information(sigmas);
    const { mean, standardError } = await squaredNorm(
      jacobian,
      Array.from({ length: 400 }, () => x),
      3,
      sigmas,
    );
    assert.ok(
      Math.abs(mean - trace(exact)) < 4 * standardError && standardError < 0.1 * mean,
      `${mean} ${standardError}`,
    );
    const values = await ritzValues(jacobian, [x], { steps: UNKNOWNS, seed: 1, deviations: sigmas });
    const wanted = [...eigen(exact).values].sort((a, b) => b - a);
    assert.equal(values.length, UNKNOWNS);
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - wanted[i]!) < 1e-4 * wanted[0]!, `${value} and ${wanted[i]}`);
    });
    jacobian.dispose();
  });

  const layers: Layer[] = [
    { kind: 'conv', filters: 3, size: 3, stride: 2 },
    { kind: 'softplus' },
    { kind: 'dense', units: 4, bias: true },
  ];
  test(`updateJacobian: both products are finite differences of the update, two local steps, ${engine}`, async () => {
    await setup();
    const model = network({ name: 'smooth', imageShape: [6, 6, 1], classes: 4, layers, seed: 3 });
    const labels = Int32Array.of(1, 3);
    const images = ndarray([2, 6, 6, 1], () => 0.5);
    images.data.set(Float32Array.from(images.data, normalStream(4)).map((x) => 0.5 + 0.1 * x));
    const settings = { localSteps: 2, learningRate: 0.1 };
    const { client } = await clientUpdate(model, { images, labels }, settings);
    const jacobian = await updateJacobian(model, client, labels);
    const v = ndarray(images.shape, normalStream(8));
    const h = 0.02;
    const at = async (sign: number): Promise<readonly NdArray[]> => {
      const moved = { ...images, data: images.data.map((x, i) => x + sign * h * v.data[i]!) };
      return (await clientUpdate(model, { images: moved, labels }, settings)).tensors;
    };
    const [plus, minus, forth] = [await at(1), await at(-1), await jacobian.times(images, v)];
    const size = Math.max(...forth.flatMap(({ data }) => [...data].map(Math.abs)));
    forth.forEach(({ data }, k) => {
      data.forEach((value, i) => {
        const slope = (plus[k]!.data[i]! - minus[k]!.data[i]!) / (2 * h);
        assert.ok(Math.abs(value - slope) < 3e-3 * size, `tensor ${k}, ${i}: ${value} and ${slope}`);
      });
    });
    const u = forth.map(({ shape }, k) => ndarray(shape, normalStream(30 + k)));
    const back = await jacobian.transposed(images, u);
    const left = back.data.reduce((sum, value, i) => sum + value * v.data[i]!, 0);
    const right = forth.reduce(
      (sum, { data }, k) => sum + data.reduce((part, x, i) => part + x * u[k]!.data[i]!, 0),
      0,
    );
    near(left, right, 1e-3, '<J^T u, v> = <u, J v>');
    jacobian.dispose();
  });
});

test('the bound is tight: a linear posterior mean reaches both forms, the trace form where J^T J = c I', async () => {
  const [sigma, s, d] = [0.7, 0.3, 6];
  const normal = normalStream(11);
  for (const gains of [
    [1.5, 1.5, 1.5, 1.5, 1.5, 1.5],
    [4, 2, 1, 0.5, 0.1, 0],
  ]) {
    const rounds = 20_000;
    let squares = 0;
    for (let n = 0; n < rounds; n++)
      for (const gain of gains) {
        const x = s * normal();
        const y = gain * x + sigma * normal();
        squares += (x - (gain / sigma ** 2 / (gain ** 2 / sigma ** 2 + 1 / s ** 2)) * y) ** 2;
      }
    const reached = squares / rounds / d;
    const values = gains.map((gain) => gain ** 2 / sigma ** 2);
    const about = { unknowns: d, priorVariance: s * s };
    const bound = cramerRao({ ...about, trace: values.reduce((a, b) => a + b, 0) });
    const spectral = spectralCramerRao(values, about);
    near(reached, spectral, 0.02, 'posterior mean');
    assert.ok(bound <= spectral + 1e-15);
    if (new Set(gains).size === 1) near(bound, spectral, 1e-9, 'equal gains');
    const half = spectralCramerRao(values.slice(0, 2), { ...about, rest: values.slice(2).reduce((a, b) => a + b, 0) });
    assert.ok(bound <= half && half <= spectral + 1e-12, 'a part of the spectrum bounds less, and holds');
  }
});

test('inversionInfluence, linear, one singular value: the least-squares error; lambda is the eigenvalue', async () => {
  const gain = 3;
  const identity = ndarray(
    [UNKNOWNS, UNKNOWNS],
    Float32Array.from({ length: UNKNOWNS ** 2 }, (_, i) => (i % (UNKNOWNS + 1) === 0 ? gain : 0)),
  );
  const jacobian = await jacobianOf(
    (x: Tensor, a: Tensor) => [tf.matMul(a as Tensor2D, tf.reshape(x, [UNKNOWNS, 1]) as Tensor2D)],
    SHAPE,
    [[UNKNOWNS, 1]],
    { constants: [identity] },
  );
  const x = ndarray(SHAPE, normalStream(1));
  near(await largestEigenvalue(jacobian, x), gain ** 2, 1e-5, 'lambda');
  const update = [
    {
      name: 'g',
      ...ndarray(
        [UNKNOWNS, 1],
        x.data.map((value) => gain * value),
      ),
    },
  ];
  const noise = normalStream(9);
  const observed = update.map((g) => ({ ...g, data: g.data.map((value) => value + 0.1 * noise()) }));
  const { error, mse } = await inversionInfluence(jacobian, x, update, observed);
  const rebuilt = observed[0]!.data.map((value) => value / gain);
  const wrong = Math.sqrt(rebuilt.reduce((sum, value, i) => sum + (value - x.data[i]!) ** 2, 0));
  near(error, wrong, 1e-4, 'error');
  near(mse, wrong ** 2 / UNKNOWNS, 1e-3, 'mse');
  assert.equal((await inversionInfluence(jacobian, x, update, update)).error, 0);
  const general = await linear();
  const largest = Math.max(...eigen(information([1, 1])).values);
  near(await largestEigenvalue(general, x), largest, 1e-3, 'lambda of a random matrix');
  general.dispose();
  jacobian.dispose();
});

const imageShape = [6, 6, 1] as const;
const dense: Layer = { kind: 'dense', units: 4, bias: true };
const one = async (layers: readonly Layer[], phi: string | Obfuscation, more: object = {}) => {
  const model = network({ name: 'small', imageShape, classes: 4, layers, seed: 2 });
  const labels = Int32Array.of(1);
  const images = ndarray([1, ...imageShape], normalStream(6));
  images.data.set(images.data.map((x) => Math.min(1, Math.max(0, 0.5 + 0.1 * x))));
  const update = await clientUpdate(model, { images, labels }, more);
  return {
    images,
    update,
    observation: observe(model, update, {
      obfuscation: typeof phi === 'string' ? parseObfuscation(phi) : phi,
      labels,
      seed: 1,
    }),
  };
};

test('bayesianBound: one dense layer by hand; more noise, a wider prior bound more; when it promises', async () => {
  const { observation } = await one([dense], 'sigma:0.2');
  const found = await bayesianBound(observation, { priorDeviation: 0.1, samples: 60, lanczos: 36 });
  assert.equal(found.kind, 'promise');
  assert.ok(found.mse < 0.01 && found.mse > 0.001, `${found.mse}`);
  assert.ok(found.spectral! >= found.interval[0], `${found.spectral}`);
  assert.deepEqual(await bayesianBound(observation, { priorDeviation: 0.1, samples: 60, lanczos: 36 }), found);
  const louder = await bayesianBound((await one([dense], 'sigma:2')).observation, { priorDeviation: 0.1 });
  assert.ok(louder.mse > found.mse && louder.mse <= 0.01);
  assert.ok((await bayesianBound(observation, { priorDeviation: 0.3 })).mse > found.mse);
  const laplace = await bayesianBound((await one([dense], laplaceNoise({ sigma: 0.2 }))).observation, {
    priorDeviation: 0.1,
    samples: 60,
  });
  near(laplace.trace, 2 * found.trace, 1e-6, 'Laplace noise tells twice as much');
  const kinked = await bayesianBound((await one([dense, { kind: 'relu' }, dense], 'sigma:0.2')).observation);
  assert.match(kinked.because.join(), /kinks/);
  const { observation: seen, images } = await one([dense], 'noise:-5');
  const shown = await bayesianBound(seen, { images });
  assert.equal(shown.kind, 'indication');
  assert.match(shown.because.join(), /follows the update.*not averaged over the prior/);
  const rounded = await bayesianBound((await one([dense], 'quantize:4')).observation);
  assert.match(rounded.because.join(), /rounding is taken for normal noise/);
  const after = await bayesianBound((await one([dense], 'sigma:0.2+quantize:4')).observation, {
    priorDeviation: 0.1,
    samples: 60,
  });
  near(after.trace, found.trace, 1e-6, 'what follows the noise only loses');
});

test('noise that bounds nothing has no bound, in words', async () => {
  for (const phi of ['none', 'topk:0.9', 'sign', 'topk:0.9+sigma:0.1']) {
    const { observation } = await one([dense], phi);
    const law = noiseLaw(observation);
    if (phi.includes('sigma')) assert.ok(law === undefined || law.but);
    else {
      assert.equal(await boundOf(observation), undefined);
      await assert.rejects(
        bayesianBound(observation),
        /bayesianBound: phi must put noise on every entry of the update, got/,
      );
    }
  }
  const { observation } = await one([dense], 'sigma:0.2');
  await assert.rejects(bayesianBound({ ...observation, labels: undefined } as never), /the labels are needed/);
  await assert.rejects(bayesianBound(observation, { priorDeviaton: 1 } as never), /did you mean "priorDeviation"/);
  await assert.rejects(bayesianBound(observation, { samples: 1 }), /samples must be an integer of at least 2/);
});
