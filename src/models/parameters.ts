import { sizeOf } from '../core/arrays.js';
import { problem } from '../core/errors.js';
import { checkOptions, integer, oneOf } from '../core/options.js';
import { uniformStream } from '../core/random.js';
import type { ImageShape, Layer, NamedArray } from '../core/types.js';
import { fromTorchOrder } from './torch-order.js';

/** Name and shape of one parameter, with what its initialisation and PyTorch's memory order need to know. */
export interface ParameterSpec {
  readonly name: string;
  /** Kernel [h, w, in, out], dense [in, out], bias [out]. */
  readonly shape: readonly number[];
  readonly fanIn: number;
  /** [h, w, c] of the picture that a dense layer flattens. */
  readonly flattens?: ImageShape;
}

interface Walk {
  readonly shape: ImageShape;
  readonly specs: readonly ParameterSpec[];
}

/** The parameters of a network in the order of its layers, and the shape of its output. */
export function parameterSpecs(layers: readonly Layer[], imageShape: ImageShape): Walk {
  return walk(layers, { shape: imageShape, specs: [] }, '');
}

/** What each kind of layer may say, and which of it must be a whole number of at least 1. */
const KINDS: Readonly<
  Record<Layer['kind'], { readonly whole?: readonly string[]; readonly other?: readonly string[] }>
> = {
  conv: { whole: ['filters', 'size'], other: ['stride', 'bias'] },
  dense: { whole: ['units'], other: ['bias'] },
  ...{ maxPool: { whole: ['size'] }, averagePool: { whole: ['size'] }, adaptiveAveragePool: { whole: ['size'] } },
  ...{ relu: {}, sigmoid: {}, tanh: {}, softplus: {}, leakyRelu: { other: ['slope'] }, scale: { other: ['factor'] } },
  residual: { other: ['body', 'shortcut'] },
};

function checkLayer(where: string, layer: Layer): void {
  const { whole = [], other = [] } =
    KINDS[oneOf('model', `the kind of ${where}`, layer.kind, Object.keys(KINDS) as Layer['kind'][])];
  checkOptions(`model: ${where} (${layer.kind})`, layer, ['kind', ...whole, ...other]);
  for (const name of whole)
    integer(`model: ${where} (${layer.kind})`, name, (layer as unknown as Record<string, number>)[name]!, 1);
}

function walk(layers: readonly Layer[], start: Walk, prefix: string): Walk {
  return layers.reduce((at, layer, index) => {
    checkLayer(`layer ${prefix}${index}`, layer);
    const next = step(layer, at, `${prefix}${layer.kind}${index}`);
    if (next.shape.some((n) => n < 1))
      throw problem(
        'model',
        `layer ${prefix}${index} (${layer.kind}) leaves nothing of the picture`,
        start.shape,
        'use larger images or fewer poolings',
      );
    return next;
  }, start);
}

function step(layer: Layer, { shape, specs }: Walk, name: string): Walk {
  const [height, width, channels] = shape;
  switch (layer.kind) {
    case 'conv': {
      const { filters, size, stride = 1, bias = true } = layer;
      const fanIn = size * size * channels;
      const out = (n: number) => Math.floor((n + 2 * Math.floor(size / 2) - size) / stride) + 1;
      return {
        shape: [out(height), out(width), filters],
        specs: [...specs, ...weighted(name, [size, size, channels, filters], fanIn, filters, bias)],
      };
    }
    case 'dense': {
      const fanIn = sizeOf(shape);
      const [kernel, ...rest] = weighted(name, [fanIn, layer.units], fanIn, layer.units, layer.bias ?? false);
      return { shape: [1, 1, layer.units], specs: [...specs, { ...kernel!, flattens: shape }, ...rest] };
    }
    case 'maxPool':
    case 'averagePool':
      return { shape: [Math.floor(height / layer.size), Math.floor(width / layer.size), channels], specs };
    case 'adaptiveAveragePool':
      return { shape: [layer.size, layer.size, channels], specs };
    case 'residual': {
      const body = walk(layer.body, { shape, specs }, `${name}/body/`);
      const shortcut = walk(layer.shortcut, { shape, specs: body.specs }, `${name}/shortcut/`);
      if (String(body.shape) !== String(shortcut.shape))
        throw problem('model', `the two branches of ${name} must have one shape`, [body.shape, shortcut.shape]);
      return shortcut;
    }
    default:
      return { shape, specs };
  }
}

function weighted(name: string, shape: readonly number[], fanIn: number, out: number, bias: boolean): ParameterSpec[] {
  const kernel = { name: `${name}/kernel`, shape, fanIn };
  return bias ? [kernel, { name: `${name}/bias`, shape: [out], fanIn }] : [kernel];
}

/**
 * Seeded weights: every entry U(-1/sqrt(fanIn), 1/sqrt(fanIn)), PyTorch's default. Parameter k draws from the stream
 * `seed + k` in PyTorch's memory order, so the same network can be set up there number by number.
 */
export function initialise(specs: readonly ParameterSpec[], seed: number): NamedArray[] {
  return specs.map((spec, k) => {
    const random = uniformStream(seed + k);
    const bound = 1 / Math.sqrt(spec.fanIn);
    const data = Float32Array.from({ length: sizeOf(spec.shape) }, () => (2 * random() - 1) * bound);
    return { name: spec.name, shape: spec.shape, data: fromTorchOrder(spec, data) };
  });
}
