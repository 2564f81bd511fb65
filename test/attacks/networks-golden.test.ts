/**
 * Every kind of layer and every ready-made network against PyTorch in float64: update, objective and latent gradient.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { attackClosure } from '../../src/attacks/search/closure.js';
import { sizeOf } from '../../src/core/arrays.js';
import { uniformStream } from '../../src/core/random.js';
import { resample, resampleAdjoint } from '../../src/core/resample.js';
import type { ImageShape, Layer, Model, NamedArray } from '../../src/core/types.js';
import { clientUpdate, observe } from '../../src/federation/index.js';
import { fromTorchOrder, network, type ParameterSpec, parameterSpecs } from '../../src/models/index.js';
import { MODELS } from '../../src/registry/index.js';
import { type EngineName, forEachEngine } from '../engines.js';
import { goldens } from '../fixtures.js';
import { goldenImages, toChannelsFirst, torchOrdered } from '../golden.js';

/** Norm, product with U(-1/2, 1/2) from seed 5, first and last entry. */
type Summary = readonly [l2: number, dot: number, first: number, last: number];

interface Case {
  /** Which golden numbers. */
  readonly from: string;
  readonly name: string;
  readonly imageShape: ImageShape;
  readonly batch: number;
  readonly classes: number;
  readonly seed: number;
  readonly spread: number;
  readonly localSteps: number;
  readonly learningRate: number;
  readonly labels: readonly number[];
  readonly layers?: readonly Layer[];
  readonly options?: object;
  readonly loss: number;
  readonly update: readonly Summary[];
  readonly updateNorm: number;
  readonly objective: number;
  readonly latentGradient: Summary;
  readonly statistics: readonly Summary[];
  readonly float32Error: Readonly<Record<'loss' | 'update' | 'objective' | 'latent', number>>;
}

const cases: readonly Case[] = ['layers', 'models'].flatMap((name) =>
  goldens(name).flatMap(({ from, numbers }) => numbers.cases.map((one: Case) => ({ ...one, from }))),
);

/** The network of a case with the numbers that architectures.py draws. */
function networkOf({ name, imageShape, classes, layers, options, seed, spread }: Case): Model {
  const model = layers
    ? network({ name, imageShape, classes, layers })
    : MODELS[name as keyof typeof MODELS]({ imageShape, classes, ...options });
  const { specs, buffers } = parameterSpecs(model.layers, imageShape);
  const parameters = specs.map((spec, k) => drawn(spec, seed + k, ...rangeOf(spec, spread)));
  const statistics = buffers.map((spec, k) => drawn(spec, seed + 500 + k, ...STATISTICS[k % 2]!));
  return { ...model, parameters, ...(statistics.length > 0 && { buffers: statistics }) };
}

const STATISTICS: readonly (readonly [number, number])[] = [
  [-0.2, 0.2],
  [0.5, 1.5],
];

function rangeOf({ name, fanIn }: ParameterSpec, spread: number): readonly [number, number] {
  if (/\/gains?$/.test(name)) return [0.7, 1.3];
  if (/\/shifts?$/.test(name)) return [-0.3, 0.3];
  return [-spread / Math.sqrt(fanIn), spread / Math.sqrt(fanIn)];
}

function drawn(spec: ParameterSpec, seed: number, low: number, high: number): NamedArray {
  const random = uniformStream(seed);
  const data = Float32Array.from({ length: sizeOf(spec.shape) }, () => low + (high - low) * random());
  return { name: spec.name, shape: spec.shape, data: fromTorchOrder(spec, data) };
}

/**
 * All four numbers of a summary, to a share of the array's norm (entries: of the largest norm there is, for near-zero
 * arrays).
 */
function assertSummary(what: string, data: Float32Array, [l2, dot, first, last]: Summary, slack: number): void {
  const weights = uniformStream(5);
  const product = data.reduce((sum, x) => sum + x * (weights() - 0.5), 0);
  const got = { l2: Math.hypot(...data), dot: product, first: data[0]!, last: data.at(-1)! };
  for (const [name, wanted] of Object.entries({ l2, dot, first, last }))
    assert.ok(
      Math.abs(got[name as keyof typeof got] - wanted) <= slack,
      `${what}: ${name} is ${got[name as keyof typeof got]}, wanted ${wanted}, slack ${slack}`,
    );
}

/** 1e-4, or three times what PyTorch itself loses in float32. */
const tolerance = (own: number): number => Math.max(1e-4, 3 * own);

/** Deep networks take minutes in pure JavaScript. */
const skipped = (engine: EngineName, { name, layers }: Case): string | false =>
  engine === 'cpu' && !layers && !['lenet5', 'vit'].includes(name) && !process.env.ROGLAB_SLOW
    ? 'slow in pure JavaScript: ROGLAB_SLOW=1 runs it'
    : false;

forEachEngine((engine, setup) => {
  for (const one of cases) {
    const { name, batch, imageShape, localSteps, learningRate, float32Error } = one;
    const options = one.options ? JSON.stringify(one.options) : '';
    const what = `${name} ${options} ${imageShape.join('x')}, batch ${batch}, ${localSteps} steps`;
    const title = `${engine}, ${one.from}: ${what}: PyTorch's update, objective and latent gradient`;
    test(title, { skip: skipped(engine, one) }, async () => {
      await setup();
      const [height, width, channels] = imageShape;
      const model = networkOf(one);
      const images = goldenImages(one.seed + 900, [batch, channels, height, width]);
      const labels = Int32Array.from(one.labels);
      const update = await clientUpdate(model, { images, labels }, { localSteps, learningRate });
      const off = Math.abs(update.loss - one.loss) / one.loss;
      assert.ok(off <= tolerance(float32Error.loss), `loss off by ${off}`);
      assert.equal(update.tensors.length, one.update.length);
      const slack = tolerance(float32Error.update);
      torchOrdered(model, update.tensors).forEach((data, k) => {
        const wanted = one.update[k]!;
        // a gradient that is zero but for rounding (a bias before batch norm) is measured by the whole update
        const isZero = wanted[0] < 1e-9 * one.updateNorm;
        const scale = isZero ? 1e-2 * one.updateNorm : Math.max(wanted[0], 1e-4 * one.updateNorm);
        assertSummary(`update ${model.parameters[k]!.name}`, data, wanted, slack * scale);
      });
      update.statistics?.forEach((kept, k) => {
        if (localSteps > 1) return;
        const wanted = one.statistics[k]!;
        assertSummary(`statistics ${kept.name}`, kept.data, wanted, 1e-4 * wanted[0]);
      });
      const options = { objective: 'l2', prior: 'tv', weight: 0, simulate: 'steps', labels } as const;
      const closure = await attackClosure(observe(model, update, { labels }), options);
      try {
        const small = [height, width].map((n) => Math.floor(n / 4)) as [number, number];
        const latent = goldenImages(one.seed + 901, [batch, channels, ...small]);
        const { objective, gradient } = await closure.evaluate(resample(latent, [height, width]));
        const wrong = Math.abs(objective - one.objective) / one.objective;
        assert.ok(wrong <= tolerance(float32Error.objective), `objective ${objective}, wanted ${one.objective}`);
        const pulled = toChannelsFirst(resampleAdjoint(gradient, small));
        const far = tolerance(float32Error.latent) * one.latentGradient[0];
        assertSummary('latent gradient', pulled.data, one.latentGradient, far);
      } finally {
        closure.dispose();
      }
    });
  }
});
