import { checkMatches } from '../../core/arrays.js';
import { problem } from '../../core/errors.js';
import { dot } from '../../core/numbers.js';
import { checkOptions } from '../../core/options.js';
import type { Batch, Model, NamedArray } from '../../core/types.js';
import { CLIENT_OPTIONS, type ClientOptions, clientUpdate } from '../../federation/index.js';
import { type Neighbour, neighboursOf } from './neighbours.js';

/** A real client's round, as its owner has it. */
export interface ClientRound {
  /** The weights after the local steps. */
  readonly after: Pick<Model, 'parameters'>;
  /** The images that the client trained on, in its order, with their labels. */
  readonly batch: Pick<Batch, 'images' | 'labels'>;
  /** What is believed of the client. */
  readonly settings: ClientOptions;
}

/** How far a simulated tensor is from the real one. */
export interface TensorCheck {
  readonly name: string;
  /** |simulated after - after| / |after - before|: the error of the update. */
  readonly ofUpdate: number;
  /** |simulated after - after| / |after|. */
  readonly ofWeights: number;
  /** To float precision, see {@link checkClient}. */
  readonly agrees: boolean;
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

/** Float32 steps of the client and of the simulation: relative error of the update that they may leave. */
const OF_UPDATE = 1e-3;
/** Rounding of the stored weights. */
const OF_WEIGHTS = 2.5e-7;
/** Rounding beside the whole update: what a tensor moves by whose gradient is 0 but for it. */
const OF_WHOLE = 1e-6;

/**
 * Whether a simulated client is the real one: trains the model on the client's own images as the settings say and
 * compares with the weights it really sent, tensor by tensor. A tensor agrees where |simulated - after| is at most 1e-3
 * |after - before| and rounding: 2.5e-7 |after|, and 1e-6 of the whole update (gradients that are 0 but for it). Where
 * it does not, clients one change away are tried, each also with the learning rate that fits the length of the update
 * (optimizer, momentum, Nesterov, weight decay, batch-norm mode, dropout, input normalisation, pixels, frozen layers,
 * schedule, steps, size and order of mini-batches), until one agrees; then two changes from the three that point best.
 * An attack's result is a measurement of this client only where they agree.
 * @example
 * const { agrees, sentence } = await rog.checkClient(before,
 *   { after: after, batch: batch, settings: { learningRate: 0.1 } })
 */
export async function checkClient(before: Model, { after, batch, settings }: ClientRound): Promise<ClientCheck> {
  checkOptions('checkClient', settings, CLIENT_OPTIONS);
  checkMatches('checkClient', after?.parameters ?? [], before.parameters);
  if (!batch?.images) throw problem('checkClient', 'needs the images that the client trained on', batch);
  const given = await measured(before, settings, before, { after, batch });
  const worst = furthest(given.tensors);
  if (worst.agrees) return { agrees: true, tensors: given.tensors, worst, instead: [], sentence: AGREES };
  if (isOther(before, after)) return { agrees: false, tensors: given.tensors, worst, instead: [], sentence: OTHER };
  const tried = await neighbours({ model: before, client: settings, batch }, before, after, given);
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
  return { agrees: false, tensors: given.tensors, worst, instead, sentence: away + why };
}

/** A client compared with the real one; for Adam as far as rounding leaves something to compare. */
async function measured(...[model, client, before, round]: Parameters<typeof compared>): Promise<Compared> {
  const given = await compared(model, client, before, round);
  if (furthest(given.tensors).agrees || !isAdaptive(client)) return given;
  return withRounding(given, await compared(model, client, before, { ...round, batch: nudged(round.batch) }));
}

const isAdaptive = ({ optimizer = 'sgd' }: ClientOptions): boolean =>
  (typeof optimizer === 'string' ? optimizer : optimizer.kind) !== 'sgd';

/** The batch, changed by less than rounding does. */
const nudged = ({ images, labels }: ClientRound['batch']): ClientRound['batch'] => ({
  labels,
  images: { ...images, data: images.data.map((x) => x * (1 - 1e-6)) },
});

/**
 * Adam divides gradients by their size: where they are nothing but rounding (the bias of keys in attention), so are
 * its moves, and two clients differ there however alike they are. What a change of the images below rounding moves is
 * left out of account, four times.
 */
const withRounding = (given: Compared, other: Compared): Compared => ({
  ...given,
  tensors: given.tensors.map((tensor, k) => ({
    ...tensor,
    agrees: tensor.agrees || apart(given.moved[k]!, other.moved[k]!) * ROUNDING >= tensor.off,
  })),
});

const ROUNDING = 4;

const apart = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));

type Tried = Neighbour & Compared & Pick<TensorCheck, 'ofUpdate' | 'agrees'>;

/** Of the neighbours that point best, so many are gone on from where none agrees. */
const BEAM = 3;

/** Clients one change away, each with the learning rate that fits; where none agrees, two from the best of them. */
async function neighbours(
  start: Omit<Neighbour, 'says'>,
  before: Model,
  after: ClientRound['after'],
  given: Compared,
): Promise<Tried[]> {
  const tried: (Tried & { readonly from: Neighbour })[] = [];
  const attempt = async (one: Neighbour): Promise<boolean> => {
    const found = await fitted(one, before, after);
    tried.push({ ...found, from: one });
    return found.agrees;
  };
  for (const one of [...slower(start, given.scale), ...still(start, before, after), ...neighboursOf(start)])
    if (await attempt(one)) return tried;
  const beam = [...tried].sort((a, b) => a.sine - b.sine).slice(0, BEAM);
  for (const {
    from: { says, model, client, batch },
  } of beam)
    for (const more of neighboursOf({ model, client, batch }))
      if (await attempt({ ...more, says: `${says} and ${more.says}` })) return tried;
  return tried;
}

/** Times that a learning rate is fitted: exact at once for one step of SGD. */
const FITS = 3;
/** Sine of the angle above which another learning rate is no explanation. */
const FAR = 0.5;

/** A client as it is, and where it does not agree with the learning rate that gives an update of the right length. */
async function fitted(one: Neighbour, before: Model, after: ClientRound['after']): Promise<Tried> {
  const measure = async (neighbour: Neighbour): Promise<Tried> => {
    const found = await measured(neighbour.model, neighbour.client, before, { after, batch: neighbour.batch });
    const { ofUpdate, agrees } = furthest(found.tensors);
    return { ...neighbour, ...found, ofUpdate, agrees };
  };
  let best = await measure(one);
  for (let n = 0, last = best; n < FITS && !best.agrees && last.sine < FAR; n++) {
    const [next] = slower(last, last.scale);
    if (!next) break;
    const says = one.says.startsWith('learning rate') ? next.says : `${one.says} and ${next.says}`;
    last = await measure({ ...next, says });
    if (!last.agrees && last.sine > best.sine) break;
    best = last;
  }
  return best;
}

/** The learning rate by which the simulated update would have the length of the real one. */
function slower({ model, client, batch }: Omit<Neighbour, 'says'>, scale: number): Neighbour[] {
  const now = client.learningRate ?? 0.003;
  const near = roundish(now * scale);
  const learningRate = near === now ? Number((now * scale).toPrecision(4)) : near;
  const differs = scale > 0 && Number.isFinite(scale) && Math.abs(scale - 1) > OF_UPDATE / 4;
  return differs ? [{ says: `learning rate ${learningRate}`, model, batch, client: { ...client, learningRate } }] : [];
}

/** A number of as few digits as are within 0.5 % of it, else of four. */
function roundish(value: number): number {
  const candidates = [1, 2, 3, 4].map((digits) => Number(value.toPrecision(digits)));
  return candidates.find((one) => Math.abs(one - value) <= 0.005 * value) ?? value;
}

/** A client that has frozen exactly what did not move. */
function still(
  { model, batch, client: { privacy, ...client } }: Omit<Neighbour, 'says'>,
  before: Model,
  after: ClientRound['after'],
): Neighbour[] {
  const unmoved = before.parameters.filter(({ data }, k) => {
    const other = after.parameters[k]!.data;
    return data.every((value, i) => value === other[i]);
  });
  if (privacy || unmoved.length === 0 || unmoved.length === before.parameters.length) return [];
  const frozen = unmoved.map(({ name }) => name);
  return [{ says: `frozen ${frozen.join(', ')}`, model, batch, client: { ...client, frozen } }];
}

/** Cosine of the weights before and after a round below which they are not those of one network in training. */
const ALIKE = 0.5;

/** Whether the weights after the round have little to do with those before: a gradient, a difference, another run. */
function isOther(before: Model, after: ClientRound['after']): boolean {
  const dots = (a: ClientRound['after'], b: ClientRound['after']): number =>
    a.parameters.reduce((sum, { data }, k) => sum + dot(data, b.parameters[k]!.data), 0);
  const size = Math.sqrt(dots(before, before) * dots(after, after));
  return size > 0 && dots(before, after) < ALIKE * size;
}

const OTHER =
  'the weights after the round are not those before it, moved: are they a gradient, a difference, or of another run? ' +
  'The whole state after the local steps is needed';

const AGREES = 'the simulated client is the real one, to float precision in every tensor';

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

const furthest = (tensors: readonly TensorCheck[]): TensorCheck =>
  tensors.reduce((a, b) => ((Number(b.agrees) - Number(a.agrees) || a.ofUpdate - b.ofUpdate) < 0 ? b : a));

interface Compared {
  readonly tensors: readonly (TensorCheck & { readonly off: number })[];
  /** What each simulated weight moved by. */
  readonly moved: readonly Float32Array[];
  /** <simulated, real> / <simulated, simulated> of the updates: the learning rate would be so many times larger. */
  readonly scale: number;
  /** Of the angle between the updates: 0 the same direction. */
  readonly sine: number;
}

async function compared(
  model: Model,
  client: ClientOptions,
  before: Model,
  { after, batch }: Omit<ClientRound, 'settings'>,
): Promise<Compared> {
  const { tensors, client: resolved } = await clientUpdate(model, batch, client);
  let [dot, square, real2] = [0, 0, 0];
  const moves = tensors.map(({ data }) => data.map((d) => d * resolved.learningRate));
  const whole = wholeOf(before.parameters, after.parameters);
  const checks = before.parameters.map((w, k) => {
    const real = after.parameters[k]!;
    const moved = moves[k]!;
    let [off, update, weights] = [0, 0, 0];
    w.data.forEach((value, i) => {
      const [is, simulated] = [value - real.data[i]!, moved[i]!];
      off += (simulated - is) ** 2;
      update += is * is;
      weights += real.data[i]! ** 2;
      dot += simulated * is;
      square += simulated * simulated;
      real2 += is * is;
    });
    return checkOf(w, Math.sqrt(off), Math.sqrt(update), Math.sqrt(weights), whole);
  });
  const cosine = dot / Math.sqrt(square * real2);
  const sine = Number.isFinite(cosine) && cosine > 0 ? Math.sqrt(Math.max(0, 1 - cosine ** 2)) : 1;
  return { tensors: checks, moved: moves, scale: square > 0 ? dot / square : Number.NaN, sine };
}

/** |after - before| of all tensors together. */
const wholeOf = (before: readonly NamedArray[], after: readonly NamedArray[]): number =>
  Math.hypot(...before.map(({ data }, k) => apart(data, after[k]!.data)));

const checkOf = ({ name }: NamedArray, off: number, update: number, weights: number, whole: number) => ({
  off,
  name,
  ofUpdate: off / Math.max(update, OF_WEIGHTS * weights, OF_WHOLE * whole, 1e-30),
  ofWeights: off / Math.max(weights, 1e-30),
  agrees: off <= OF_UPDATE * update + OF_WEIGHTS * weights + OF_WHOLE * whole,
});
