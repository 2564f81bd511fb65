import assert from 'node:assert/strict';
import test from 'node:test';
import { attackClosure, type ClosureOptions, comparisonOf } from '../../src/attacks/search/closure.js';
import { ndarray, oneHot } from '../../src/core/arrays.js';
import { normalStream, uniformStream } from '../../src/core/random.js';
import type { NdArray, Observation } from '../../src/core/types.js';
import { compile, start, type Tensor, tf } from '../../src/engine/index.js';
import {
  assumed,
  type ClientOptions,
  clientUpdate,
  iterated,
  localSteps,
  observe,
} from '../../src/federation/index.js';
import { lenet, network, vit, withModes } from '../../src/models/index.js';
import { parseObfuscation } from '../../src/obfuscation/index.js';
import { forEachEngine } from '../engines.js';
import { loopTurns } from '../event-loop.js';

const model = network({
  ...{ name: 'smooth', imageShape: [8, 8, 3], classes: 4, seed: 2 },
  layers: [
    ...[{ kind: 'conv', filters: 4, size: 3 } as const, { kind: 'tanh' } as const],
    ...[{ kind: 'averagePool', size: 2 } as const, { kind: 'dense', units: 12 } as const],
    ...[{ kind: 'tanh' } as const, { kind: 'dense', units: 4 } as const],
  ],
});
const labels = Int32Array.of(2, 0, 3);
const truth = ndarray([3, 8, 8, 3], uniformStream(5));
const guess = ndarray([3, 8, 8, 3], uniformStream(6));

const seen = async (client: ClientOptions, phi = 'none', net = model) =>
  observe(net, await clientUpdate(net, { images: truth, labels }, client), {
    labels,
    obfuscation: parseObfuscation(phi),
  });

const distance = (a: NdArray, b: NdArray): number =>
  Math.sqrt(a.data.reduce((sum, v, i) => sum + (v - b.data[i]!) ** 2, 0) / b.data.reduce((sum, v) => sum + v * v, 0));

const matching: ClosureOptions = { objective: 'relativeL2', prior: 'colorTv', weight: 0.02, simulate: 'steps', labels };

forEachEngine((engine, setup) => {
  test(`${engine}: a closure of many steps: its gradient is that of finite differences`, async () => {
    await setup();
    for (const client of [
      { localSteps: 12, learningRate: 0.1 },
      { epochs: 5, miniBatch: 2, learningRate: 0.1, order: 'shuffled', optimizer: { kind: 'sgd', momentum: 0.5 } },
    ] satisfies ClientOptions[]) {
      const closure = await attackClosure(await seen(client), matching);
      const { gradient } = await closure.evaluate(guess);
      const along = ndarray(guess.shape as number[], normalStream(3));
      const slope = gradient.data.reduce((sum, g, i) => sum + g * along.data[i]!, 0);
      const at = async (h: number) =>
        (await closure.evaluate({ ...guess, data: guess.data.map((v, i) => v + h * along.data[i]!) })).objective;
      const numeric = ((await at(0.01)) - (await at(-0.01))) / 0.02;
      closure.dispose();
      assert.ok(Math.abs(slope - numeric) < 5e-3 * Math.abs(numeric), `${slope}, numeric ${numeric}`);
    }
  });

  test(`${engine}: the objective of many steps is zero at the private images`, async () => {
    await setup();
    const observed = await seen({ localSteps: 15, learningRate: 0.05, optimizer: { kind: 'sgd', momentum: 0.5 } });
    const closure = await attackClosure(observed, { ...matching, weight: 0 });
    const { objective } = await closure.evaluate(truth);
    closure.dispose();
    assert.ok(objective < 1e-9, `${objective}`);
  });
});

/** A closure of all local steps in one graph: objective, gradient in the pictures, gradient in the logits. */
async function oneGraph(observed: Observation, options: ClosureOptions, at: NdArray, logits?: NdArray) {
  const { client, total, numbers, targets } = await comparisonOf(observed, options);
  const simulate = localSteps(observed.model, client);
  const { tensors, model } = observed;
  const inputs = [at, logits ?? targets, numbers, ...tensors, ...model.parameters];
  const step = await compile((x: Tensor, y: Tensor, numbers: Tensor, ...rest: Tensor[]) => {
    const [observed, parameters] = [rest.slice(0, tensors.length), rest.slice(tensors.length)];
    const objective = (images: Tensor, y: Tensor): tf.Scalar => {
      const { delta } = simulate(parameters, images, logits ? tf.exp(tf.logSoftmax(y)) : y);
      return total({ delta, observed, images, numbers, parameters });
    };
    const { value, grads } = tf.valueAndGrads(objective)([x, y]);
    return [value, ...grads];
  }, inputs);
  const [value, gradient, logitsGradient] = await step.run(...inputs);
  step.dispose();
  return { objective: value!.data[0]!, gradient: gradient!, logitsGradient: logitsGradient! };
}

/** A dense layer whose rows of all steps are fewer numbers than its matrix, and one where they are more. */
const wide = network({
  ...{ name: 'wide', imageShape: [8, 8, 3], classes: 4, seed: 3 },
  layers: [
    ...[{ kind: 'dense', units: 96 } as const, { kind: 'tanh' } as const, { kind: 'dense', units: 64 } as const],
    ...[{ kind: 'tanh' } as const, { kind: 'dense', units: 4 } as const],
  ],
});

/** Layers that draw, in front of rows of several sizes. */
const dropped = withModes(
  network({
    ...{ name: 'dropped', imageShape: [8, 8, 3], classes: 4, seed: 4 },
    layers: [
      ...[{ kind: 'dense', units: 96 } as const, { kind: 'tanh' } as const],
      ...[{ kind: 'dropout', rate: 0.3, seed: 4 } as const, { kind: 'dense', units: 64 } as const],
      ...[{ kind: 'tanh' } as const, { kind: 'dropout', rate: 0.2, seed: 5 } as const],
      { kind: 'dense', units: 4 },
    ],
  }),
  { dropout: 'known' },
);
/** Tokens: several rows an example; and running statistics in the objective. */
const tokens = vit({ imageShape: [8, 8, 3], classes: 4, patch: 4, depth: 1, width: 96, heads: 2 });
const normed = withModes(
  network({
    ...{ name: 'normed', imageShape: [8, 8, 3], classes: 4, seed: 5 },
    layers: [
      // a bias before batch norm has no gradient, whose sign would be that of a rounding
      ...[{ kind: 'conv', filters: 4, size: 3, bias: false } as const, { kind: 'batchNorm' } as const],
      ...[{ kind: 'tanh' } as const, { kind: 'dense', units: 96 } as const, { kind: 'tanh' } as const],
      { kind: 'dense', units: 4 },
    ],
  }),
  { batchNorm: 'train' },
);

forEachEngine((engine, setup) => {
  for (const [name, net, client] of [
    ['momentum', model, { localSteps: 5, optimizer: { kind: 'sgd', momentum: 0.9 } }],
    ['rows, plain SGD', wide, { localSteps: 5 }],
    [
      'rows, momentum, a schedule',
      wide,
      { localSteps: 4, optimizer: { kind: 'sgd', momentum: 0.8 }, schedule: 'cosine' },
    ],
    [
      'rows, Nesterov, ragged mini-batches',
      wide,
      { epochs: 2, miniBatch: 2, order: 'shuffled', optimizer: { kind: 'sgd', momentum: 0.5, nesterov: true } },
    ],
    ['rows, masks of every step', dropped, { epochs: 2, miniBatch: 2, order: 'shuffled' }],
    ['rows of tokens', tokens, { localSteps: 3 }],
    ['rows, batch norm', normed, { localSteps: 3 }],
    ['rows, a layer frozen', wide, { localSteps: 4, frozen: ['dense2'] }],
    ['weight decay carries whole matrices', wide, { localSteps: 3, optimizer: { kind: 'sgd', weightDecay: 0.1 } }],
  ] as const)
    test(`${engine}: iterated steps give the numbers of one graph: ${name}`, async () => {
      await setup();
      for (const [phi, objective] of [
        ['quantize:4', 'interval'],
        ['none', 'cosine'],
        ['sign', 'wrongSign'],
      ] as const) {
        const observed = await seen({ learningRate: 0.05, ...client } as ClientOptions, phi, net);
        for (const soft of [labels, 'joint'] as const) {
          const logits = soft === 'joint' ? ndarray([3, 4], normalStream(8)) : undefined;
          const options = { ...matching, objective, labels: soft };
          const one = await oneGraph(observed, options, guess, logits);
          const closure = await attackClosure(observed, options);
          const many = await closure.evaluate(guess, logits);
          closure.dispose();
          assert.ok(Math.abs(one.objective - many.objective) < 1e-5 * Math.abs(one.objective), objective);
          const off = distance(many.gradient, one.gradient);
          assert.ok(off < 1e-5, `${objective}: ${off}`);
          if (logits) assert.ok(distance(many.logitsGradient!, one.logitsGradient) < 1e-5);
        }
      }
    });
});

test('iterated steps keep the distance of batch-norm moments in the objective', async () => {
  await start({ threads: 1 });
  const observed = await seen({ localSteps: 4, learningRate: 0.05 }, 'none', normed);
  const options = { ...matching, statistics: 0.5 };
  const one = await oneGraph(observed, options, guess);
  const closure = await attackClosure(observed, options);
  const many = await closure.evaluate(guess);
  closure.dispose();
  assert.ok(Math.abs(one.objective - many.objective) < 1e-5 * one.objective, `${one.objective} ${many.objective}`);
  assert.ok(distance(many.gradient, one.gradient) < 1e-5);
  const without = await oneGraph(observed, matching, guess);
  assert.ok(one.objective > 1.01 * without.objective, 'it counts');
});

test('what there is no room for is computed again, to the same numbers', async () => {
  await start({ threads: 1 });
  const { client } = assumed({ batchSize: 3, localSteps: 20, learningRate: 0.01, miniBatch: 3 });
  const found = [];
  for (const room of [2 ** 28, 200_000, 1]) {
    const steps = await iterated(wide, client, 'both', { room });
    const { parts, back } = await steps.sweep(guess, oneHot('test', labels, 4));
    const there = await back(parts);
    const again = await back(parts);
    found.push({ ...there, ...steps.work() });
    steps.dispose();
    assert.equal(distance(again.images, there.images), 0);
  }
  const [all, some, none] = found as [(typeof found)[0], (typeof found)[0], (typeof found)[0]];
  assert.ok(distance(some.images, all.images) < 1e-6 && distance(none.images, all.images) < 1e-6);
  assert.ok(all.held > some.held && some.held > none.held, `${all.held} ${some.held} ${none.held}`);
  assert.ok(all.forward === 20 && some.forward > 20 && none.forward > some.forward);
});

test('the work is linear in the number of local steps: 3 runs of a compiled step each', async () => {
  await start({ threads: 1 });
  for (const localSteps of [9, 25, 100, 400]) {
    const { client } = assumed({ batchSize: 3, localSteps, learningRate: 0.01, miniBatch: 3 });
    const steps = await iterated(model, client);
    const y = oneHot('test', labels, 4);
    const { parts, back } = await steps.sweep(guess, y);
    await back(parts);
    const { forward, back: backward, held } = steps.work();
    steps.dispose();
    assert.equal(backward, localSteps);
    assert.ok(forward >= localSteps && forward <= 2 * localSteps, `${forward}`);
    assert.ok(held <= 2 ** 28, `${held} bytes held for ${localSteps} steps`);
  }
});

test('the event loop goes on between the local steps of a client and of an attack', async () => {
  await start({ threads: 1 });
  const small = lenet({ imageShape: [16, 16, 3], classes: 4 });
  const batch = { images: ndarray([1, 16, 16, 3], uniformStream(1)), labels: Int32Array.of(2) };
  const loop = loopTurns();
  const update = await clientUpdate(small, batch, { localSteps: 40 });
  const afterUpdate = loop.turns();
  const closure = await attackClosure(observe(small, update, { labels: [2] }), { ...matching, labels: batch.labels });
  const before = loop.turns();
  await closure.evaluate(batch.images);
  loop.stop();
  closure.dispose();
  assert.ok(afterUpdate >= 20, `${afterUpdate} turns of the event loop in 40 local steps`);
  assert.ok(loop.turns() - before >= 60, `${loop.turns() - before} turns in 120 runs of a step`);
});

test('clientUpdate of many steps is the same with all in one graph', async () => {
  await start({ threads: 1 });
  const update = await clientUpdate(model, { images: truth, labels }, { localSteps: 10, learningRate: 0.1 });
  const simulate = localSteps(model, update.client);
  const inputs = [truth, oneHot('test', labels, 4), ...model.parameters];
  const step = await compile((x: Tensor, y: Tensor, ...w: Tensor[]) => simulate(w, x, y).delta, inputs);
  const delta = await step.run(...inputs);
  step.dispose();
  for (const [k, tensor] of update.tensors.entries()) assert.ok(distance(tensor, delta[k]!) < 2e-6, tensor.name);
});
