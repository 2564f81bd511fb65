import { problem } from '../core/errors.js';
import { noised } from '../core/evidence.js';
import { checked, type OptionTable, real, word } from '../core/option-table.js';
import type { NamedArray, Obfuscation } from '../core/types.js';
import { operator, type Parameters } from './operator.js';
import { LAYER_SCOPES, type LayerScope, perScope, squaredNorm } from './scope.js';

/** Options of the noises: exactly one of `sigma` and `snr`. */
export interface NoiseOptions {
  /** Standard deviation of the noise on each entry, >= 0. */
  readonly sigma?: number;
  /** Signal-to-noise ratio in dB: 10 log10(||g||^2 / E||noise||^2). */
  readonly snr?: number;
  /** Over what the SNR is taken: 'update' (default, as the paper), each 'layer' or each 'tensor'. */
  readonly scope?: LayerScope;
}

const OPTIONS = {
  sigma: real('standard deviation of the noise on each entry'),
  snr: real('signal-to-noise ratio in dB', undefined, { from: -300, to: 300 }),
  scope: word('over what the ratio is taken', LAYER_SCOPES, 'update'),
} satisfies OptionTable<NoiseOptions>;

/** Additive noise of any law, given as a stream of zero-mean, unit-variance numbers. */
export function noise(verb: string, options: NoiseOptions, unit: (seed: number) => () => number): Obfuscation {
  const { sigma, snr, scope } = checked(verb, options, OPTIONS);
  if ((sigma === undefined) === (snr === undefined))
    throw problem(verb, 'give either sigma or snr (dB)', sigma === undefined ? 'neither' : 'both');
  const parameters: Parameters = sigma === undefined ? { snr: snr!, scope } : { sigma };
  return operator(
    verb,
    parameters,
    scope === 'update' ? ['sigma', 'snr'] : ['sigma', 'snr', 'scope'],
    (tensors, context) => {
      const ratio = 10 ** ((snr ?? 0) / 10);
      const deviations = (of: readonly NamedArray[], powerRatio: number): number[] =>
        sigma === undefined ? meanPowers(of, scope).map((p) => Math.sqrt(p / powerRatio)) : of.map(() => sigma);
      const sigmas = deviations(tensors, ratio);
      const next = unit(context.seed);
      const values = tensors.map(({ data }, t) => data.map((g) => g + sigmas[t]! * next()));
      const observed = tensors.map((tensor, t) => ({ ...tensor, data: values[t]! }));
      // The server does not see ||g||, but E||observed||^2 = E||noise||^2 (1 + ratio).
      const derived = deviations(observed, 1 + ratio);
      return {
        values,
        evidence: context.before.map((e, t) => noised(e, derived[t]!)),
        message: { valueBits: 32, headers: 0, ...(sigma !== undefined && { absoluteNoise: true }) },
      };
    },
  );
}

/** ||g||^2 / n of each tensor's scope. */
const meanPowers = (tensors: readonly NamedArray[], scope: LayerScope): number[] =>
  perScope(
    tensors,
    scope,
    (group) =>
      squaredNorm(group) /
      Math.max(
        1,
        group.reduce((n, data) => n + data.length, 0),
      ),
  );
