import type { Layer, Model } from '../core/types.js';
import { someLayer } from './modes.js';

const KINKED: ReadonlySet<Layer['kind']> = new Set([
  ...(['relu', 'relu6', 'hardtanh', 'leakyRelu', 'prelu', 'maxPool', 'hardsigmoid'] as const),
  ...(['abs', 'hardshrink', 'softshrink'] as const),
]);

/** Whether the slope of a layer jumps where its inputs usually are: relu and its kin, the largest of several. */
export function isKinked(layer: Layer): boolean {
  if (layer.kind === 'branches') return layer.join === 'max';
  if (layer.kind === 'graph') return layer.nodes.some(({ join }) => join === 'max');
  return layer.kind === 'poolChannels' ? layer.by === 'max' : KINKED.has(layer.kind);
}

/** Whether the slope of a network jumps: gradient matching then has kinks to settle in. */
export const hasKinks = ({ layers }: Pick<Model, 'layers'>): boolean => someLayer(layers, isKinked);
