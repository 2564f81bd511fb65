import { checkOptions, number, oneOf } from '../core/options.js';
import type { Evidence, Obfuscation } from '../core/types.js';
import { operator } from './operator.js';
import { norms, perScope, SCOPES, type Scope } from './scope.js';

/** Options of {@link clip}. */
export interface ClipOptions {
  /** Largest Euclidean norm that is let through, > 0. */
  readonly norm: number;
  /** 'update' (default, as in DP-SGD): one factor for all tensors; 'tensor': one each. */
  readonly scope?: Scope;
}

/**
 * q(g) = g min(1, C / ||g||), C = `norm`.
 *
 * Cost: that of its input. Evidence: `scaleUnknown` where the observed norm reaches C (to 1e-6), for then the factor cannot be
 * known; below C nothing was lost. Earlier bounds and noise shrink with the values,
 * except noise of an announced `sigma`, which is then only an upper bound.
 * Errors: norm not above 0; unknown options; NaN or infinite entries. Source: Abadi et al. 2016, algorithm 1.
 * @example compose([clip({ norm: 1 }), gaussianNoise({ sigma: 0.01 })])
 */
export function clip(options: ClipOptions): Obfuscation {
  checkOptions('clip', options, ['norm', 'scope']);
  const { norm, scope = 'update' } = options;
  number('clip', 'norm', norm, 0, Number.POSITIVE_INFINITY, true);
  oneOf('clip', 'scope', scope, SCOPES);
  return operator('clip', { norm, scope }, scope === 'update' ? ['norm'] : ['norm', 'scope'], (tensors, context) => {
    const factors = perScope(tensors, scope, norms.l2).map((size) => (size > norm ? norm / size : 1));
    const values = tensors.map(({ data }, t) => data.map((g) => g * factors[t]!));
    const observed = tensors.map((tensor, t) => ({ ...tensor, data: values[t]! }));
    const sizes = perScope(observed, scope, norms.l2);
    return {
      values,
      evidence: context.before.map((e, t) =>
        shrink(e, factors[t]!, sizes[t]! >= norm * (1 - 1e-6), context.message.absoluteNoise),
      ),
      message: context.message,
    };
  });
}

const shrink = (before: Evidence, factor: number, mayHaveActed: boolean, absoluteNoise = false): Evidence => ({
  tolerance: before.tolerance * factor,
  zeroTolerance: before.zeroTolerance * factor,
  // An announced sigma times the factor would tell the factor: sigma itself is the bound that the server knows.
  noise: absoluteNoise ? before.noise : before.noise * factor,
  signOnly: before.signOnly,
  scaleUnknown: before.scaleUnknown || mayHaveActed,
});
