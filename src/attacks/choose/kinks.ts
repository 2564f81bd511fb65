import type { Layer, Model, Observation } from '../../core/types.js';
import { isKinked, someLayer } from '../../models/index.js';

/** Layers that mix neighbouring pixels. */
const SPATIAL: readonly Layer['kind'][] = ['conv', 'patchEmbedding', 'maxPool', 'averagePool', 'attention', 'resize'];

/** Whether the slope of a network jumps: gradient matching then has kinks to settle in. */
export const hasKinks = ({ layers }: Model): boolean => someLayer(layers, isKinked);

/** Every neuron of the first layer sees every pixel. */
export const seesAll = ({ model }: Pick<Observation, 'model'>): boolean =>
  !someLayer(model.layers, ({ kind }) => SPATIAL.includes(kind));
