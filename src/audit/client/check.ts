import { checkMatches } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { dot } from '../../core/numbers.js';
import { checkOptions } from '../../core/options.js';
import type { Batch, Model, NamedArray } from '../../core/types.js';
import {
  CLIENT_OPTIONS,
  type ClientOptions,
  checkOneGradient,
  clientSettings,
  isOneGradient,
} from '../../federation/index.js';
import type { Gradients, SentWeights } from '../../models/index.js';
import {
  type Compared,
  furthest,
  gradientOf,
  measured,
  movedBy,
  OF_UPDATE,
  type Real,
  type TensorCheck,
  type Trial,
} from './compare.js';
import { type Neighbour, neighboursOf } from './neighbours.js';

export type { TensorCheck } from './compare.js';

/** A real client's round, as its owner has it: the weights after it, or the gradient that was sent. */
export interface ClientRound {
  /** The weights after the local steps; what was not sent of them (loadSent()) is left out of account. */
  readonly after?: Pick<Model, 'parameters'> & Partial<Pick<SentWeights, 'unsent'>>;
  /** The gradient, of one step of plain SGD on the whole batch; a learning rate means nothing to it. */
  readonly gradients?: Gradients;
  /** The images that the client trained on, in its order, with their labels. */
  readonly batch: Pick<Batch, 'images' | 'labels'>;
  /** What is believed of the client. */
  readonly settings: ClientOptions;
}

/** What {@link checkClient} finds. */
export interface ClientCheck {
  readonly agrees: boolean;
  readonly tensors: readonly TensorCheck[];
  /** The tensor that is furthest off. */
  readonly worst: TensorCheck;
  /** Other clients that agree better, best first; empty where the given one agrees. */
  readonly instead: readonly { readonly says: string; readonly ofUpdate: number; readonly agrees: boolean }[];
  /** One sentence. */
  readonly sentence: string;
}

/**
 * Whether a simulated client is the real one: trains the model on the client's own images as the settings say and
 * compares with the weights it really sent, tensor by tensor. A tensor agrees where |simulated - after| is at most 1e-3
 * |after - before| and rounding: 2.5e-7 |after|, and 1e-6 of the whole update (gradients that are 0 but for it).
 * Weights stored as float16 or bfloat16 are compared as such, and a quarter of half their steps counts as rounding.
 * Where it does not, clients one change away are tried, each also with the learning rate that fits the length of the
 * update (optimizer, momentum, Nesterov, weight decay, label smoothing, batch-norm mode, dropout, input normalisation,
 * pixels, frozen layers, schedule, steps, size and order of mini-batches), until one agrees; then two changes from the
 * three that point best.
 *
 * A gradient is compared as it is, without a learning rate, with rounding of its own size; clients of another factor (a
 * loss that is summed) stand for other learning rates, and other optimizers and steps are left out.
 *
 * An attack's result is a measurement of this client only where they agree.
 * @example
 * const { agrees, sentence } = await rog.checkClient(before,
 *   { after: after, batch: batch, settings: { learningRate: 0.1 } })
 */
export async function checkClient(before: Model, round: ClientRound): Promise<ClientCheck> {
  const { batch, settings } = round;
  checkOptions('checkClient', settings, CLIENT_OPTIONS);
  const real = realOf(before, round);
  if (!batch?.images) throw problem('checkClient', 'needs the images that the client trained on', batch);
  if (real.isGradient) checkOneGradient('checkClient', clientSettings('checkClient', batch.labels.length, settings));
  const client = real.isGradient ? { ...settings, learningRate: 1 } : settings;
  const given = await measured({ model: before, client, batch }, real);
  const worst = furthest(given.tensors);
  const end = (agrees: boolean, sentence: string): ClientCheck => ({
    agrees,
    tensors: given.tensors,
    worst,
    instead: [],
    sentence,
  });
  if (worst.agrees) return end(true, real.sent.includes(false) ? `${AGREES} that it sent` : AGREES);
  const other = otherThing(before, round, real, given);
  if (other) return end(false, other);
  const tried = await neighbours({ model: before, client, batch }, real, given);
  const instead = tried
    .filter(({ ofUpdate, agrees }) => agrees || ofUpdate < worst.ofUpdate / 2)
    .sort((a, b) => Number(b.agrees) - Number(a.agrees) || a.ofUpdate - b.ofUpdate)
    .map(({ says, ofUpdate, agrees }) => ({ says, ofUpdate, agrees }));
  const [best] = instead;
  const off = `${worst.name} is off by ${percent(worst.ofUpdate)} of its update`;
  const away = `the simulated client is not the real one: ${off}`;
  const why = best?.agrees
    ? `; it agrees with ${best.says}`
    : best
      ? `; nearest is ${best.says} (${percent(best.ofUpdate)})`
      : '; no client one change away agrees better: are images, labels and their order the real ones?';
  const short = !best?.agrees && worst.ofUpdate < BY_HALF_PRECISION ? HALF_PRECISION : '';
  return { ...end(false, away + why + short), instead };
}

function realOf(before: Model, { after, gradients }: ClientRound): Real {
  if ((after === undefined) === (gradients === undefined))
    throw problem('checkClient', 'give the weights after the round, or the gradient that was sent', after && 'both');
  const sent = after ? after.parameters : gradients?.tensors;
  checkMatches('checkClient', sent ?? [], before.parameters);
  return after ? movedBy(before, after) : gradientOf(gradients!);
}

type Tried = Neighbour & Compared & Pick<TensorCheck, 'ofUpdate' | 'agrees'>;

/** Of the neighbours that point best, so many are gone on from where none agrees. */
const BEAM = 3;

/** Clients one change away, each with the learning rate that fits; where none agrees, two from the best of them. */
async function neighbours(start: Trial, real: Real, given: Compared): Promise<Tried[]> {
  const tried: (Tried & { readonly from: Neighbour })[] = [];
  const attempt = async (one: Neighbour): Promise<boolean> => {
    const found = await fitted(one, real);
    tried.push({ ...found, from: one });
    return found.agrees;
  };
  const near = (from: Trial): Neighbour[] => neighboursOf(from).filter((one) => !real.isGradient || givesGradient(one));
  for (const one of [...slower(start, given.scale, real), ...still(start, real), ...near(start)])
    if (await attempt(one)) return tried;
  const beam = [...tried].sort((a, b) => a.sine - b.sine).slice(0, BEAM);
  for (const {
    from: { says, model, client, batch },
  } of beam)
    for (const more of near({ model, client, batch }))
      if (await attempt({ ...more, says: `${says} and ${more.says}` })) return tried;
  return tried;
}

const givesGradient = ({ client, batch }: Trial): boolean =>
  isOneGradient(clientSettings('checkClient', batch.labels.length, client));

/** Times that a learning rate is fitted: exact at once for one step of SGD. */
const FITS = 3;
/** Sine of the angle above which another learning rate is no explanation. */
const FAR = 0.5;

/** A client as it is, and where it does not agree with the learning rate that gives an update of the right length. */
async function fitted(one: Neighbour, real: Real): Promise<Tried> {
  const measure = async (neighbour: Neighbour): Promise<Tried> => {
    const found = await measured(neighbour, real);
    const { ofUpdate, agrees } = furthest(found.tensors);
    return { ...neighbour, ...found, ofUpdate, agrees };
  };
  let best = await measure(one);
  for (let n = 0, last = best; n < FITS && !best.agrees && last.sine < FAR; n++) {
    const [next] = slower(last, last.scale, real);
    if (!next) break;
    const isRate = one.says.startsWith(rateWords(real));
    last = await measure({ ...next, says: isRate ? next.says : `${one.says} and ${next.says}` });
    if (!last.agrees && last.sine > best.sine) break;
    best = last;
  }
  return best;
}

const rateWords = ({ isGradient }: Real): string => (isGradient ? 'its gradients divided by' : 'learning rate');

/** The learning rate by which the simulated update would have the length of the real one. */
function slower({ model, client, batch }: Trial, scale: number, real: Real): Neighbour[] {
  const now = client.learningRate ?? 0.003;
  const near = roundish(now * scale);
  const learningRate = near === now ? Number((now * scale).toPrecision(4)) : near;
  const differs = scale > 0 && Number.isFinite(scale) && Math.abs(scale - 1) > OF_UPDATE / 4;
  const isSum = real.isGradient && learningRate > 1 && learningRate === batch.labels.length;
  const says = `${rateWords(real)} ${learningRate}${isSum ? ' (a loss summed over the images?)' : ''}`;
  return differs ? [{ says, model, batch, client: { ...client, learningRate } }] : [];
}

/** A number of as few digits as are within 0.5 % of it, else of four. */
function roundish(value: number): number {
  const candidates = [1, 2, 3, 4].map((digits) => Number(value.toPrecision(digits)));
  return candidates.find((one) => Math.abs(one - value) <= 0.005 * value) ?? value;
}

/** A client that has frozen exactly what did not move. */
function still({ model, batch, client: { privacy, ...client } }: Trial, { moved }: Real): Neighbour[] {
  const unmoved = model.parameters.filter((_, k) => moved[k]!.every((value) => value === 0));
  if (privacy || unmoved.length === 0 || unmoved.length === model.parameters.length) return [];
  const frozen = unmoved.map(({ name }) => name);
  return [{ says: `frozen ${frozen.join(', ')}`, model, batch, client: { ...client, frozen } }];
}

/** Cosine of the weights before and after a round below which they are not those of one network in training. */
const ALIKE = 0.5;

/** What was given for the weights after the round, or for the gradient, where it is neither. */
function otherThing(
  { parameters }: Model,
  { after, gradients }: ClientRound,
  { sent }: Real,
  { cosine }: Compared,
): string | undefined {
  const [was, is] = [parameters, after?.parameters ?? gradients!.tensors].map((all) => all.filter((_, k) => sent[k]));
  const alike = cosineOf(was!, is!);
  if (after) return alike < ALIKE ? OTHER : undefined;
  return alike > ALIKE ? WEIGHTS : cosine < -ALIKE ? AGAINST : undefined;
}

/** NaN where one of both is zero. */
function cosineOf(a: readonly NamedArray[], b: readonly NamedArray[]): number {
  const dots = (x: readonly NamedArray[], y: readonly NamedArray[]): number =>
    x.reduce((sum, { data }, k) => sum + dot(data, y[k]!.data), 0);
  return dots(a, b) / Math.sqrt(dots(a, a) * dots(b, b));
}

const OTHER =
  'the weights after the round are not those before it, moved: are they a gradient, a difference, or of another run? ' +
  'The whole state after the local steps is needed; a gradient is given as gradients';
const WEIGHTS = 'the gradients are like the weights before the round: are they those after it? Give them as after';
const AGAINST = 'the gradients point away from those of the simulated client: are they a difference, after - before?';

const AGREES = 'the simulated client is the real one, to float precision in every tensor';

/** As far off as a client is that computes in 16 bits: PyTorch's autocast, three networks, a tensor .4 to 15 %. */
const BY_HALF_PRECISION = 0.2;

const HALF_PRECISION =
  '; a client that computes in 16 bits (autocast, half()) is off by so much: record a round of it in float32';

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
