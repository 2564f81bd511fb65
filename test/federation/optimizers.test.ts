import assert from 'node:assert/strict';
import test from 'node:test';
import { imageAt, oneHot, stackImages } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import type { ClientOptimizer, ClientSettings, NamedArray, NdArray, Update } from '../../src/core/types.js';
import { compile, type Tensor, tf } from '../../src/engine/index.js';
import { averageUpdates, clientUpdate, iterated, localSteps } from '../../src/federation/index.js';
import { network, parameterSpecs } from '../../src/models/index.js';
import { fromTorchOrder } from '../../src/models/torch-order.js';
import { forEachEngine } from '../engines.js';
import { goldens } from '../fixtures.js';
import { assertNear, type GoldenArray, goldenImages, torchOrdered } from '../golden.js';
import { pulledBack } from './parts.js';

/** One case of test/golden/clients.json. */
interface Golden {
  readonly name: string;
  readonly optimizer: ClientOptimizer;
  readonly learningRate: number;
  readonly rows?: number[][];
  readonly factors?: number[];
  /** Rows of each of several clients. */
  readonly parts?: number[][];
  /** Parameters with requires_grad = False. */
  readonly frozen?: number[];
  readonly steps?: number;
  readonly loss: number;
  readonly update: GoldenArray[];
  readonly gradient: GoldenArray;
  readonly float32Error: { readonly update: number; readonly gradient: number };
}

interface Table {
  readonly seeds: { readonly weights: number; readonly images: number; readonly weighting: number };
  readonly labels: readonly number[];
  readonly cases: readonly Golden[];
}

/**
 * What a golden table is about: network, images, and what the update is multiplied with before its gradient is taken.
 */
function setting({ seeds, labels }: Table) {
  const model = network({
    ...{ name: 'golden', imageShape: [6, 6, 2], classes: 4, seed: seeds.weights },
    layers: [{ kind: 'conv', filters: 3, size: 3 }, { kind: 'sigmoid' }, { kind: 'dense', units: 4, bias: true }],
  });
  const { specs } = parameterSpecs(model.layers, model.imageShape);
  const images = goldenImages(seeds.images, [5, 2, 6, 6]);
  const targets = oneHot('test', Int32Array.from(labels), 4);
  const weighting: NdArray[] = specs.map((spec, k) => {
    const next = uniformStream(seeds.weighting + k);
    const drawn = Float32Array.from({ length: model.parameters[k]!.data.length }, () => 2 * next() - 1);
    return { shape: spec.shape, data: fromTorchOrder(spec, drawn) };
  });
  const part = (rows: readonly number[]) => ({
    images: stackImages(rows.map((row) => imageAt(images, row))),
    labels: Int32Array.from(rows, (row) => labels[row]!),
  });
  return { model, specs, images, targets, weighting, part };
}

type Setting = ReturnType<typeof setting>;

async function updateOf({ model, part }: Setting, golden: Golden): Promise<Update> {
  const { optimizer, learningRate, rows, factors, parts, steps, frozen } = golden;
  if (!parts) {
    const settings = { optimizer, learningRate, order: rows!, schedule: factors! };
    const still = frozen?.map((k) => model.parameters[k]!.name);
    return clientUpdate(model, part([0, 1, 2, 3, 4]), { ...settings, ...(still && { frozen: still }) });
  }
  const each = parts.map((own) => clientUpdate(model, part(own), { optimizer, learningRate, localSteps: steps! }));
  const images = parts.map((own) => own.length);
  return averageUpdates(await Promise.all(each), images);
}

interface Found {
  readonly delta: readonly NdArray[];
  readonly gradient: NdArray;
}

/** Update and gradient of sum(update * r) by all local steps in one graph ... */
async function unrolled({ model, images, targets, weighting }: Setting, client: ClientSettings): Promise<Found> {
  const simulate = localSteps(model, client);
  const inputs = [images, targets, ...model.parameters, ...weighting];
  const step = await compile((x: Tensor, y: Tensor, ...rest: Tensor[]) => {
    const [parameters, r] = [rest.slice(0, 4), rest.slice(4)];
    const weighted = (x: Tensor): tf.Scalar =>
      tf.addN(simulate(parameters, x, y).delta.map((d, k) => tf.sum(tf.mul(d, r[k]!)))) as tf.Scalar;
    return [tf.valueAndGrad(weighted)(x).grad, ...simulate(parameters, x, y).delta];
  }, inputs);
  const [gradient, ...delta] = await step.run(...inputs);
  step.dispose();
  return { delta, gradient: gradient! };
}

/** ... and by one compiled step, run again and again. */
async function stepByStep({ model, images, targets, weighting }: Setting, client: ClientSettings): Promise<Found> {
  const steps = await iterated(model, client);
  const { parts, back } = await steps.sweep(images, targets);
  const { delta, adjoint } = await pulledBack(steps, parts, weighting);
  const { images: gradient } = await back(adjoint);
  steps.dispose();
  return { delta, gradient };
}

forEachEngine((engine, setup) => {
  for (const { from, numbers } of goldens('clients')) {
    const table = numbers as Table;
    for (const golden of table.cases)
      test(`${engine}: ${golden.name}: update, and its gradient in the images, of PyTorch, ${from}`, async () => {
        await setup();
        const at = setting(table);
        const { float32Error, name, loss } = golden;
        const update = await updateOf(at, golden);
        assert.ok(Math.abs(update.loss - loss) < 1e-5 * loss, `${update.loss}, wanted ${loss}`);
        const within = Math.max(1e-5, 4 * float32Error.update);
        const compare = (what: string, tensors: readonly NdArray[]): void =>
          torchOrdered(at.model, tensors as readonly NamedArray[]).forEach((data, k) => {
            assertNear(`${name}, ${what}, ${at.specs[k]!.name}`, data, golden.update[k]!, within);
          });
        compare('clientUpdate', update.tensors);
        for (const way of [unrolled, stepByStep]) {
          const { delta, gradient } = await way(at, update.client);
          compare(way.name, delta);
          const near = Math.max(1e-4, 4 * float32Error.gradient);
          assertNear(`${name}, ${way.name}, gradient`, gradient.data, golden.gradient, near);
        }
      });
  }
});
