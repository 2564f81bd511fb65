import { problem } from '../core/errors.js';
import { checkOptions, oneOf } from '../core/options.js';
import type { BatchNormLayer, DropoutLayer, Layer, Model } from '../core/types.js';

export type BatchNormMode = NonNullable<BatchNormLayer['mode']>;
export type DropoutMask = NonNullable<DropoutLayer['mask']>;

/** How the layers that differ between training and evaluation work. */
export interface Modes {
  readonly batchNorm?: BatchNormMode;
  readonly dropout?: DropoutMask;
}

/** Every layer, those inside branches included, inner ones first. */
export const mapLayers = (layers: readonly Layer[], change: (layer: Layer) => Layer): Layer[] =>
  layers.map((layer) => {
    if (layer.kind === 'residual')
      return change({ ...layer, body: mapLayers(layer.body, change), shortcut: mapLayers(layer.shortcut, change) });
    if (layer.kind === 'branches')
      return change({ ...layer, branches: layer.branches.map((branch) => mapLayers(branch, change)) });
    if (layer.kind === 'graph') {
      const nodes = layer.nodes.map((node) => ({ ...node, layers: mapLayers(node.layers, change) }));
      return change({ ...layer, nodes });
    }
    return change(layer);
  });

/** Whether any layer, those inside branches included, is so. */
export function someLayer(layers: readonly Layer[], is: (layer: Layer) => boolean): boolean {
  let found = false;
  mapLayers(layers, (layer) => {
    found ||= is(layer);
    return layer;
  });
  return found;
}

/** The layers with other modes. @throws a mode of layers that are not there */
export function layersWithModes(where: string, layers: readonly Layer[], { batchNorm, dropout }: Modes): Layer[] {
  if (batchNorm !== undefined) oneOf(where, 'batchNorm', batchNorm, ['eval', 'train']);
  if (dropout !== undefined) oneOf(where, 'dropout', dropout, ['off', 'known', 'unknown']);
  for (const [kind, mode] of Object.entries({ batchNorm, dropout }))
    if (mode !== undefined && !someLayer(layers, (layer) => layer.kind === kind))
      throw problem(where, `has no ${kind} layer whose mode could be set`, mode);
  return mapLayers(layers, (layer) => {
    if (layer.kind === 'batchNorm' && batchNorm) return { ...layer, mode: batchNorm };
    if (layer.kind === 'dropout' && dropout) return { ...layer, mask: dropout };
    return layer;
  });
}

/**
 * The same network with its batch-norm layers in evaluation or training mode, or its dropout layers with masks that are
 * off, known or unknown to the server; parameters and running statistics stay.
 * @example const training = rog.nets.withModes(rog.nets.resnet18(), { batchNorm: 'train' })
 */
export function withModes(model: Model, modes: Modes): Model {
  checkOptions('withModes', modes, ['batchNorm', 'dropout']);
  return { ...model, layers: layersWithModes('withModes', model.layers, modes) };
}

const drawsOf = (layer: Layer): boolean =>
  layer.kind === 'bottleneck' || (layer.kind === 'dropout' && (layer.mask ?? 'off') !== 'off' && layer.rate > 0);

/** Whether some layer draws numbers: a dropout mask, a bottleneck's noise. */
export const draws = ({ layers }: Pick<Model, 'layers'>): boolean => someLayer(layers, drawsOf);

/** The same network as it is evaluated: running statistics, no dropout. */
export const inEvaluation = (model: Model): Model => ({
  ...model,
  layers: mapLayers(model.layers, (layer) => {
    if (layer.kind === 'batchNorm') return { ...layer, mode: 'eval' };
    return layer.kind === 'dropout' ? { ...layer, mask: 'off' } : layer;
  }),
});

/** How batch normalisation works; `train` where one layer does so, undefined where there is none. */
export const batchNormMode = ({ layers }: Pick<Model, 'layers'>): BatchNormMode | undefined =>
  mixesExamples({ layers }) ? 'train' : someLayer(layers, ({ kind }) => kind === 'batchNorm') ? 'eval' : undefined;

/** Whether the images of a batch see each other, through the batch's statistics. */
export const mixesExamples = ({ layers }: Pick<Model, 'layers'>): boolean =>
  someLayer(layers, (layer) => layer.kind === 'batchNorm' && (layer.mode ?? 'train') === 'train');
