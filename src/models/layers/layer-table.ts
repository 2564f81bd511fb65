import type { Layer } from '../../core/types.js';
import { elu, functions, gelu, hardshrink, hardtanh, leakyRelu, prelu, softshrink } from './activations.js';
import { bottleneck } from './bottleneck.js';
import { branches, graph, residual } from './branching.js';
import { dropout, flatten, normalize, scale } from './fixed.js';
import { scaleChannels, shiftChannels } from './learned-channels.js';
import { batchNorm, groupNorm, instanceNorm, layerNorm } from './normalisation.js';
import { adaptive, averagePool, globalAverage, maxPool, poolChannels } from './pooling.js';
import { pad, reshape, resized, shuffleChannels, takeChannels } from './rearranging.js';
import { depthToSpace, spaceToDepth } from './rearranging-blocks.js';
import { attention, classToken, patchEmbedding, positions, takeToken } from './tokens.js';
import type { Of, Rule } from './types.js';
import { conv, dense } from './weighted.js';

/** Kind of layer -> everything about it. */
const RULES: { readonly [K in Layer['kind']]: Rule<Of<K>> } = {
  ...functions,
  leakyRelu,
  hardtanh,
  hardshrink,
  softshrink,
  prelu,
  elu,
  gelu,
  conv,
  dense,
  patchEmbedding,
  maxPool,
  averagePool,
  adaptiveAveragePool: adaptive,
  globalAveragePool: globalAverage,
  poolChannels,
  batchNorm,
  groupNorm,
  layerNorm,
  instanceNorm,
  scale,
  normalize,
  flatten,
  pad,
  shuffleChannels,
  takeChannels,
  reshape,
  resize: resized,
  depthToSpace,
  spaceToDepth,
  scaleChannels,
  shiftChannels,
  dropout,
  bottleneck,
  classToken,
  positions,
  attention,
  takeToken,
  residual,
  branches,
  graph,
};

export const kinds = Object.keys(RULES) as Layer['kind'][];

export const ruleOf = ({ kind }: Layer): Rule => RULES[kind] as unknown as Rule;
