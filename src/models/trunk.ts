import { problem } from '../core/errors.js';
import type { Layer, Model } from '../core/types.js';
import type { Tensor, Tensor4D } from '../engine/index.js';
import { type NetworkOptions, readyMade } from './build.js';
import { layerOutputs } from './forward.js';

interface Design {
  readonly widths: readonly number[];
  readonly activation: Layer;
}

/** Two networks that differ in width, depth, activation and seed: what one calls alike, the other may not. */
const DESIGNS = {
  trunk: { widths: [32, 64, 96, 128, 128], activation: { kind: 'relu' } },
  'trunk-loss': { widths: [24, 48, 72, 96], activation: { kind: 'leakyRelu', slope: 0.1 } },
} as const satisfies Record<string, Design>;

/** Which trunk: `trunk` scores, `trunk-loss` only trains the restorer, so that a score never judges its own loss. */
export type TrunkName = keyof typeof DESIGNS;

/** Convolution 3x3 and activation a stage, average pooling by 2 between; global average and a dense layer. */
const layersOf = ({ widths, activation }: Design, classes: number): Layer[] => [
  ...widths.flatMap((filters, stage): Layer[] => [
    ...(stage > 0 ? [{ kind: 'averagePool', size: 2 } as const] : []),
    { kind: 'conv', filters, size: 3 },
    activation,
  ]),
  { kind: 'adaptiveAveragePool', size: 1 },
  { kind: 'dense', units: classes, bias: true },
];

/**
 * The architecture of a perceptual trunk, as a classifier with seeded initial weights: a small VGG-like network of 5
 * (`trunk`: 32-64-96-128-128, ReLU) or 4 stages (`trunk-loss`: 24-48-72-96, leaky ReLU). The trained ones:
 * shippedModel().
 */
export const trunk = (options: NetworkOptions = {}, name: TrunkName = 'trunk'): Model =>
  readyMade(name, (classes) => layersOf(DESIGNS[name], classes), options);

/** Smallest height and width that leave one pixel at the last stage: 16 for five stages, 8 for four. */
export const trunkMinimum = (model: Pick<Model, 'layers'>): number =>
  2 ** model.layers.filter(({ kind }) => kind === 'averagePool').length;

/**
 * The activations of every stage of a trunk, finest first, as a pure differentiable function of (parameters, images):
 * [batch, h, w, 32], [batch, h/2, w/2, 64], ... for images [batch, h, w, 3] in [0, 1] of any size from
 * `trunkMinimum` on. Use inside compile(), with the trunk's parameters as constants.
 * @throws images that are too small or not of three channels
 */
export function trunkStages(model: Pick<Model, 'name' | 'layers'>) {
  const values = layerOutputs({ layers: model.layers.slice(0, -2) });
  const stages = model.layers.flatMap(({ kind }, k) => (kind === 'conv' ? [k + 1] : []));
  const least = trunkMinimum(model);
  return (parameters: readonly Tensor[], images: Tensor): Tensor4D[] => {
    const [, height, width, channels] = images.shape;
    if (images.rank !== 4 || channels !== 3 || Math.min(height!, width!) < least)
      throw problem(model.name, `takes images [batch, h, w, 3] of at least ${least} x ${least} pixels`, images.shape);
    const all = values(parameters, images);
    return stages.map((k) => all[k] as Tensor4D);
  };
}
