import type { Layer, Observation } from '../../core/types.js';
import { someLayer } from '../../models/index.js';

/** Layers that mix neighbouring pixels. */
const SPATIAL: readonly Layer['kind'][] = ['conv', 'patchEmbedding', 'maxPool', 'averagePool', 'attention', 'resize'];

/** Every neuron of the first layer sees every pixel. */
export const seesAll = ({ model }: Pick<Observation, 'model'>): boolean =>
  !someLayer(model.layers, ({ kind }) => SPATIAL.includes(kind));
