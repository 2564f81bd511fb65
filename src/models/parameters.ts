import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkAll } from '../core/option-table.js';
import { oneOf } from '../core/options.js';
import { normalStream, uniformStream } from '../core/random.js';
import type { ImageShape, Layer, NamedArray } from '../core/types.js';
import { kinds, ruleOf } from './layers/layer-table.js';
import type { ParameterSpec, Planned, Walk } from './layers/types.js';
import { fromTorchOrder } from './torch-order.js';

export type { ParameterSpec } from './layers/types.js';

/** The parameters of a network in the order of its layers, its running statistics, and the shape of its output. */
export function parameterSpecs(layers: readonly Layer[], imageShape: ImageShape): ReturnType<Walk> {
  return walk(layers, { shape: imageShape }, '');
}

const walk: Walk = (layers, start, prefix) => {
  let at: ReturnType<Walk> = { ...start, specs: [], buffers: [] };
  layers.forEach((layer, index) => {
    const place = `layer ${prefix}${index}`;
    checkLayer(place, layer);
    const { specs, buffers, ...here } = at;
    const where = `model: ${place} (${layer.kind})`;
    const next: Planned = ruleOf(layer).plan?.(layer, here, `${prefix}${layer.kind}${index}`, where, walk) ?? here;
    if (next.shape.some((n) => n < 1)) {
      const fix = 'use larger images or fewer poolings';
      throw problem('model', `${place} (${layer.kind}) leaves nothing of the picture`, here.shape, fix);
    }
    at = { ...next, specs: [...specs, ...(next.specs ?? [])], buffers: [...buffers, ...(next.buffers ?? [])] };
  });
  return at;
};

function checkLayer(place: string, layer: Layer): void {
  if (typeof layer !== 'object' || layer === null)
    throw problem('model', `${place} must be an object with a kind`, layer, "e.g. { kind: 'relu' }");
  oneOf('model', `the kind of ${place}`, layer.kind, kinds);
  checkAll(`model: ${place} (${layer.kind})`, layer, ruleOf(layer).options, ['kind']);
}

/**
 * Seeded weights: every entry U(-1/sqrt(fanIn), 1/sqrt(fanIn)), PyTorch's default, where the layer's `init` says
 * nothing else; gains and variances 1, shifts and means 0. Parameter k draws from the stream `seed + k` in PyTorch's
 * memory order, so the same network can be set up there number by number.
 */
export function initialise(specs: readonly ParameterSpec[], seed: number): NamedArray[] {
  return specs.map((spec, k) => {
    const { name, shape, init } = spec;
    if (sizeOf(shape) > MOST_WEIGHTS) throw problem('model', `${name} may have at most ${MOST_WEIGHTS} weights`, shape);
    const data = new Float32Array(sizeOf(shape));
    if (typeof init === 'string') return { name, shape, data: data.fill(CONSTANT[init]) };
    const next = drawing(spec, seed + k);
    for (let i = 0; i < data.length; i++) data[i] = next();
    return { name, shape, data: fromTorchOrder(spec, data) };
  });
}

/** Of one layer: the bytes that a file of weights may have. */
const MOST_WEIGHTS = 2 ** 29;

const CONSTANT = { ones: 1, zeros: 0, quarters: 0.25 } as const;

function drawing({ init, fanIn }: ParameterSpec, seed: number): () => number {
  const bound = typeof init === 'number' ? init : 1 / Math.sqrt(fanIn);
  const random = typeof init === 'number' ? normalStream(seed) : uniformStream(seed);
  return typeof init === 'number' ? () => random() * bound : () => (2 * random() - 1) * bound;
}
