import { checkOptions, integer, oneOf } from '../core/options.js';
import type { Model } from '../core/types.js';
import { network } from './build.js';

/** Options of {@link twoLayer}. */
export interface TwoLayerOptions {
  /** Unknowns of one sample; default 2. */
  readonly inputs?: number;
  /** Hidden neurons m; default 5. */
  readonly hidden?: number;
  /** Outputs; default 2. */
  readonly classes?: number;
  /** sigma; default 'sigmoid'. */
  readonly activation?: 'sigmoid' | 'tanh' | 'softplus' | 'relu';
  readonly seed?: number;
}

/**
 * The talk's network f(x; V, c) = 1/sqrt(m) sum_r c_r sigma(v_r^T x): x has `inputs` unknowns (a [1, 1, inputs]
 * "image"), the gradient with respect to V gives inputs * m equations for them.
 */
export function twoLayer(options: TwoLayerOptions = {}): Model {
  checkOptions('twoLayer', options, ['inputs', 'hidden', 'classes', 'activation', 'seed']);
  const { inputs = 2, hidden = 5, classes = 2, activation = 'sigmoid', seed = 1 } = options;
  integer('twoLayer', 'inputs', inputs, 1);
  integer('twoLayer', 'hidden', hidden, 1);
  oneOf('twoLayer', 'activation', activation, ['sigmoid', 'tanh', 'softplus', 'relu']);
  return network({
    name: 'twoLayer',
    imageShape: [1, 1, inputs],
    classes,
    seed,
    layers: [
      { kind: 'dense', units: hidden },
      { kind: activation },
      { kind: 'scale', factor: 1 / Math.sqrt(hidden) },
      { kind: 'dense', units: classes },
    ],
  });
}
