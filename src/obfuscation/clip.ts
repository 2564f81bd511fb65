import { scaled } from '../core/evidence.js';
import { checked, needed, type OptionTable, real, word } from '../core/option-table.js';
import type { Evidence, NamedArray, Obfuscation } from '../core/types.js';
import { operator } from './operator.js';
import { LAYER_SCOPES, type LayerScope, norms, perScope } from './scope.js';

/** Options of {@link clip}. */
export interface ClipOptions {
  /** Largest Euclidean norm that is let through, > 0. */
  readonly norm: number;
  /** 'update' (default, as in DP-SGD): one factor for all tensors; 'layer' or 'tensor': one each. */
  readonly scope?: LayerScope;
}

const OPTIONS = {
  norm: needed(real('largest Euclidean norm', undefined, { open: true })),
  scope: word('one factor for all tensors, or one each', LAYER_SCOPES, 'update'),
} satisfies OptionTable<ClipOptions>;

/**
 * q(g) = g min(1, C / ||g||), C = `norm`. The norm of the result never exceeds C, float32 rounding included.
 *
 * Cost: that of its input. Evidence: `scaleUnknown` where the observed norm reaches C (to 1e-6), for then the factor
 * cannot be known; below C nothing was lost. Earlier bounds and noise shrink with the values,
 * except noise of an announced `sigma`, which is then only an upper bound.
 * Source: Abadi et al. 2016, algorithm 1.
 * @throws norm not above 0; unknown options; NaN or infinite entries
 * @example rog.phi.compose([rog.phi.clip({ norm: 1 }), rog.phi.gaussianNoise({ sigma: 0.01 })])
 */
export function clip(options: ClipOptions): Obfuscation {
  const { norm, scope } = checked('clip', options, OPTIONS);
  return operator('clip', { norm, scope }, scope === 'update' ? ['norm'] : ['norm', 'scope'], (tensors, context) => {
    const wanted = perScope(tensors, scope, norms.l2).map((size) => (size > norm ? norm / size : 1));
    const rounded = perScope(multiplied(tensors, wanted), scope, norms.l2);
    const factors = wanted.map((factor, t) => (rounded[t]! > norm ? factor * ROUNDING : factor));
    const observed = multiplied(tensors, factors);
    const sizes = perScope(observed, scope, norms.l2);
    const values = observed.map(({ data }) => data);
    return {
      values,
      evidence: context.before.map((e, t) =>
        shrink(e, factors[t]!, sizes[t]! >= norm * (1 - 1e-6), context.message.absoluteNoise),
      ),
      message: context.message,
    };
  });
}

const multiplied = (tensors: readonly NamedArray[], factors: readonly number[]): NamedArray[] =>
  tensors.map((tensor, t) => ({ ...tensor, data: tensor.data.map((g) => g * factors[t]!) }));

/** Rounding to float32 (half a unit in the last place at most) may lift the norm above C; this much less does not. */
const ROUNDING = 1 - 2 ** -23;

const shrink = (before: Evidence, factor: number, mayHaveActed: boolean, absoluteNoise = false): Evidence => ({
  ...scaled(before, factor),
  // An announced sigma times the factor would tell the factor: sigma itself is the bound that the server knows.
  ...(absoluteNoise && { noise: before.noise }),
  scaleUnknown: before.scaleUnknown || mayHaveActed,
});
