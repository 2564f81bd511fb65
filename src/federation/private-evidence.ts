import { EXACT } from '../core/evidence.js';
import { trainedOf } from '../core/frozen.js';
import { squaredLength as squares, sum } from '../core/numbers.js';
import { summedEvidence } from '../core/summed-evidence.js';
import type { ClientPrivacy, ClientSettings, Evidence, NamedArray, ObfuscationReport } from '../core/types.js';
import { type Mechanism, mechanismOf, privacyOfTrained } from './private-settings.js';

/**
 * What a server that knows the mechanism derives of private steps from the update and the public settings, tensor by
 * tensor: the noise's standard deviation and whether the scale is lost; frozen ones are exact. See {@link noiseOf} and
 * {@link mayBeShortened}.
 */
export function privateReport(
  tensors: readonly NamedArray[],
  client: ClientSettings,
  privacy: ClientPrivacy,
): ObfuscationReport {
  const trained = trainedOf({ parameters: tensors }, client.frozen);
  const moved = tensors.filter((_, k) => trained[k]);
  const mechanism = mechanismOf(privacyOfTrained(privacy, trained));
  const noises = moved.map(({ data }, k) => noiseOf(data, k, client, mechanism));
  const shortened = mayBeShortened(moved, noises, client, mechanism);
  const each = moved.map((_, k): Evidence => ({ ...EXACT, noise: noises[k]!, scaleUnknown: shortened[k]! })).values();
  const evidence = trained.map((is) => (is ? (each.next().value as Evidence) : EXACT));
  const parameters = parametersOf(privacy);
  const said = Object.entries(parameters).map(([name, value]) => `${name}: ${value}`);
  return { name: `private steps(${said.join(', ')})`, parameters, bitsPerEntry: 32, evidence };
}

/**
 * The same of a mean of clients, some of them private: their noises add in quadrature. No client's update is seen, so
 * their lengths are taken to be alike, sum_c share_c^2 |delta_c|^2 = |mean|^2, and a clip may have shortened any of
 * them.
 */
export function meanOfPrivate(
  tensors: readonly NamedArray[],
  clients: NonNullable<ClientSettings['clients']>,
): ObfuscationReport {
  const shares = clients.map(({ share }) => share);
  const ratio = 1 / Math.hypot(...shares);
  const alone = tensors.map((tensor) => ({ ...tensor, data: tensor.data.map((value) => value * ratio) }));
  const each = clients.map(({ settings }) => settings.privacy && privateReport(alone, settings, settings.privacy));
  const evidence = tensors.map((_, k) =>
    summedEvidence(
      each.map((report, c) => {
        if (!report) return EXACT;
        const { clip } = mechanismOf(clients[c]!.settings.privacy!);
        const own = report.evidence[k]!;
        return own === EXACT ? EXACT : { ...own, scaleUnknown: clip < Number.POSITIVE_INFINITY };
      }),
      shares,
    ),
  );
  const names = new Set(each.map((report) => report?.name ?? 'plain steps'));
  return {
    name: `mean of ${[...names].join(' and ')}`,
    parameters: { clients: clients.length },
    bitsPerEntry: 32,
    evidence,
  };
}

/** Examples of a step that get noise, and local steps. */
function counts({ miniBatch, localSteps }: ClientSettings, { exemptFirst }: Mechanism) {
  return { steps: localSteps, noisy: miniBatch - +exemptFirst, batch: miniBatch };
}

/**
 * Standard deviation of the noise on each entry of delta, a sum of tau steps' means over B examples:
 *
 *     multiplier:  sigma C sqrt(tau) / B
 *     sigma:       sigma sqrt(tau b) / B, over the b examples that get noise
 *     snr:         of variance r sum_i |g_i|^2 / (B^2 n) a step, r = 10^(-snr/10). The server does not see the norms.
 *     It
 *                  sees |observed|^2 = |signal|^2 + noise: where the examples' gradients are orthogonal and the steps'
 *                  alike, the noise's share of it is r / (tau + r), exact for one image and one step; and no more than
 *                  r tau b C^2 / B^2 can come of gradients of norm C.
 */
function noiseOf(observed: Float32Array, k: number, client: ClientSettings, mechanism: Mechanism): number {
  const { clip, noise } = mechanism;
  const { multiplier, sigma, snr } = noise;
  const { steps, noisy, batch } = counts(client, mechanism);
  if (noisy === 0 && multiplier === undefined) return 0;
  if (multiplier !== undefined) return multiplier === 0 ? 0 : (multiplier * clip * Math.sqrt(steps)) / batch;
  if (sigma !== undefined) return ((typeof sigma === 'number' ? sigma : sigma[k]!) * Math.sqrt(steps * noisy)) / batch;
  if (snr === undefined) return 0;
  const ratio = 10 ** (-snr / 10);
  const seen = (squares(observed) * ratio) / (steps + ratio);
  const most = (ratio * steps * noisy * clip ** 2) / batch ** 2;
  return Math.sqrt(Math.min(seen, most) / observed.length);
}

/**
 * Whether a tensor may have been shortened by a factor that nobody is told. One image and one step: not if what is
 * left without the noise is clearly shorter than the bound. Of several examples the mean's length tells nothing of
 * theirs.
 */
function mayBeShortened(
  tensors: readonly NamedArray[],
  noises: readonly number[],
  client: ClientSettings,
  mechanism: Mechanism,
): boolean[] {
  const { clip, scope } = mechanism;
  const { steps, noisy, batch } = counts(client, mechanism);
  if (clip === Number.POSITIVE_INFINITY || noisy === 0) return tensors.map(() => false);
  if (steps > 1 || batch > 1) return tensors.map(() => true);
  const signal = tensors.map(({ data }, k) => squares(data) - data.length * noises[k]! ** 2);
  // of chi-square noise: four standard deviations
  const doubt = tensors.map(
    ({ data }, k) => 4 * noises[k]! * Math.sqrt(2 * data.length * noises[k]! ** 2 + 4 * Math.max(0, signal[k]!)),
  );
  const shorter = (length: number, within: number): boolean => length + within < (CLEARLY * clip) ** 2;
  if (scope === 'example') {
    const all = shorter(sum(signal), Math.hypot(...doubt));
    return tensors.map(() => !all);
  }
  return signal.map((length, k) => !shorter(length, doubt[k]!));
}

/** A length that was cut to the bound is at least this share of it, in spite of rounding. */
const CLEARLY = 0.999;

function parametersOf(privacy: ClientPrivacy): ObfuscationReport['parameters'] {
  const { noise, clip, scope, exemptFirst, noiseMultiplier } = privacy;
  const { multiplier, snr, sigma } = noise ?? {};
  const all = {
    clip,
    scope,
    multiplier,
    snr,
    sigma: Array.isArray(sigma) ? sigma.join(' ') : (sigma as number),
    exemptFirst,
    noiseMultiplier,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number | boolean
  >;
}
