/** Networks of every kind of layer and every ready-made one, with numbers of PyTorch. */
import { sizeOf } from '../src/core/arrays.js';
import { uniformStream } from '../src/core/random.js';
import type { ImageShape, Layer, Model, NamedArray } from '../src/core/types.js';
import { fromTorchOrder, network, type ParameterSpec, parameterSpecs } from '../src/models/index.js';
import { MODELS } from '../src/registry/index.js';
import { goldens } from './fixtures.js';

/** Norm, product with U(-1/2, 1/2) from seed 5, first and last entry. */
export type Summary = readonly [l2: number, dot: number, first: number, last: number];

export interface NetworkCase {
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

export const cases: readonly NetworkCase[] = ['layers', 'models'].flatMap((name) =>
  goldens(name).flatMap(({ from, numbers }) => numbers.cases.map((one: NetworkCase) => ({ ...one, from }))),
);

/** The network of a case with the numbers that architectures.py draws. */
export function networkOf({ name, imageShape, classes, layers, options, seed, spread }: NetworkCase): Model {
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
