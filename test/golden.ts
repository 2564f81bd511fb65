import assert from 'node:assert/strict';
import { ndarray, sizeOf } from '../src/core/arrays.js';
import { uniformStream } from '../src/core/random.js';
import type { ImageShape, Model, NamedArray, NdArray } from '../src/core/types.js';
import { lenet, paperResnet18, parameterSpecs, toTorchOrder, vgg7 } from '../src/models/index.js';

/** One golden summary of an array in PyTorch's order. */
export interface GoldenArray {
  readonly shape: readonly number[];
  readonly l2: number;
  readonly sum: number;
  readonly at: Record<string, number>;
}

/** One case of updates.json. */
export interface GoldenCase {
  readonly model: 'lenet' | 'vgg7' | 'resnet18';
  readonly size: number;
  readonly classes: number;
  readonly batch: number;
  readonly localSteps: number;
  readonly learningRate: number;
  readonly seeds: { readonly weights: string; readonly images: number; readonly latent: number };
  readonly labels: number[];
  readonly loss: number;
  readonly update: GoldenArray[];
  readonly objective: number;
  readonly objectiveGradLatent: GoldenArray;
  readonly float32Error: { loss: number; update: number[]; objective: number; objectiveGradLatent: number };
}

/** The network of a case: the same seeds give the same weights as in PyTorch. */
export function goldenModel({ model, size, classes, seeds }: GoldenCase): Model {
  return { lenet, vgg7, resnet18: paperResnet18 }[model]({
    imageShape: [size, size, 3],
    classes,
    seed: Number.parseInt(seeds.weights, 10),
  });
}

/** Uniform pictures drawn in PyTorch's order [n, c, h, w], as [n, h, w, c]. */
export function goldenImages(seed: number, [n, c, h, w]: readonly [number, number, number, number]): NdArray {
  return toChannelsLast(ndarray([n, c, h, w], uniformStream(seed)));
}

function toChannelsLast({ shape, data }: NdArray): NdArray {
  const [n, c, h, w] = shape as [number, number, number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < h * w; p++) out[(i * h * w + p) * c + k] = data[(i * c + k) * h * w + p]!;
  return { shape: [n, h, w, c], data: out };
}

/** Pictures [n, h, w, c] as [n, c, h, w]. */
export function toChannelsFirst({ shape, data }: NdArray): NdArray {
  const [n, h, w, c] = shape as [number, number, number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < h * w; p++) out[(i * c + k) * h * w + p] = data[(i * h * w + p) * c + k]!;
  return { shape: [n, c, h, w], data: out };
}

/** An update's tensors in PyTorch's order. */
export function torchOrdered(model: Model, tensors: readonly NamedArray[]): Float32Array[] {
  const { specs } = parameterSpecs(model.layers, model.imageShape as ImageShape);
  return tensors.map((tensor, k) => toTorchOrder(specs[k]!, tensor.data));
}

/**
 * l2 norm and listed entries within `tolerance` of the golden ones, relative to the golden l2 (entries: to the
 * largest).
 */
export function assertNear(what: string, data: Float32Array, golden: GoldenArray, tolerance: number): void {
  assert.equal(data.length, sizeOf(golden.shape), `${what}: size`);
  const l2 = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));
  relative(`${what}: l2`, l2, golden.l2, tolerance * golden.l2);
  for (const [index, value] of Object.entries(golden.at))
    relative(
      `${what}[${index}]`,
      data[Number(index)]!,
      value,
      tolerance * Math.max(Math.abs(value), golden.l2 / Math.sqrt(data.length)),
    );
}

function relative(what: string, got: number, wanted: number, tolerance: number): void {
  assert.ok(Math.abs(got - wanted) <= tolerance, `${what}: got ${got}, wanted ${wanted}, tolerance ${tolerance}`);
}
