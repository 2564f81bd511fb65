import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { uniformStream } from '../../src/core/random.js';
import type { ClientOptimizer, ClientSettings, NdArray, Update } from '../../src/core/types.js';
import { compile, type Tensor, tf } from '../../src/engine/index.js';
import { averageUpdates, type ClientOptions, clientUpdate, iterated, localSteps } from '../../src/federation/index.js';
import { network, parameterSpecs } from '../../src/models/index.js';
import { fromTorchOrder } from '../../src/models/torch-order.js';
import { forEachEngine } from '../engines.js';
import { root } from '../fixtures.js';
import { assertNear, type GoldenArray, goldenImages, torchOrdered } from '../golden.js';

/** One case of test/golden/clients.json. */
interface Golden {
  readonly name: string;
  readonly optimizer: ClientOptimizer;
  readonly learningRate: number;
  readonly rows?: number[][];
  readonly factors?: number[];
  /** Rows of each of several clients. */
  readonly parts?: number[][];
  readonly steps?: number;
  readonly loss: number;
  readonly update: GoldenArray[];
  readonly gradient: GoldenArray;
  readonly float32Error: { readonly update: number; readonly gradient: number };
}

const { cases, labels } = JSON.parse(readFileSync(join(root, 'test/golden/clients.json'), 'utf8')) as {
  cases: Golden[];
  labels: number[];
};

const model = network({
  ...{ name: 'golden', imageShape: [6, 6, 2], classes: 4, seed: 4 },
  layers: [{ kind: 'conv', filters: 3, size: 3 }, { kind: 'sigmoid' }, { kind: 'dense', units: 4, bias: true }],
});
const images = goldenImages(2, [5, 2, 6, 6]);
const { specs } = parameterSpecs(model.layers, model.imageShape);

/** The golden script's r: what the update is multiplied with before its gradient is taken. */
const weighting: NdArray[] = specs.map((spec, k) => {
  const next = uniformStream(50 + k);
  const drawn = Float32Array.from({ length: model.parameters[k]!.data.length }, () => 2 * next() - 1);
  return { shape: spec.shape, data: fromTorchOrder(spec, drawn) };
});

const part = (rows: readonly number[]) => ({
  images: {
    shape: [rows.length, 6, 6, 2],
    data: Float32Array.from(rows.flatMap((r) => [...images.data.subarray(r * 72, (r + 1) * 72)])),
  },
  labels: Int32Array.from(rows, (r) => labels[r]!),
});

function updateOf({ optimizer, learningRate, rows, factors, parts, steps }: Golden): Promise<Update> {
  const common: ClientOptions = { optimizer, learningRate };
  if (parts)
    return Promise.all(parts.map((own) => clientUpdate(model, part(own), { ...common, localSteps: steps! }))).then(
      (all) =>
        averageUpdates(
          all,
          parts.map((own) => own.length),
        ),
    );
  return clientUpdate(model, part([0, 1, 2, 3, 4]), { ...common, order: rows!, schedule: factors! });
}

const targets: NdArray = {
  shape: [5, 4],
  data: Float32Array.from(labels.flatMap((label) => [0, 1, 2, 3].map((c) => +(c === label)))),
};

/** Update and gradient of sum(update * r) by all local steps in one graph. */
async function unrolled(client: ClientSettings): Promise<{ delta: readonly NdArray[]; gradient: NdArray }> {
  const simulate = localSteps(model, client);
  const step = await compile(
    (x: Tensor, y: Tensor, ...rest: Tensor[]) => {
      const [parameters, r] = [rest.slice(0, 4), rest.slice(4)];
      const { grad } = tf.valueAndGrad(
        (x: Tensor) => tf.addN(simulate(parameters, x, y).delta.map((d, k) => tf.sum(tf.mul(d, r[k]!)))) as tf.Scalar,
      )(x);
      return [grad, ...simulate(parameters, x, y).delta];
    },
    [images, targets, ...model.parameters, ...weighting],
  );
  const [gradient, ...delta] = await step.run(images, targets, ...model.parameters, ...weighting);
  step.dispose();
  return { delta, gradient: gradient! };
}

async function stepByStep(client: ClientSettings): Promise<{ delta: readonly NdArray[]; gradient: NdArray }> {
  const steps = await iterated(model, client);
  const { delta, back } = await steps.sweep(images, targets);
  const { images: gradient } = await back(weighting);
  steps.dispose();
  return { delta, gradient };
}

forEachEngine((engine, setup) => {
  for (const golden of cases)
    test(`${engine}: ${golden.name}: update, and its gradient in the images, of PyTorch`, async () => {
      await setup();
      const { float32Error, name } = golden;
      const update = await updateOf(golden);
      assert.ok(Math.abs(update.loss - golden.loss) < 1e-5 * golden.loss, `${update.loss}, wanted ${golden.loss}`);
      for (const way of [unrolled, stepByStep]) {
        const { delta, gradient } = await way(update.client);
        const all = [update.tensors, delta.map((d, k) => ({ ...d, name: model.parameters[k]!.name }))];
        for (const tensors of all)
          torchOrdered(model, tensors).forEach((data, k) => {
            const within = Math.max(1e-5, 4 * float32Error.update);
            assertNear(`${name}, ${way.name}, ${specs[k]!.name}`, data, golden.update[k]!, within);
          });
        const within = Math.max(1e-4, 4 * float32Error.gradient);
        assertNear(`${name}, ${way.name}, gradient`, gradient.data, golden.gradient, within);
      }
    });
});
