import type { Layer, Model, Observation } from '../../core/types.js';
import { someLayer } from '../../models/index.js';

/** Layers whose slope jumps where pre-activations usually are. */
const KINKED: readonly Layer['kind'][] = [
  ...(['relu', 'relu6', 'hardtanh', 'leakyRelu', 'prelu', 'maxPool', 'hardsigmoid'] as const),
  ...(['abs', 'hardshrink', 'softshrink'] as const),
];

/** Layers that mix neighbouring pixels. */
const SPATIAL: readonly Layer['kind'][] = ['conv', 'patchEmbedding', 'maxPool', 'averagePool', 'attention', 'resize'];

const has = ({ layers }: Model, kinds: readonly Layer['kind'][]): boolean =>
  someLayer(layers, ({ kind }) => kinds.includes(kind));

/** Whether the slope of a network jumps: gradient matching then has kinks to settle in. */
export const isKinked = (model: Model): boolean => has(model, KINKED);

/** Every neuron of the first layer sees every pixel. */
export const seesAll = ({ model }: Pick<Observation, 'model'>): boolean => !has(model, SPATIAL);
