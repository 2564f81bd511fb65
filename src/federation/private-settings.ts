import { problem } from '../core/errors.js';
import { checked, flag, type Option, type OptionTable, real, schemaOf, word } from '../core/option-table.js';
import type { ClientPrivacy, Model, StepNoise } from '../core/types.js';

const deviation = real('');

const sigmas: Option<number | readonly number[]> = {
  about: "standard deviation on each example's gradient, one number or one for each tensor",
  schema: { anyOf: [deviation.schema, { type: 'array', items: deviation.schema }] },
  check: (where, name, value) => {
    if (!Array.isArray(value)) deviation.check(where, name, value);
    else for (const [k, one] of value.entries()) deviation.check(where, `${name}[${k}]`, one);
  },
};

const NOISE = {
  multiplier: real('of the clip, on the sum over the examples'),
  snr: real("dB, against each example's clipped tensor", undefined, { from: -300, to: 300 }),
  sigma: sigmas,
  stream: word('where the numbers come from', ['ziggurat', 'box-muller'], 'ziggurat'),
} satisfies OptionTable<StepNoise>;

const SIZES = ['multiplier', 'snr', 'sigma'] as const;

const noiseOption: Option<StepNoise> = {
  about: 'on each step',
  schema: schemaOf(NOISE),
  check: (where, name, value) => {
    const noise = checked(`${where} ${name}`, value as StepNoise, NOISE);
    const sizes = SIZES.filter((size) => noise[size] !== undefined);
    if (sizes.length !== 1)
      throw problem(where, `${name} must have exactly one of ${SIZES.join(', ')}`, sizes.join(' and ') || 'none');
  },
};

const positive = (name: string): Option<number> => real(name, undefined, { open: true });

/** Privacy of the steps. */
export const PRIVACY_TABLE = {
  clip: positive("norm to which every example's gradient is shortened"),
  scope: word('of what the norm is taken', ['example', 'tensor'], 'example'),
  noise: noiseOption,
  exemptFirst: flag("the authors' slip: the first example of a mini-batch is left alone", false),
  noiseMultiplier: real('the old form of noise'),
} satisfies OptionTable<ClientPrivacy>;

/**
 * Refuses privacy settings that say nothing that can be done; they stay as they were written, see {@link mechanismOf}.
 * @throws unknown options, numbers out of range, two forms or sizes of noise, noise in units of a clip that is not
 * there
 */
export function checkPrivacy(where: string, privacy: ClientPrivacy, model?: Pick<Model, 'parameters'>): ClientPrivacy {
  if (typeof privacy !== 'object' || privacy === null)
    throw problem(where, 'privacy must be { clip, noise, ... }', privacy, 'privacy: { clip: 2, noise: { snr: 0 } }');
  for (const [name, option] of Object.entries(PRIVACY_TABLE)) {
    const value = privacy[name as keyof ClientPrivacy];
    if (value !== undefined) option.check(where, `privacy.${name}`, value);
  }
  checked(`${where} privacy`, privacy, PRIVACY_TABLE);
  const { clip, noise, noiseMultiplier } = privacy;
  if (noise && noiseMultiplier !== undefined)
    throw problem(where, 'privacy has noise or noiseMultiplier, its old form, not both', noiseMultiplier);
  if (clip === undefined && (noise?.multiplier !== undefined || noiseMultiplier !== undefined)) {
    const fix = 'give clip, or noise: { sigma }';
    throw problem(where, 'noise by a multiplier is in units of privacy.clip', undefined, fix);
  }
  if (clip === undefined && noise === undefined)
    throw problem(where, 'privacy needs a clip, a noise or both', privacy, 'leave privacy out for plain steps');
  const count = model?.parameters.length;
  if (Array.isArray(noise?.sigma) && count !== undefined && noise.sigma.length !== count)
    throw problem(
      where,
      `privacy.noise.sigma needs one number, or one for each of ${count} tensors`,
      noise.sigma.length,
    );
  return privacy;
}

/** What privacy settings mean, without gaps and old forms. */
export interface Mechanism {
  /** Infinity: nothing is shortened. */
  readonly clip: number;
  readonly scope: 'example' | 'tensor';
  readonly noise: StepNoise;
  readonly exemptFirst: boolean;
}

export function mechanismOf(privacy: ClientPrivacy): Mechanism {
  const { clip = Number.POSITIVE_INFINITY, scope = 'example', exemptFirst = false, noiseMultiplier } = privacy;
  const old = {
    multiplier: noiseMultiplier ?? 0,
    stream: noiseMultiplier === undefined ? 'ziggurat' : 'box-muller',
  } as const;
  return { clip, scope, noise: privacy.noise ?? old, exemptFirst };
}

/** The settings for the trained tensors alone; a list of noises has one for each tensor of the model. */
export function privacyOfTrained(privacy: ClientPrivacy, trained: readonly boolean[]): ClientPrivacy {
  const { noise } = privacy;
  const sigma = noise?.sigma;
  if (typeof sigma !== 'object') return privacy;
  return { ...privacy, noise: { ...noise, sigma: sigma.filter((_, k) => trained[k]) } };
}

/** Whether the steps' images must be a Poisson sample: where an epsilon is accounted for. */
export const isAccounted = ({ noise, noiseMultiplier }: ClientPrivacy): boolean =>
  noiseMultiplier !== undefined || noise?.multiplier !== undefined;

/**
 * sigma of the Gaussian mechanism that privacy settings amount to, per step and example: noise of sigma C on the sum
 * of gradients of norm C. With K tensors clipped one by one the whole gradient has norm C sqrt(K), so it is sigma /
 * sqrt(K). 0: no epsilon follows (no noise, noise that depends on the gradients, constant noise of unknown
 * sensitivity, an example left alone).
 */
export function multiplierOf(privacy: ClientPrivacy, tensors: number): number {
  const { scope, noise, exemptFirst } = mechanismOf(privacy);
  if (exemptFirst || noise.multiplier === undefined) return 0;
  return scope === 'tensor' ? noise.multiplier / Math.sqrt(tensors) : noise.multiplier;
}
