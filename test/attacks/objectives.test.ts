import assert from 'node:assert/strict';
import test from 'node:test';
import type { Decoder } from '../../src/attacks/latent/decoder.js';
import { problemOf } from '../../src/attacks/latent/problem.js';
import type { Match } from '../../src/attacks/latent/update-match.js';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { type Group, grouped } from '../../src/attacks/search/group.js';
import { minimise } from '../../src/attacks/search/minimise.js';
import { OBJECTIVES, type ObjectiveName } from '../../src/attacks/search/objectives.js';
import { PRIORS, type PriorName } from '../../src/attacks/search/priors.js';
import { ndarray } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { NdArray } from '../../src/core/types.js';
import { compile, start, type Tensor, type Tensor4D, tf } from '../../src/engine/index.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { lenet } from '../../src/models/index.js';
import { forEachEngine } from '../engines.js';
import { goldens } from '../fixtures.js';

interface Numbers {
  readonly value: number;
  readonly gradient: readonly number[];
}

const centred = (seed: number, shape: readonly number[]): NdArray => {
  const uniform = uniformStream(seed);
  return ndarray(shape, () => 2 * uniform() - 1);
};

/** Value to 2e-6 and every entry of the gradient to 1e-5, relative to the largest. */
function same(value: number, gradient: readonly Float32Array[], golden: Numbers): void {
  const flat = gradient.flatMap((part) => [...part]);
  const top = Math.max(...golden.gradient.map(Math.abs));
  assert.equal(flat.length, golden.gradient.length);
  assert.ok(Math.abs(value - golden.value) <= 2e-6 * Math.abs(golden.value), `${value}, not ${golden.value}`);
  flat.forEach((slope, i) => {
    const wanted = golden.gradient[i]!;
    assert.ok(Math.abs(slope - wanted) <= 1e-5 * top, `slope ${i}: ${slope}, not ${wanted}`);
  });
}

for (const { from, numbers } of goldens('objectives')) {
  const { seed, update, objectives, priors, consistency, latent } = numbers;
  const g = update.shapes.map((shape: number[], k: number) => centred(seed + k, shape));
  const q = update.shapes.map((shape: number[], k: number) => ndarray(shape, Float32Array.from(update.observed[k])));
  const pictures = ndarray(priors.shape, uniformStream(seed + 20));

  test(`every objective and every prior has float64 numbers, ${from}`, () => {
    assert.deepEqual(Object.keys(objectives).sort(), Object.keys(OBJECTIVES).sort());
    assert.deepEqual(Object.keys(priors).sort(), ['shape', ...Object.keys(PRIORS)].sort());
  });

  forEachEngine((engine, setup) => {
    for (const name of Object.keys(OBJECTIVES) as ObjectiveName[])
      test(`${engine}: objective ${name}: value and gradient, ${from}`, async () => {
        await setup();
        const scalars = (list: readonly number[]): Tensor[] => list.map((x) => tf.scalar(x));
        const closure = (...tensors: Tensor[]): Tensor[] => {
          const seen = tensors.slice(g.length);
          const sum = (of: (x: Tensor) => Tensor): Tensor => tf.addN(seen.map((x) => tf.sum(of(x))));
          const about = {
            tolerance: scalars(update.tolerance),
            zeroTolerance: scalars(update.zeroTolerance),
            squares: sum(tf.square),
            magnitudes: sum(tf.abs),
          };
          const distance = (...own: Tensor[]): tf.Scalar => OBJECTIVES[name](own, seen, about);
          const { value, grads } = tf.valueAndGrads(distance)(tensors.slice(0, g.length));
          return [value, ...grads];
        };
        const step = await compile(closure, [...g, ...q], { name });
        const [value, ...gradient] = await step.run(...g, ...q);
        step.dispose();
        same(
          value!.data[0]!,
          gradient.map(({ data }) => data),
          objectives[name],
        );
      });

    for (const name of Object.keys(PRIORS) as PriorName[])
      test(`${engine}: prior ${name}: value and gradient, ${from}`, async () => {
        await setup();
        const closure = (x: Tensor): Tensor[] => {
          const { value, grad } = tf.valueAndGrad((y: Tensor) => PRIORS[name](y as Tensor4D))(x);
          return [value, grad];
        };
        const step = await compile(closure, [pictures], { name });
        const [value, gradient] = await step.run(pictures);
        step.dispose();
        same(value!.data[0]!, [gradient!.data], priors[name]);
      });
  });

  test(`the group's consistency: value and gradient, beside each member's own objective, ${from}`, async () => {
    const { members: seeds, weight, shape } = consistency;
    const images = ndarray(shape, uniformStream(seed + 30));
    const own = async ({ shape: part, data }: NdArray) => ({ objective: 2, gradient: ndarray(part, data) });
    const { objective, gradient } = await grouped(own, { seeds, weight })(images);
    const beyond = gradient.data.map((slope, i) => slope - images.data[i]!);
    same(objective - 2 * seeds, [beyond], consistency);
  });

  test(`rogs: prior, tie and relaxation: value and gradient; what a stage holds has none, ${from}`, async () => {
    const { size, shape, weights } = latent;
    const [point, anchor] = [centred(seed + 40, shape), centred(seed + 41, shape)];
    const blank = ndarray(shape);
    const match = { evaluate: async () => ({ objective: 0, gradient: blank }) } as unknown as Match;
    const decoding = { size: shape[3], latent: size, images: async () => blank, pull: async () => blank };
    const stages = [
      { latent: 2, relaxed: false },
      { latent: size, relaxed: true },
    ];
    const problem = problemOf(match, decoding as unknown as Decoder, blank, blank, anchor, weights, stages);
    const all = await problem.evaluate(point);
    same(all.objective, [all.gradient.data], latent);
    const held = await problem.evaluate(point, undefined, 0);
    assert.equal(held.objective, all.objective);
    assert.deepEqual(
      held.gradient.data,
      all.gradient.data.map((slope, i) => (i % shape[3] < 2 ? slope : 0)),
    );
  });
}

test('consistency holds members together: from the same starts they end as near as it weighs', async () => {
  const shape = [3, 4, 4, 1];
  const goals = ndarray(shape, uniformStream(5));
  /** Each member is drawn to a picture of its own. */
  const spread = async (weight: number): Promise<number> => {
    const group: Group = { seeds: 3, weight };
    let turn = 0;
    const own = async ({ shape: part, data }: NdArray) => {
      const goal = goals.data.subarray(data.length * (turn % 3), data.length * ((turn++ % 3) + 1));
      const away = data.map((x, i) => x - goal[i]!);
      return {
        objective: away.reduce((sum, d) => sum + d * d, 0),
        gradient: ndarray(
          part,
          away.map((d) => 2 * d),
        ),
      };
    };
    const stages = [{ size: [4, 4], closures: 150, rate: [0.05, 0.001] }] as const;
    const search = { evaluate: grouped(own, group), stages, size: [4, 4], start: ndarray(shape, 0.5) } as const;
    let end: NdArray = search.start;
    for await (const { latent } of minimise(search)) end = latent;
    const size = end.data.length / 3;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const values = [0, 1, 2].map((s) => end.data[s * size + i]!);
      const mean = values.reduce((a, b) => a + b, 0) / 3;
      for (const value of values) sum += (value - mean) ** 2 / end.data.length;
    }
    return sum;
  };
  const free = await spread(0);
  // weight w over 16 pixels: each deviation shrinks by 1 + w / 16
  for (const weight of [4, 16, 64]) {
    const wanted = free / (1 + weight / 16) ** 2;
    const got = await spread(weight);
    assert.ok(Math.abs(got - wanted) < 0.02 * wanted, `weight ${weight}: ${got}, not ${wanted}`);
  }
});

test('an update of zeros and pictures without edges give numbers, not NaN', async () => {
  await start();
  const none = ndarray([3]);
  const about = { tolerance: [], zeroTolerance: [], squares: tf.scalar(2), magnitudes: tf.scalar(2) };
  for (const name of ['cosine', 'maskedCosine'] as const) {
    const closure = (a: Tensor, b: Tensor): Tensor[] => {
      const { value, grad } = tf.valueAndGrad((g: Tensor) => OBJECTIVES[name]([g], [b], about))(a);
      return [value, grad];
    };
    const step = await compile(closure, [none, none], { name });
    const [value, gradient] = await step.run(none, ndarray([3], Float32Array.of(1, 1, 0)));
    step.dispose();
    assert.ok(Math.abs(value!.data[0]! - 1) < 1e-6 && gradient!.data.every(Number.isFinite), `${name}: ${value!.data}`);
  }
  for (const shape of [
    [1, 1, 4, 3],
    [1, 4, 1, 3],
  ] as [number, number, number, number][])
    for (const name of Object.keys(PRIORS) as PriorName[]) {
      const value = tf.tidy(() => PRIORS[name](tf.ones(shape) as Tensor4D).dataSync()[0]!);
      assert.ok(Math.abs(value - (name === 'tvL2' ? 0.01 : 0)) < 1e-8, `${name} of ${shape}: ${value}`);
    }
});

test('an observed update of zeros is no division by zero: relativeL2 is then l2', async () => {
  await start();
  const model = lenet({ imageShape: [8, 8, 3], classes: 3 });
  const labels = Int32Array.of(1);
  const images = ndarray([1, 8, 8, 3], uniformStream(3));
  const observation = observe(model, await clientUpdate(model, { images, labels }), { labels });
  const zeros = { ...observation, tensors: observation.tensors.map((t) => ({ ...t, data: t.data.map(() => 0) })) };
  const value = async (objective: ObjectiveName): Promise<number> => {
    const options = { objective, prior: 'tv', weight: 0, simulate: 'steps', labels } as const;
    const closure = await attackClosure(zeros, options);
    const found = await closure.evaluate(images);
    closure.dispose();
    return found.objective;
  };
  const [plain, relative] = [await value('l2'), await value('relativeL2')];
  assert.ok(plain > 0 && Math.abs(relative / plain - 1) < 1e-6, `${relative}, not ${plain}`);
});
